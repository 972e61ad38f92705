"""Parameter counts of the course's nets, chapters 13 to 15, as printed or recomputed there."""

import pytest

from heldout.errors import SettingError
from heldout.nets.net import Net
from heldout.nets.presets import PRESETS, course_sound_net, preset

DIGIT, CIFAR, CROP, SOUND, PICTURE = (28, 28, 1), (32, 32, 3), (28, 28, 3), (882, 1), (100, 160, 3)
POOL, HEAD = "maxpool 2, dropout 0.25", "flatten, dense 128, relu, dropout 0.5"
BASE = f"conv 32 3, relu, conv 64 3, relu, {POOL}"
DEEP = f"conv 32 3, relu, {'conv 64 3, relu, ' * 4}{POOL}, {HEAD}, dense 128, relu, dropout 0.5"
NORM = "batchnorm momentum 0.99 epsilon 0.001"


@pytest.mark.parametrize(
    ("spec", "shape", "classes", "count"),
    [
        (f"{BASE}, {HEAD}", DIGIT, 10, 1_199_882),
        ("conv 32 3, relu, conv 64 3, relu, maxpool 2, flatten, dense 128, relu", DIGIT, 10, 1_199_882),
        (f"conv 32 3, relu, conv 64 3, relu, conv 128 3, relu, {POOL}, {HEAD}", DIGIT, 10, 2_076_554),
        (f"conv 32 3, relu, conv 64 3, relu, conv 64 3, relu, {POOL}, {HEAD}", DIGIT, 10, 1_048_394),
        (f"{BASE}, conv 64 3, relu, {POOL}, {HEAD}", DIGIT, 10, 261_962),
        (f"conv 32 5, relu, conv 64 3, relu, {POOL}, {HEAD}", DIGIT, 10, 1_011_978),
        (f"{BASE}, flatten, dense 1024, relu, dropout 0.5", DIGIT, 10, 9_467_274),
        (f"conv 16 3, relu, conv 32 3, relu, {POOL}, {HEAD}", DIGIT, 10, 596_042),
        (f"{BASE}, {HEAD}, dense 128, relu, dropout 0.5", DIGIT, 10, 1_216_394),
        (f"{BASE}, flatten, dense 32, relu, dropout 0.5", DIGIT, 10, 314_090),
        (f"conv 32 3, relu, conv 64 3, relu, dropout 0.25, {HEAD}", DIGIT, 10, 4_738_826),
        (f"conv 32 3, linear, conv 64 3, linear, {POOL}, {HEAD}", DIGIT, 10, 1_199_882),
        (f"conv 32 3, relu, {POOL}, {HEAD}", DIGIT, 10, 693_962),
        (f"conv 32 5, relu, conv 64 3, relu, {POOL}, conv 64 3, relu, {POOL}, {HEAD}", DIGIT, 10, 188_746),
        (f"conv 32 5, relu, {POOL}, {HEAD}", DIGIT, 10, 592_074),
        (f"{BASE}, conv 128 12, relu, dropout 0.5, flatten", DIGIT, 10, 1_199_882),
        (f"{BASE}, {HEAD}", CIFAR, 10, 1_626_442),
        (DEEP, CIFAR, 10, 1_139_338),
        (f"{BASE}, {HEAD}", CIFAR, 2, 1_625_410),
        (DEEP, CROP, 4, 810_884),
        (f"{BASE}, {HEAD}", CROP, 2, 1_199_426),
        (DEEP, CROP, 2, 810_626),
        ("dense 1024, relu, dropout 0.5, dense 512, relu, dropout 0.5, flatten", SOUND, 10, 5_042_698),
        ("dense 1024, relu, dropout 0.5, dense 512, relu, dropout 0.5", (882,), 10, 1_434_122),
        (f"{BASE}, conv 64 3, relu, {POOL}, {HEAD}", PICTURE, 10, 7_217_546),
        (f"conv 32 7, relu, conv 64 3, relu, {POOL}, conv 64 3, relu, {POOL}, {HEAD}", PICTURE, 10, 6_729_866),
        (
            "conv 32 3 init he, relu, conv 64 3 init he, relu, maxpool 2, dropout 0.25, conv 64 3 init he, relu, "
            "maxpool 2, dropout 0.25, flatten, dense 128 init he l2 0.001, relu, dropout 0.5",
            PICTURE,
            10,
            7_217_546,
        ),
        (
            f"conv 32 3, relu, {NORM}, conv 64 3, relu, {NORM}, maxpool 2, conv 64 3, relu, {NORM}, maxpool 2, "
            f"flatten, dense 128, relu, {NORM}",
            PICTURE,
            10,
            7_218_698,
        ),
    ],
)
def test_the_net_has_the_printed_number_of_parameters(spec, shape, classes, count):
    assert Net(spec).count(shape, classes) == count


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("shallow", (4806282, 4789962, 4790026, 4773706, 4757386, 4757450, 4741130, 4643402)),
        ("medium", (9592586, 9559882, 9527178, 9527242, 9494538, 9461834, 9461898, 9265866)),
        ("deep0", (3194762, 3162058, 3162122, 3162186, 3162250, 3129546, 3129610, 3064650)),
        ("deep1", (1056778, 1056842, 1056906, 1056970, 1057034, 1057098, 1057162, 1024970)),
        ("deep2", (360586, 360650, 360714, 360778, 360842, 360906, 360970, 361546)),
    ],
)
def test_the_sound_nets_have_the_printed_numbers_for_every_first_kernel(name, counts):
    kernels = (3, 5, 7, 9, 11, 13, 15, 33)
    assert tuple(Net(course_sound_net(name, k)).count(SOUND, 10) for k in kernels) == counts


def test_running_statistics_count_but_are_not_trained():
    spec = (
        f"conv 32 3, relu, {NORM}, conv 64 3, relu, {NORM}, maxpool 2, conv 64 3, relu, {NORM}, maxpool 2, "
        f"flatten, dense 128, relu, {NORM}"
    )
    assert Net(spec).count_trained(PICTURE, 10) == 7_218_122


def test_replacing_the_head_for_two_classes_adds_258_parameters():
    head = [p for p in Net(f"{BASE}, {HEAD}").parameters(CROP, 2) if p.name.startswith("output")]
    assert sum(p.size for p in head) == 258


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_fits_the_data_it_is_meant_for(name):
    if "sound" in name:
        shape = (882,) if name.startswith("dense") else SOUND
    else:
        shape = {"dense": (784,), "spectrogram": PICTURE}.get(name, CIFAR)
    assert preset(name).count(shape, 10) > 1000


def test_the_resnets_have_about_the_published_size():
    # torchvision's resnet18 has 11.69 M with a 7x7 stem and 1000 classes; the 3x3 form for CIFAR-10 11.17 M
    assert preset("resnet18").count(CIFAR, 10) == pytest.approx(11.18e6, rel=0.01)
    assert preset("resnet34").count(CIFAR, 10) == pytest.approx(21.29e6, rel=0.01)


def test_an_unknown_preset_is_refused_with_the_nearest():
    with pytest.raises(SettingError, match="did you mean 'resnet18'"):
        preset("resnet-18")
