"""Mixtures of two samples with the labels that follow: mixup and CutMix on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.augment.images import box, checked
from heldout.errors import LabelError, SettingError

_BLOCK_VALUES = 2**18


@dataclass(frozen=True)
class Mixed:
    """Mixtures, and what each was made of.

    Attributes
    ----------
    x : array of the shape and type of the originals
    labels : float64 array, shape (n_rows, n_classes)
        Share of each class in each mixture; rows sum to 1.
    source, partner : int64 arrays, shape (n_rows,)
    share : float64 array, shape (n_rows,)
        Of the source in the mixture.
    """

    x: np.ndarray
    labels: np.ndarray
    source: np.ndarray
    partner: np.ndarray
    share: np.ndarray


def mixup(x: np.ndarray, y: np.ndarray, *, n_classes: int | None = None, alpha: float = 0.2, seed: int = 0) -> Mixed:
    """Mix each sample with another one, with a share drawn from Beta(alpha, alpha).

    Parameters
    ----------
    x : array, shape (n_rows, ...)
        Features, images or sounds; whole numbers stay whole numbers (rounded, held within their type).
    y : int array, shape (n_rows,)
        Class numbers.
    n_classes : int, optional
        Default: the largest number in `y` plus one.
    alpha : float, default=0.2
    seed : int, default=0

    References
    ----------
    Zhang et al. 2018, doi:10.48550/arXiv.1710.09412
    """
    y, n_classes, random = _start(x, y, n_classes, alpha, seed)
    partner = random.permutation(len(x))
    share = random.beta(alpha, alpha, len(x))
    return Mixed(blend(x, x[partner], share), _soft(y, partner, share, n_classes), np.arange(len(x)), partner, share)


def cutmix(
    images: np.ndarray, y: np.ndarray, *, n_classes: int | None = None, alpha: float = 1.0, seed: int = 0
) -> Mixed:
    """Put a rectangle of another image into each; the labels follow the areas.

    Parameters
    ----------
    images : uint8 array, shape (n_images, height, width, channels)
    y : int array, shape (n_images,)
    n_classes : int, optional
    alpha : float, default=1.0
        The share that stays is drawn from Beta(alpha, alpha); the label's is the exact share of the pixels.
    seed : int, default=0

    References
    ----------
    Yun et al. 2019, doi:10.48550/arXiv.1905.04899
    """
    y, n_classes, random = _start(checked(images), y, n_classes, alpha, seed)
    n, height, width, _ = images.shape
    partner = random.permutation(n)
    side = np.sqrt(1 - random.beta(alpha, alpha, n))
    tall, wide = (np.round(side * length).astype(np.int64) for length in (height, width))
    top, left = random.integers(0, height, n) - tall // 2, random.integers(0, width, n) - wide // 2
    inside = box((height, width), top, left, tall, wide)
    share = 1 - inside.mean(axis=(1, 2))
    mixed = np.where(inside[..., None], images[partner], images)
    return Mixed(mixed, _soft(y, partner, share, n_classes), np.arange(n), partner, share)


def blend(x: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """``share * x + (1 - share) * other``, one share for each row, in the type of `x` (whole numbers rounded)."""
    made = np.empty(x.shape, x.dtype)
    work = np.float64 if x.dtype == np.float64 else np.float32
    weight: Any = np.asarray(share, work).reshape(-1, *(1,) * (x.ndim - 1))
    step = max(1, _BLOCK_VALUES // max(1, x[0].size if len(x) else 1))
    for start in range(0, len(x), step):
        part = slice(start, start + step)
        values: Any = other[part].astype(work)
        values += weight[part] * (x[part].astype(work) - values)
        if x.dtype.kind in "iu":
            np.rint(values, out=values)
        made[part] = values
    return made


def _start(
    x: np.ndarray, y: np.ndarray, n_classes: int | None, alpha: float, seed: int
) -> tuple[np.ndarray, int, np.random.Generator]:
    y = np.asarray(y)
    if y.shape != (len(x),) or y.dtype.kind not in "iu" or (len(y) and y.min() < 0):
        raise LabelError(f"labels of shape {y.shape} and type {y.dtype} for {len(x)} rows", fix="one class number each")
    least = int(y.max(initial=0)) + 1
    if n_classes is not None and n_classes < least:
        raise LabelError(f"label {least - 1} with n_classes={n_classes}", fix=f"n_classes={least} or more")
    if not (np.isfinite(alpha) and alpha > 0):
        raise SettingError(f"alpha is {alpha}", fix="a number above 0")
    return y, n_classes or least, np.random.default_rng(seed)


def _soft(y: np.ndarray, partner: np.ndarray, share: np.ndarray, n_classes: int) -> np.ndarray:
    labels = np.zeros((len(y), n_classes))
    rows = np.arange(len(y))
    np.add.at(labels, (rows, y), share)
    np.add.at(labels, (rows, y[partner]), 1 - share)
    return labels
