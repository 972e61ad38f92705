"""Histogram gradient boosting in a bundle; numeric features only (categories come as indicators)."""

from __future__ import annotations

import numpy as np
from sklearn._loss import HalfBinomialLoss, HalfMultinomialLoss
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

from heldout.deploy.nodes import Kind, Node, Parts, class_numbers, features_of, must, restore_features

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


def _write_boosting(model: HistGradientBoostingClassifier) -> Parts:
    fix = "turn categories into indicators first (heldout.prepare.tables.table_preparation)"
    must(model, model._preprocessor is None, "categorical features", fix)
    must(model, isinstance(model.loss, str), "a loss of its own", "use loss='log_loss'")
    trees = [tree.nodes for iteration in model._predictors for tree in iteration]
    arrays = {
        name: np.concatenate([np.ascontiguousarray(nodes[name]) for nodes in trees]).astype(dtype)
        for name, dtype in _FIELDS.items()
    }
    arrays["n_nodes"] = np.array([len(nodes) for nodes in trees], dtype=np.int64)
    arrays["baseline"] = np.asarray(model._baseline_prediction)
    return Parts(features_of(model), arrays | {"classes": class_numbers(model)})


def _read_boosting(node: Node) -> HistGradientBoostingClassifier:
    model = HistGradientBoostingClassifier()
    n_features = restore_features(model, node)
    model.classes_ = node.classes()
    n_classes = len(model.classes_)
    node.check(n_classes >= 2, "at least two classes are needed")
    n_trees = model.n_trees_per_iteration_ = 1 if n_classes == 2 else n_classes
    model._baseline_prediction = node.array("baseline", ("float64", "float32"), (1, n_trees)).copy()
    predictors = _read_predictors(node, n_features)
    node.check(len(predictors) % n_trees == 0, f"the number of trees is no multiple of {n_trees}")
    model._predictors = [predictors[start : start + n_trees] for start in range(0, len(predictors), n_trees)]
    model.max_iter = len(model._predictors)
    model._n_features, model._in_fit = n_features, False
    model._preprocessor = model.is_categorical_ = model._is_categorical_remapped = None
    model._loss = HalfBinomialLoss() if n_trees == 1 else HalfMultinomialLoss(n_classes=n_classes)
    model.train_score_ = model.validation_score_ = np.empty(0)
    model.do_early_stopping_ = False
    model._bin_mapper = _bin_mapper(n_features)
    return model


def _bin_mapper(n_features: int) -> _BinMapper:
    """What prediction asks of it: that no feature is categorical."""
    mapper = _BinMapper()
    # No memory behind it: n_features is a mere claim until rows come.
    mapper.is_categorical_ = np.broadcast_to(np.uint8(0), n_features)
    mapper.bin_thresholds_ = []
    return mapper


def _read_predictors(node: Node, n_features: int) -> list[TreePredictor]:
    n_nodes = node.array("n_nodes", "int64", (None,), low=1, high=2**31 - 1)
    total = sum(int(count) for count in n_nodes)
    fields = {
        name: node.array(name, dtype, (total,), finite=name not in _MAY_BE_INFINITE) for name, dtype in _FIELDS.items()
    }
    node.check(not np.isnan(fields["num_threshold"]).any(), "num_threshold is not a number")
    for name in ("missing_go_to_left", "is_leaf"):
        node.check(bool((fields[name] <= 1).all()), f"{name} is neither 0 nor 1")
    _check_structure(node, n_nodes, fields, n_features)
    nodes = np.zeros(total, dtype=PREDICTOR_RECORD_DTYPE)
    for name, array in fields.items():
        nodes[name] = array
    ends = np.cumsum(n_nodes)
    none = np.empty((0, 8), dtype=np.uint32)  # no categorical splits
    return [TreePredictor(nodes[end - size : end], none, none) for size, end in zip(n_nodes, ends, strict=True)]


def _check_structure(node: Node, n_nodes: np.ndarray, fields: dict[str, np.ndarray], n_features: int) -> None:
    """Refuse anything but proper binary trees: the walk in C looks at nothing."""
    starts = np.repeat(np.cumsum(n_nodes) - n_nodes, n_nodes)
    size = np.repeat(n_nodes, n_nodes)
    own = np.arange(len(starts)) - starts
    inner = fields["is_leaf"] == 0
    children = [fields[name].astype(np.int64) for name in ("left", "right")]
    for child in children:
        good = ~inner | ((child > own) & (child < size))
        node.check(bool(good.all()), "a child lies outside its tree")
    feature = fields["feature_idx"]
    node.check(bool(((feature >= 0) & (feature < n_features)).all()), f"a feature is not one of {n_features}")
    parents = np.bincount(np.concatenate([(child + starts)[inner] for child in children]), minlength=len(starts))
    node.check(bool((parents == (own > 0)).all()), "a node has no parent, or more than one")


KINDS = (
    Kind(
        "hist-gradient-boosting",
        HistGradientBoostingClassifier,
        _write_boosting,
        _read_boosting,
        same_alone=False,
    ),
)
