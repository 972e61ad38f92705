"""scikit-learn's decision trees without the checks around each: for many small trees, the checks are most of the time.

The trees are grown by scikit-learn's own compiled builder from the same draws, and are the same, node for node.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.errors import TrainingError


def grow_tree(
    x: np.ndarray,
    y: np.ndarray,
    n_classes: int,
    *,
    max_features: int,
    random: np.random.RandomState,
    weights: np.ndarray | None = None,
) -> Any:
    """Grow one tree to pure leaves by Gini impurity, as `DecisionTreeClassifier` does by default.

    Parameters
    ----------
    x : float32 array, C order, shape (n_rows, n_features)
        Finite.
    y : float64 array, shape (n_rows, 1)
        Class numbers.
    max_features : int
        Features that each split chooses from.
    random : numpy.random.RandomState
        scikit-learn's kind of generator.
    weights : float64 array, shape (n_rows,), optional

    Returns
    -------
    sklearn.tree._tree.Tree

    Raises
    ------
    TrainingError
        If this scikit-learn builds its trees in another way.
    """
    from sklearn.tree import _criterion, _splitter, _tree

    counts = np.array([n_classes], dtype=np.intp)
    try:
        criterion = _criterion.Gini(1, counts)
        splitter = _splitter.BestSplitter(criterion, max_features, 1, 0.0, random, None)
        tree = _tree.Tree(x.shape[1], counts, 1)
        _tree.DepthFirstTreeBuilder(splitter, 2, 1, 0.0, np.iinfo(np.int32).max, 0.0).build(tree, x, y, weights)
    except (TypeError, AttributeError) as error:
        raise TrainingError(
            f"this version of scikit-learn grows its trees in another way: {error}",
            fix="pip install 'scikit-learn>=1.8,<1.10'",
        ) from error
    return tree


def predict_tree(
    x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, *, random: np.random.RandomState
) -> np.ndarray:
    """Grow a tree on some rows and predict others; all features at every split."""
    return predict_forest(x, y, train, test, n_trees=1, random=random, bootstrap=False)


def predict_forest(
    x: np.ndarray,
    y: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    *,
    n_trees: int,
    random: np.random.RandomState,
    bootstrap: bool = True,
) -> np.ndarray:
    """Grow a random forest on some rows and predict others: mean probability of the trees (Breiman 2001).

    Parameters
    ----------
    x : array, shape (n_rows, n_features)
    y : int array, shape (n_rows,)
        Class numbers from 0.
    train, test : int arrays
        Positions.
    n_trees : int
    random : numpy.random.RandomState
    bootstrap : bool
        Each tree sees as many rows drawn with replacement, and each split the square root of the number of features;
        else all rows and all features.

    Returns
    -------
    int array, shape (n_test,)
    """
    fitted = np.ascontiguousarray(x[train], dtype=np.float32)
    asked = np.ascontiguousarray(x[test], dtype=np.float32)
    labels = np.ascontiguousarray(y[train][:, None], dtype=np.float64)
    n, d = fitted.shape
    n_classes = int(y.max()) + 1
    max_features = max(1, int(np.sqrt(d))) if bootstrap else d
    total = np.zeros((len(test), n_classes))
    for _ in range(n_trees):
        weights = np.bincount(random.randint(0, n, n), minlength=n).astype(np.float64) if bootstrap else None
        tree = grow_tree(fitted, labels, n_classes, max_features=max_features, random=random, weights=weights)
        total += tree.predict(asked)[:, :n_classes]
    return np.asarray(total.argmax(1))
