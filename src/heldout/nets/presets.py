"""Nets by name: those of the course, well-known ones, and good first choices for data of a given size."""

from __future__ import annotations

from typing import Any

from heldout.errors import SettingError
from heldout.nets.layers.base import Shape
from heldout.nets.net import Net

_COURSE_HEAD = "flatten, dense 128, relu, dropout 0.5"

#: The course's nets for its data: digits 28x28x1 (ch13), CIFAR-10 32x32x3 (ch14), sounds 882x1 and 100x160x3 (ch15).
COURSE: dict[str, str] = {
    "baseline": f"conv 32 3, relu, conv 64 3, relu, maxpool 2, dropout 0.25, {_COURSE_HEAD}",
    "shallow": f"conv 32 3, relu, conv 64 3, relu, maxpool 2, dropout 0.25, {_COURSE_HEAD}",
    "deep": "conv 32 3, relu, "
    + "conv 64 3, relu, " * 4
    + f"maxpool 2, dropout 0.25, {_COURSE_HEAD}, dense 128, relu, dropout 0.5",
    "spectrogram": "conv 32 3, relu, conv 64 3, relu, maxpool 2, dropout 0.25, conv 64 3, relu, maxpool 2, "
    + f"dropout 0.25, {_COURSE_HEAD}",
    "dense": "dense 100, relu, dense 50, relu",
    "dense-sound": "dense 1024, relu, dropout 0.5, dense 512, relu, dropout 0.5",
}


def course_sound_net(name: str, kernel: int = 3) -> str:
    """The course's 1-D net ``shallow``, ``medium``, ``deep0``, ``deep1`` or ``deep2``, with this first kernel."""
    depth = {"shallow": 0, "medium": 1, "deep0": 2, "deep1": 3, "deep2": 4}
    if name not in depth:
        raise SettingError(f"no sound net {name!r}", fix=f"one of {', '.join(depth)}")
    pair, rest = "conv 64 3, relu, conv 64 3, relu, ", "maxpool 3, dropout 0.25, "
    blocks = depth[name]
    text = f"conv 32 {kernel}, relu, " + (pair if blocks else "") + rest
    return text + (pair + rest) * max(0, blocks - 1) + "flatten, dense 512, relu, dropout 0.5"


def resnet(depth: int) -> str:
    """A ResNet of basic blocks for small images (He et al. 2015): depth 8 (three stages of one block), 18 or 34.

    The first convolution is 3x3 without pooling, as is usual for images of about 32x32.
    """
    stages = {8: (1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
    if depth not in stages:
        raise SettingError(f"resnet of depth {depth}", fix="8, 18 or 34")
    width = 16 if depth == 8 else 64
    layers = [f"conv {width} 3 same, batchnorm, relu"]
    for stage, n_blocks in enumerate(stages[depth]):
        for block in range(n_blocks):
            stride = " stride 2" if stage and not block else ""
            filters = width * 2**stage
            body = f"conv {filters} 3{stride} same, batchnorm, relu, conv {filters} 3 same, batchnorm"
            layers.append(f"residual({body}), relu")
    return ", ".join([*layers, "globalpool"])


def vgg11() -> str:
    """VGG-11 with batch norm for small images (Simonyan and Zisserman 2014; one dense layer instead of three)."""
    parts = []
    for word in (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"):
        parts.append("maxpool 2" if word == "M" else f"conv {word} 3 same, batchnorm, relu")
    return ", ".join(parts) + ", flatten, dropout 0.5"


def fast_cnn(width: int = 64) -> str:
    """A fast net for 32x32 colour images, in the manner of the CIFAR-10 speed records.

    A 2x2 first convolution, then three stages of convolution, pooling before the norm, and a second convolution
    (after Jordan 2024, '94% on CIFAR-10 in 3.29 seconds').
    """

    def stage(filters: int) -> str:
        norm = "batchnorm momentum 0.6, gelu"
        return f"conv {filters} 3 same, maxpool 2, {norm}, conv {filters} 3 same, {norm}"

    return f"conv 24 2, gelu, {stage(width)}, {stage(4 * width)}, {stage(4 * width)}, globalpool max"


PRESETS: dict[str, str] = {
    **COURSE,
    **{f"sound-{name}": course_sound_net(name) for name in ("shallow", "medium", "deep0", "deep1", "deep2")},
    **{f"resnet{depth}": resnet(depth) for depth in (8, 18, 34)},
    "vgg11": vgg11(),
    "fast": fast_cnn(),
}


def preset(name: str) -> Net:
    """Net of this name.

    Raises
    ------
    SettingError
        For an unknown name, with the nearest known.
    """
    if name not in PRESETS:
        from difflib import get_close_matches

        near = get_close_matches(name, PRESETS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingError(f"no preset {name!r}{hint}", fix=f"one of {', '.join(PRESETS)}")
    return Net(PRESETS[name])


def table_mlp(n_features: int, n_classes: int, n_rows: int) -> dict[str, Any]:
    """Settings of `NetClassifier` for a scaled table of this size: a function of the sizes only.

    One hidden layer for small tables, two for larger ones; about 1,500 steps, so that small tables are seen often.
    """
    batch = 32 if n_rows < 2_000 else 128 if n_rows < 50_000 else 512
    steps_per_epoch = max(1, -(-n_rows // batch))
    wide = 64 if n_rows < 5_000 else 128
    net = (
        f"dense {wide}, relu, dropout 0.2" if n_rows < 1_000 else f"dense {wide}, relu, dropout 0.1, dense {wide}, relu"
    )
    return {
        "net": net,
        "optimizer": "adamw",
        "lr": 0.003,
        "weight_decay": 0.05,
        "schedule": "one-cycle",
        "batch": batch,
        "epochs": int(min(80, max(8, round(1_500 / steps_per_epoch)))),
        "initializer": "he",
    }


def small_cnn(shape: Shape, n_classes: int, n_rows: int) -> dict[str, Any]:
    """Settings of `NetClassifier` for images (height, width, channels) of this size: a function of the sizes only.

    Blocks of convolution, pooling, norm and ReLU (pooling first, which saves most of the work of the others) until a
    side has at most 8 positions, one dense layer, and few epochs of a one-cycle schedule (Smith and Topin 2018).
    """
    side = min(shape[0], shape[1])
    parts: list[str] = []
    filters = 16
    if side >= 48:
        parts.append(f"conv {filters} 5 stride 2 same, batchnorm, relu")
        side = -(-side // 2)
        filters = 32
    elif side >= 20:
        parts.append(f"conv {filters} 5 same, maxpool 2, batchnorm, relu")
        side //= 2
        filters = 32
    else:
        parts.append(f"conv {filters} 3 same, batchnorm, relu")
        filters = 32
    while side >= 8 or len(parts) < 2:
        pooling = "maxpool 2, " if side >= 4 else ""
        parts.append(f"conv {filters} 3 same, {pooling}batchnorm, relu")
        side = side // 2 if pooling else side
        filters = min(64, 2 * filters)
    batch = 32 if n_rows < 1_000 else 64 if n_rows < 20_000 else 128
    return {
        "net": ", ".join(parts) + ", flatten, dropout 0.3, dense 64, relu",
        "optimizer": "adam",
        "lr": 0.01,
        "schedule": "one-cycle",
        "batch": batch,
        "epochs": 30 if n_rows < 500 else 15 if n_rows < 4_000 else 6 if n_rows < 30_000 else 4,
        "label_smoothing": 0.05,
        "standardize": True,
    }
