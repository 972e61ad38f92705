"""What every kind of data answers, and what loading asks of them."""

import inspect

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import heldout as ho
from heldout.data.dataset import Dataset
from heldout.data.groups import join_groups, join_pairs, number_groups
from heldout.errors import DataError, SettingError
from heldout.kinds.registry import KINDS, kind_named, kind_of

RATE = 4000


def table():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.random(20), "b": random.choice(["x", "y"], 20), "label": ["no", "yes"] * 10})
    return ho.load(frame, target="label")


def images():
    x = np.random.default_rng(0).integers(0, 256, (20, 7, 5, 3), dtype=np.uint8)
    input = {"kind": "images", "height": 7, "width": 5, "channels": 3, "rule": "keep"}
    return Dataset("toy", "images", x, np.arange(20) % 2, ("no", "yes"), np.arange(20).astype(str), input=input)


def sounds():
    x = np.random.default_rng(0).integers(-9999, 9999, (20, RATE, 1)).astype(np.int16)
    input = {"kind": "sounds", "rate": RATE, "length": RATE, "channels": 1}
    return Dataset("toy", "sounds", x, np.arange(20) % 2, ("no", "yes"), np.arange(20).astype(str), input=input)


DATA = {"table": table, "images": images, "sounds": sounds}


def test_every_kind_is_tried_here():
    assert set(DATA) == set(KINDS)


@pytest.mark.parametrize("name", DATA)
def test_a_kind_knows_the_form_of_a_row(name):
    data, kind = DATA[name](), kind_named(name)
    assert kind_of(data) is kind
    assert kind.row_shape(data.input) == data.x.shape[1:]
    assert kind.row_bytes(data.input) > 0
    assert kind.has_columns == hasattr(data.x, "columns")
    described = kind.described(data, np.arange(5))
    assert described.shape[0] == 5
    assert np.isfinite(described).all()
    assert kind.measured(data).shape == (20, len(kind.measures))


@pytest.mark.parametrize(("name", "seen"), [("table", "row"), ("images", "picture"), ("sounds", "sound")])
def test_a_row_can_be_shown(name, seen):
    shown = kind_named(name).sample(DATA[name](), 3)
    assert len(getattr(shown, seen)) > 0


@pytest.mark.parametrize("name", DATA)
def test_a_row_is_known_again_whatever_its_label_and_place(name):
    data, kind = DATA[name](), kind_named(name)
    before = kind.content_digests(data)
    order = np.random.default_rng(1).permutation(20)
    turned = Dataset(**{**vars(data.take(order)), "y": np.zeros(20, int)})
    assert np.array_equal(kind.content_digests(turned), before[order])


def test_the_last_digits_of_a_number_do_not_make_a_row_new():
    data = table()
    near = Dataset(**{**vars(data), "x": data.x.assign(a=data.x["a"] * (1 + 1e-9))})
    far = Dataset(**{**vars(data), "x": data.x.assign(a=data.x["a"] * 1.01)})
    kind = kind_of(data)
    same = [np.mean(kind.content_digests(other) == kind.content_digests(data)) for other in (near, far)]
    assert same[0] > 0.9
    assert same[1] == 0


def test_an_unknown_kind_is_refused():
    with pytest.raises(DataError, match=r"Unknown kind of data 'films'"):
        kind_named("films")


def test_a_setting_of_another_kind_is_refused(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / label / "1.png")
    with pytest.raises(SettingError, match=r"sample_rate is for sounds; these are images"):
        ho.load(tmp_path, sample_rate=8000)
    with pytest.raises(SettingError, match=r"sample_rate and clip_seconds are for sounds"):
        ho.load(tmp_path, sample_rate=8000, clip_seconds=1)


def test_load_names_its_settings_and_refuses_others():
    parameters = inspect.signature(ho.load).parameters
    assert {"data", "target", "group", "image_size", "progress", "fold"} <= parameters.keys()
    with pytest.raises(TypeError, match=r"no setting 'targt'; did you mean 'target'\?"):
        ho.load("iris", targt="species")


def test_groups_are_joined_where_either_grouping_joins_them():
    assert number_groups(np.array([9, 3, 9])).tolist() == [0, 1, 0]
    joined = join_groups(np.array([0, 0, 1, 2]), None, np.array(["a", "b", "b", "c"]))
    assert joined.tolist() == [0, 0, 0, 1]
    assert join_groups(None, None) is None
    paired = join_pairs(np.arange(5), np.array([0, 3]), np.array([4, 1]))
    assert number_groups(paired).tolist() == [0, 1, 2, 1, 0]
