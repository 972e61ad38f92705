"""Histogram gradient boosting in a bundle; numeric features only (categories come as indicators)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from heldout.deploy.kinds.trees import proper_children
from heldout.deploy.nodes import FLOATS, Kind, Node, Parts, class_numbers, features_of, must
from heldout.deploy.private import boosted_trees
from heldout.deploy.rows import Features
from heldout.deploy.trees import Trees, votes_in_order
from heldout.models.calibrated import softmax_by_columns

_FIELDS = {
    "value": "float64",
    "count": "uint32",
    "feature_idx": "int32",
    "num_threshold": "float64",
    "missing_go_to_left": "uint8",
    "left": "uint32",
    "right": "uint32",
    "gain": "float64",
    "depth": "uint32",
    "is_leaf": "uint8",
    "bin_threshold": "uint8",
}
_MAY_BE_INFINITE = ("num_threshold", "gain")


@dataclass(frozen=True)
class Boosted:
    """Scores that begin at a baseline, and to which every tree adds the value of the leaf that a row ends in.

    Attributes
    ----------
    trees : Trees
        For two classes one a round, else one for each class.
    values : float64 array, shape (n_all_nodes,)
    baseline : array, shape (n_trees_a_round,)
    """

    classes_: np.ndarray
    features: Features
    trees: Trees
    values: np.ndarray
    baseline: np.ndarray

    def scores(self, x: Any) -> np.ndarray:
        """Logarithms of odds, or of shares up to a constant, shape (n_trees_a_round, n_rows)."""
        rows = self.features.rows(x, missing=True, infinite=True)
        n_scores = len(self.baseline)
        scores = np.repeat(self.baseline[:, np.newaxis], len(rows), axis=1)
        for some, _, leaves in self.trees.leaves(rows, together=n_scores):
            values = self.values.take(leaves).reshape(-1, n_scores, leaves.shape[1])
            scores[:, some] = votes_in_order(scores[:, some], values)
        return scores

    def predict_proba(self, x: Any) -> np.ndarray:
        """Probabilities, shape (n_rows, n_classes)."""
        scores = self.scores(x)
        if len(scores) > 1:
            return softmax_by_columns(np.ascontiguousarray(scores.T))
        second = expit(scores[0])
        return np.column_stack([1 - second, second])


def _write(model: Any) -> Parts:
    trees, baseline, has_categories = boosted_trees(model)
    fix = "turn categories into indicators first (heldout.prepare.tables.table_preparation)"
    must(model, not has_categories, "categorical features", fix)
    must(model, isinstance(model.loss, str), "a loss of its own", "use loss='log_loss'")
    arrays = {
        name: np.concatenate([np.ascontiguousarray(nodes[name]) for nodes in trees]).astype(dtype)
        for name, dtype in _FIELDS.items()
    }
    arrays["n_nodes"] = np.array([len(nodes) for nodes in trees], dtype=np.int64)
    arrays["baseline"] = baseline
    return Parts(features_of(model), arrays | {"classes": class_numbers(model)})


def _read(node: Node) -> Boosted:
    features = node.features()
    classes = node.classes()
    node.check(len(classes) >= 2, "at least two classes are needed")
    n_scores = 1 if len(classes) == 2 else len(classes)
    baseline = node.array("baseline", FLOATS, (1, n_scores))[0].astype(np.float64)
    n_nodes = node.array("n_nodes", "int64", (None,), low=1, high=2**31 - 1)
    node.check(len(n_nodes) % n_scores == 0, f"the number of trees is no multiple of {n_scores}")
    total = sum(int(count) for count in n_nodes)
    fields = {
        name: node.array(name, dtype, (total,), finite=name not in _MAY_BE_INFINITE) for name, dtype in _FIELDS.items()
    }
    node.check(not np.isnan(fields["num_threshold"]).any(), "num_threshold is not a number")
    for name in ("missing_go_to_left", "is_leaf"):
        node.check(bool((fields[name] <= 1).all()), f"{name} is neither 0 nor 1")
    feature = fields["feature_idx"].astype(np.int64)
    node.check(bool(((feature >= 0) & (feature < features.n)).all()), f"a feature is not one of {features.n}")
    is_leaf = fields["is_leaf"] == 1
    left, right = (fields[name].astype(np.int64) for name in ("left", "right"))
    left, right = proper_children(node, n_nodes, left, right, is_leaf)
    missing_left = fields["missing_go_to_left"] == 1
    trees = Trees(n_nodes, left, right, feature, fields["num_threshold"], missing_left, features.n)
    return Boosted(classes, features, trees, fields["value"], baseline)


KINDS = (Kind("hist-gradient-boosting", "sklearn.ensemble.HistGradientBoostingClassifier", _write, _read),)
