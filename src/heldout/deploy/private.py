"""What only scikit-learn's private attributes say, for writing; reading a bundle needs none of them.

Each function says so where a version of scikit-learn keeps it elsewhere. `tests/deploy/test_private_state.py` names the
versions that were checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from heldout.errors import SettingError

Found = TypeVar("Found")
CHECKED = ">=1.8,<1.10"
"""Versions of scikit-learn whose fitted models were written and read in tests."""


def _look(model: Any, find: Callable[[], Found]) -> Found:
    try:
        return find()
    except (AttributeError, ValueError, KeyError, TypeError) as error:
        import sklearn

        raise SettingError(
            f"scikit-learn {sklearn.__version__} keeps a fitted {type(model).__name__} in another way: {error}",
            fix=f"pip install 'scikit-learn{CHECKED}', and fit the model again",
        ) from error


def training_rows(model: Any) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a fitted KNeighborsClassifier, and the position of each row's class in `classes_`."""
    return _look(model, lambda: (np.asarray(model._fit_X), np.asarray(model._y, dtype=np.int64)))


def kernel_width(model: Any) -> float:
    """The gamma of a fitted SVC, where ``"scale"`` and ``"auto"`` became a number, too."""
    return _look(model, lambda: float(model._gamma)) if isinstance(model.gamma, str) else float(model.gamma)


def boosted_trees(model: Any) -> tuple[list[np.ndarray], np.ndarray, bool]:
    """Trees of a fitted HistGradientBoostingClassifier, iteration by iteration, as structured arrays of nodes.

    Returns
    -------
    trees, baseline, has_categories
    """

    def find() -> tuple[list[np.ndarray], np.ndarray, bool]:
        trees = [tree.nodes for iteration in model._predictors for tree in iteration]
        return trees, np.asarray(model._baseline_prediction), model._preprocessor is not None

    return _look(model, find)


def passes_tables(step: Any) -> bool:
    """Whether a step was told by ``set_output`` to give something else than arrays."""
    return bool(getattr(step, "_sklearn_output_config", {}).get("transform", "default") != "default")
