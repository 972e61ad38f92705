"""The course's made-up table of 15 rows, 5 features and 3 classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.procedures import procedure

X = np.array(
    [
        [6998, 0.1361, 0.3408, 0.00007350, 78596048],
        [6580, 0.4908, 3.0150, 0.00004484, 38462706],
        [7563, 0.9349, 4.3465, 0.00001003, 6700340],
        [8355, 0.6529, 2.1271, 0.00002966, 51430391],
        [2393, 0.4605, 2.7561, 0.00003395, 27284192],
        [9498, 0.0244, 2.7887, 0.00008880, 78543394],
        [4030, 0.6467, 4.8231, 0.00000403, 19101443],
        [5275, 0.3560, 0.0705, 0.00000899, 96029352],
        [8094, 0.7979, 3.9897, 0.00006691, 7307156],
        [843, 0.7892, 0.9804, 0.00005798, 10179751],
        [1221, 0.9564, 2.3944, 0.00007815, 14241835],
        [5879, 0.0329, 2.0085, 0.00009564, 34243070],
        [923, 0.4159, 1.7821, 0.00002467, 52404615],
        [5882, 0.0002, 1.5362, 0.00005066, 18728752],
        [1796, 0.7247, 2.3190, 0.00001332, 96703562],
    ]
)
Y = np.array([0, 1, 2, 0, 0, 2, 2, 0, 1, 1, 0, 2, 1, 2, 1])
NAMES = ("x0", "x1", "x2", "x3", "x4")
MISSING = {1: (0, 2), 2: (3,), 5: (1,), 6: (4,), 9: (0, 1, 3), 12: (1, 2, 4)}
"""Features that lack a value, by row."""
N_TRAIN = 12
"""Rows that stand for the training part where something is fitted on it: the first twelve."""


def with_holes() -> np.ndarray:
    """The table with NaN where values are missing."""
    x = X.copy()
    for row, features in MISSING.items():
        x[row, list(features)] = np.nan
    return x


def place_of(feature: str) -> int:
    """Column of a feature's name."""
    if feature not in NAMES:
        raise SettingError(f"Unknown feature {feature!r}", fix=", ".join(NAMES))
    return NAMES.index(feature)


def standardized(ddof: int, fitted_on: str) -> np.ndarray:
    """All rows less the mean and over the deviation of all rows, or of the training rows."""
    basis = X if fitted_on == "all" else X[:N_TRAIN]
    return (X - basis.mean(axis=0)) / basis.std(axis=0, ddof=ddof)


@procedure("toy-row")
def toy_row(sample: int, holes: bool = False) -> dict[str, Any]:
    """A row of the table; with holes, which of its values are missing."""
    x = with_holes() if holes else X
    lost = [name for name, value in zip(NAMES, x[sample], strict=True) if np.isnan(value)]
    return {
        **dict(zip(NAMES, x[sample], strict=True)),
        "label": Y[sample],
        "share_of_class": float(np.mean(Y[sample] == Y)),
        "missing": ", ".join(lost) or "none",
        "n_missing": len(lost),
    }


@procedure("toy-standardized")
def toy_standardized(sample: int, ddof: int = 0, fitted_on: str = "all", digits: str = "cut") -> dict[str, Any]:
    """A standardized row to four decimals, cut off or rounded; how far means and deviations are from 0 and 1.

    Parameters
    ----------
    ddof : int
        The deviation has the divisor n - ddof.
    fitted_on : 'all' or 'train'
    digits : 'cut' or 'round'
    """
    z = standardized(ddof, fitted_on)
    four = np.trunc(z[sample] * 1e4) / 1e4 if digits == "cut" else np.round(z[sample], 4)
    return {
        **dict(zip(NAMES, four, strict=True)),
        "mean_after": float(np.abs(z.mean(axis=0)).max()),
        "std_off_1": float(np.abs(z.std(axis=0, ddof=ddof) - 1).max()),
    }


@procedure("toy-feature")
def toy_feature(feature: str, scale: str = "none", ddof: int = 0, whiskers: str = "values") -> dict[str, Any]:
    """Statistics of a feature, and all that its box plot shows.

    Parameters
    ----------
    scale : 'none' or 'standardize'
        On all rows, divisor n.
    ddof : int
        Divisor n - ddof of the deviation and the standard error.
    whiskers : 'values' or 'fences'
        Whether whiskers end at the last value within the fences, or at the fences themselves.
    """
    from scipy.special import stdtrit

    from heldout_course.procedures.boxes import box_of

    column = (standardized(0, "all") if scale == "standardize" else X)[:, place_of(feature)]
    centred = column - column.mean()
    deviation = float(column.std(ddof=ddof))
    found = box_of(feature, column)
    found |= {"low_inside": found["low_whisker"], "high_inside": found["high_whisker"]}
    if whiskers == "fences":
        found |= {"low_whisker": found["low_fence"], "high_whisker": found["high_fence"]}
    return found | {
        "std": deviation,
        "se": deviation / np.sqrt(len(column)),
        "half_interval": float(stdtrit(len(column) - 1, 0.975)) * found["standard_error"],
        "mean_after": float(np.abs(centred.mean())),
        "std_after": float(centred.std(ddof=ddof)),
    }


@procedure("toy-fill")
def toy_fill(feature: str, fitted_on: str = "all") -> dict[str, Any]:
    """What fills the holes of a feature: mean or median of the values that are there."""
    column = with_holes()[:, place_of(feature)]
    column = column if fitted_on == "all" else column[:N_TRAIN]
    return {
        "missing": int(np.isnan(column).sum()),
        "mean": float(np.nanmean(column)),
        "median": float(np.nanmedian(column)),
    }
