"""Decision trees and forests in a bundle.

All trees of a forest stand one after another in the same arrays. Every child must lie inside its tree and behind its
parent, and have no other parent (so that no way is endless), and every feature must exist, before anything is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.deploy.nodes import Kind, Node, Parts, class_numbers, features_of, must
from heldout.deploy.rows import Features
from heldout.deploy.trees import Trees, largest_single, votes_in_order

_CRITERIA = ("gini", "entropy", "log_loss")
_SPLITTERS = ("best", "random")
_LEAF, _NO_FEATURE = -1, -2  # scikit-learn's marks


@dataclass(frozen=True)
class Forest:
    """The mean of the shares of the classes in the leaves that a row ends in.

    Attributes
    ----------
    shares : float64 array, shape (n_all_nodes, n_classes)
    """

    classes_: np.ndarray
    features: Features
    trees: Trees
    shares: np.ndarray

    def predict_proba(self, x: Any) -> np.ndarray:
        """Probabilities, shape (n_rows, n_classes)."""
        # scikit-learn's trees compare values in single precision.
        with np.errstate(over="ignore"):
            rows = self.features.rows(x, keep_single=True, missing=True).astype(np.float32, copy=False)
        if np.isinf(rows).any():
            raise ValueError("the rows contain values beyond single precision")
        total = np.zeros((len(rows), len(self.classes_)))
        for some, _, leaves in self.trees.leaves(rows):
            total[some] = votes_in_order(total[some], self.shares.take(leaves, axis=0))
        return total / len(self.trees.n_nodes)


def _write_trees(models: list[Any]) -> dict[str, np.ndarray]:
    """The arrays of these fitted trees, one tree after another, as narrow as the numbers allow."""
    fields = {  # in the file, what scikit-learn calls it
        "left_child": ("children_left", np.int32),
        "right_child": ("children_right", np.int32),
        "feature": ("feature", np.int32),
        "threshold": ("threshold", np.float64),
        "impurity": ("impurity", np.float64),
        "n_node_samples": ("n_node_samples", np.int64),
        "weighted_n_node_samples": ("weighted_n_node_samples", np.float64),
        "missing_go_to_left": ("missing_go_to_left", np.uint8),
    }
    arrays = {
        name: np.concatenate([getattr(model.tree_, attribute) for model in models]).astype(dtype)
        for name, (attribute, dtype) in fields.items()
    }
    arrays["values"] = np.concatenate([model.tree_.value[:, 0, :] for model in models])
    arrays["n_nodes"] = np.array([model.tree_.node_count for model in models], dtype=np.int64)
    return arrays


def _must_be_plain(model: Any) -> None:
    must(model, model.n_outputs_ == 1, f"{model.n_outputs_} outputs", "fit it on one label per row")
    must(model, model.monotonic_cst is None, "monotonic_cst", "fit it without monotonic_cst")
    must(model, model.criterion in _CRITERIA, f"criterion={model.criterion!r}", f"use one of {_CRITERIA}")


def _write_tree(model: Any) -> Parts:
    _must_be_plain(model)
    params = {"criterion": model.criterion, "splitter": model.splitter}
    return Parts(params | features_of(model), _write_trees([model]) | {"classes": class_numbers(model)})


def _write_forest(model: Any) -> Parts:
    _must_be_plain(model)
    arrays = _write_trees(list(model.estimators_)) | {"classes": class_numbers(model)}
    return Parts({"criterion": model.criterion} | features_of(model), arrays)


def _read_tree(node: Node) -> Forest:
    node.choice("splitter", _SPLITTERS)
    forest = _read_forest(node)
    node.check(len(forest.trees.n_nodes) == 1, "exactly one tree is expected")
    return forest


def _read_forest(node: Node) -> Forest:
    node.choice("criterion", _CRITERIA)
    features = node.features()
    classes = node.classes()
    n_nodes = node.array("n_nodes", "int64", (None,), low=1, high=2**31 - 1)
    total = sum(int(count) for count in n_nodes)
    left, right = (node.array(f"{side}_child", "int32", (total,)).astype(np.int64) for side in ("left", "right"))
    feature = node.array("feature", "int32", (total,)).astype(np.int64)
    threshold = node.array("threshold", "float64", (total,), finite=False)
    node.check(not np.isnan(threshold).any(), "threshold is not a number")
    missing_left = node.array("missing_go_to_left", "uint8", (total,))
    node.check(bool((missing_left <= 1).all()), "missing_go_to_left is neither 0 nor 1")
    for name, dtype in (("impurity", "float64"), ("weighted_n_node_samples", "float64"), ("n_node_samples", "int64")):
        node.array(name, dtype, (total,), low=0 if name == "n_node_samples" else None)
    shares = node.array("values", "float64", (total, len(classes)), low=0)
    is_leaf = left == _LEAF
    node.check(bool((is_leaf == (right == _LEAF)).all()), "a node has one child only")
    good = np.where(is_leaf, feature == _NO_FEATURE, (feature >= 0) & (feature < features.n))
    node.check(bool(good.all()), f"a feature is not one of {features.n}")
    left, right = proper_children(node, n_nodes, left, right, is_leaf)
    feature[is_leaf] = 0
    trees = Trees(n_nodes, left, right, feature, largest_single(threshold), missing_left == 1, features.n)
    return Forest(classes, features, trees, shares)


def proper_children(
    node: Node, n_nodes: np.ndarray, left: np.ndarray, right: np.ndarray, is_leaf: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Children as positions in all arrays, of a leaf the leaf itself; refuses anything but proper binary trees.

    Parameters
    ----------
    n_nodes : int64 array, shape (n_trees,)
    left, right : int64 arrays, shape (n_all_nodes,)
        Counted from the beginning of the tree; of leaves, anything.
    is_leaf : bool array
    """
    starts = np.repeat(np.cumsum(n_nodes) - n_nodes, n_nodes)
    size = np.repeat(n_nodes, n_nodes)
    everywhere = np.arange(len(starts))
    own = everywhere - starts
    for child in (left, right):
        node.check(bool((is_leaf | ((child > own) & (child < size))).all()), "a child lies outside its tree")
    left, right = (np.where(is_leaf, everywhere, child + starts) for child in (left, right))
    parents = np.bincount(np.concatenate([left[~is_leaf], right[~is_leaf]]), minlength=len(starts))
    node.check(bool((parents == (own > 0)).all()), "a node has no parent, or more than one")
    return left, right


KINDS = (
    Kind("decision-tree", "sklearn.tree.DecisionTreeClassifier", _write_tree, _read_tree),
    Kind("random-forest", "sklearn.ensemble.RandomForestClassifier", _write_forest, _read_forest),
    Kind("extra-trees", "sklearn.ensemble.ExtraTreesClassifier", _write_forest, _read_forest),
)
