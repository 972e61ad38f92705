"""Decision trees and forests in a bundle.

All trees of a forest stand one after another in the same arrays. scikit-learn walks through them in C without
looking: every child must lie inside its tree and behind its parent (so that no walk is endless), and every
feature must exist, before a `Tree` is built.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier
from sklearn.tree._tree import NODE_DTYPE, Tree

from heldout.deploy.nodes import Kind, Node, Parts, class_numbers, features_of, must, restore_features

_CRITERIA = ("gini", "entropy", "log_loss")
_SPLITTERS = ("best", "random")
_LEAF, _NO_FEATURE = -1, -2  # scikit-learn's marks
_FIELDS = {  # in the file: as narrow as the numbers allow
    "left_child": "int32",
    "right_child": "int32",
    "feature": "int32",
    "threshold": "float64",
    "impurity": "float64",
    "n_node_samples": "int64",
    "weighted_n_node_samples": "float64",
    "missing_go_to_left": "uint8",
}


def _take_trees_apart(models: list[Any]) -> dict[str, np.ndarray]:
    """The arrays of these fitted trees, one tree after another."""
    states = [model.tree_.__getstate__() for model in models]
    arrays = {
        name: np.concatenate([state["nodes"][name] for state in states]).astype(dtype)
        for name, dtype in _FIELDS.items()
    }
    arrays["values"] = np.concatenate([state["values"][:, 0, :] for state in states])
    arrays["n_nodes"] = np.array([state["node_count"] for state in states], dtype=np.int64)
    return arrays


def _read_trees(node: Node, n_features: int, n_classes: int) -> list[Tree]:
    """The trees of one model, after every check."""
    n_nodes = node.array("n_nodes", "int64", (None,), low=1, high=2**31 - 1)
    total = sum(int(count) for count in n_nodes)
    fields = {name: node.array(name, dtype, (total,), finite=name != "threshold") for name, dtype in _FIELDS.items()}
    values = node.array("values", "float64", (total, n_classes), low=0)
    node.check(not np.isnan(fields["threshold"]).any(), "threshold is not a number")
    node.check(bool((fields["missing_go_to_left"] <= 1).all()), "missing_go_to_left is neither 0 nor 1")
    node.check(bool((fields["n_node_samples"] >= 0).all()), "n_node_samples is negative")
    depths = _check_structure(node, n_nodes, fields, n_features)
    starts = np.concatenate([[0], np.cumsum(n_nodes)])
    return [
        _build({name: array[start:end] for name, array in fields.items()}, values[start:end], depth, n_features)
        for start, end, depth in zip(starts[:-1], starts[1:], depths, strict=True)
    ]


def _check_structure(node: Node, n_nodes: np.ndarray, fields: dict[str, np.ndarray], n_features: int) -> np.ndarray:
    """Refuse anything but proper binary trees; gives the depth of each."""
    left, right = fields["left_child"].astype(np.int64), fields["right_child"].astype(np.int64)
    starts = np.repeat(np.cumsum(n_nodes) - n_nodes, n_nodes)
    size = np.repeat(n_nodes, n_nodes)
    own = np.arange(len(left)) - starts
    leaf = left == _LEAF
    node.check(bool((leaf == (right == _LEAF)).all()), "a node has one child only")
    for child in (left, right):
        node.check(bool((leaf | ((child > own) & (child < size))).all()), "a child lies outside its tree")
    feature = fields["feature"]
    good = np.where(leaf, feature == _NO_FEATURE, (feature >= 0) & (feature < n_features))
    node.check(bool(good.all()), f"a feature is not one of {n_features}")
    inner = ~leaf
    parents = np.bincount(np.concatenate([(left + starts)[inner], (right + starts)[inner]]), minlength=len(left))
    node.check(bool((parents == (own > 0)).all()), "a node has no parent, or more than one")
    return _depths(left + starts, right + starts, leaf, n_nodes)


def _depths(left: np.ndarray, right: np.ndarray, leaf: np.ndarray, n_nodes: np.ndarray) -> np.ndarray:
    """Depth of each tree; level by level, all trees at once."""
    tree = np.repeat(np.arange(len(n_nodes)), n_nodes)
    depths = np.zeros(len(n_nodes), dtype=np.int64)
    level = np.cumsum(n_nodes) - n_nodes
    depth = 0
    while True:
        depths[tree[level]] = depth
        level = level[~leaf[level]]
        if len(level) == 0:
            return depths
        level = np.concatenate([left[level], right[level]])
        depth += 1


def _build(fields: dict[str, np.ndarray], values: np.ndarray, depth: int, n_features: int) -> Tree:
    nodes = np.zeros(len(values), dtype=NODE_DTYPE)
    for name, array in fields.items():
        nodes[name] = array
    n_classes = values.shape[1]
    tree = Tree(n_features, np.array([n_classes], dtype=np.intp), 1)
    state = {
        "max_depth": int(depth),
        "node_count": len(nodes),
        "nodes": nodes,
        "values": np.ascontiguousarray(values).reshape(len(nodes), 1, n_classes),
    }
    tree.__setstate__(state)
    return tree


def _must_be_plain(model: Any) -> None:
    must(model, model.n_outputs_ == 1, f"{model.n_outputs_} outputs", "fit it on one label per row")
    must(model, model.monotonic_cst is None, "monotonic_cst", "fit it without monotonic_cst")
    must(model, model.criterion in _CRITERIA, f"criterion={model.criterion!r}", f"use one of {_CRITERIA}")


def _finish_tree(model: Any, tree: Tree, classes: np.ndarray, n_features: int) -> Any:
    model.tree_, model.classes_ = tree, classes
    model.n_classes_ = np.intp(len(classes))
    model.n_outputs_, model.n_features_in_, model.max_features_ = 1, n_features, n_features
    return model


def _write_tree(model: DecisionTreeClassifier) -> Parts:
    _must_be_plain(model)
    params = {"criterion": model.criterion, "splitter": model.splitter}
    return Parts(params | features_of(model), _take_trees_apart([model]) | {"classes": class_numbers(model)})


def _read_tree(node: Node) -> DecisionTreeClassifier:
    model = DecisionTreeClassifier(
        criterion=node.choice("criterion", _CRITERIA), splitter=node.choice("splitter", _SPLITTERS)
    )
    n_features = restore_features(model, node)
    classes = node.classes()
    trees = _read_trees(node, n_features, len(classes))
    node.check(len(trees) == 1, "exactly one tree is expected")
    return _finish_tree(model, trees[0], classes, n_features)


def _write_forest(model: Any) -> Parts:
    _must_be_plain(model)
    params = {"criterion": model.criterion}
    arrays = _take_trees_apart(list(model.estimators_)) | {"classes": class_numbers(model)}
    return Parts(params | features_of(model), arrays)


def _read_forest(node: Node, forest: type, tree_class: type) -> Any:
    criterion = node.choice("criterion", _CRITERIA)
    # One thread: with more, the trees' votes are added in the order in which threads end, and bits differ.
    model = forest(criterion=criterion, n_jobs=1)
    n_features = restore_features(model, node)
    classes = node.classes()
    trees = _read_trees(node, n_features, len(classes))
    numbers = np.arange(len(classes), dtype=np.float64)
    model.estimators_ = [_finish_tree(tree_class(criterion=criterion), tree, numbers, n_features) for tree in trees]
    model.n_estimators = len(trees)
    model.estimator_ = tree_class()
    model.classes_, model.n_classes_, model.n_outputs_ = classes, len(classes), 1
    return model


KINDS = (
    Kind("decision-tree", DecisionTreeClassifier, _write_tree, _read_tree, same_alone=True),
    Kind(
        "random-forest",
        RandomForestClassifier,
        _write_forest,
        lambda node: _read_forest(node, RandomForestClassifier, DecisionTreeClassifier),
        same_alone=True,
    ),
    Kind(
        "extra-trees",
        ExtraTreesClassifier,
        _write_forest,
        lambda node: _read_forest(node, ExtraTreesClassifier, ExtraTreeClassifier),
        same_alone=True,
    ),
)
