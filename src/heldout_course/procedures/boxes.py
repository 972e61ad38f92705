"""Box plots of the features of named tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.procedures import procedure


def box_of(name: str, values: np.ndarray) -> dict[str, Any]:
    """What `heldout.look.columns.summarise_numbers` says of a feature, and its range and interquartile range."""
    from heldout.look.columns import summarise_numbers

    box = asdict(summarise_numbers(name, np.asarray(values, np.float64)))
    return box | {"range": box["maximum"] - box["minimum"], "iqr": box["q3"] - box["q1"]}


@procedure("feature-box")
def feature_box(name: str, feature: int, scale: str = "none", train_share: float = 1.0) -> dict[str, Any]:
    """Box plot of a feature of iris (the UCI file) or breast cancer, and a test whether it is normal.

    Parameters
    ----------
    feature : int
        From 1.
    scale : 'none' or 'standardize'
        By mean and deviation (divisor n) of the first `train_share` of the shuffled rows.
    """
    from scipy.stats import normaltest

    from heldout_course.procedures.facts import table_of

    x, _, names = table_of(name)
    if not 1 <= feature <= x.shape[1]:
        raise SettingError(f"feature is {feature}", fix=f"1 to {x.shape[1]}")
    column = x[:, feature - 1]
    if scale == "standardize":
        order = np.random.default_rng([0, 5]).permutation(len(column))
        basis = column[order[: round(train_share * len(column))]]
        column = (column - basis.mean()) / basis.std()
    found = box_of(names[feature - 1], column)
    return found | {
        "feature_name": names[feature - 1],
        "share_outside": found["n_outliers"] / len(column),
        "normal_p": float(normaltest(column).pvalue),
    }
