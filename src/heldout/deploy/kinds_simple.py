"""Simple classifiers in a bundle: constant, nearest centroid, nearest neighbours, naive Bayes, linear."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.svm import LinearSVC

from heldout.deploy.nodes import Kind, Node, Parts, class_numbers, features_of, must, restore_features
from heldout.models.linear_svm import LinearSVM

_FLOATS = ("float64", "float32")
_METRICS = ("minkowski", "euclidean", "manhattan", "chebyshev")
_ALGORITHMS = ("auto", "brute", "kd_tree", "ball_tree")


def _write_dummy(model: DummyClassifier) -> Parts:
    must(model, model.n_outputs_ == 1, f"{model.n_outputs_} outputs", "fit it on one label per row")
    must(
        model,
        model.strategy in ("prior", "most_frequent", "uniform"),
        f"strategy={model.strategy!r}",
        "use strategy='prior', whose probabilities are not random",
    )
    arrays = {
        "classes": class_numbers(model),
        "class_prior": np.asarray(model.class_prior_, dtype=np.float64),
    }
    return Parts({"strategy": model.strategy}, arrays)


def _read_dummy(node: Node) -> DummyClassifier:
    model = DummyClassifier(strategy=node.choice("strategy", ("prior", "most_frequent", "uniform")))
    model.classes_ = node.classes()
    model.n_classes_ = len(model.classes_)
    model.class_prior_ = node.array("class_prior", "float64", (model.n_classes_,), low=0, high=1).copy()
    model._strategy = model.strategy
    model.n_outputs_, model.sparse_output_ = 1, False
    return model


def _write_centroid(model: NearestCentroid) -> Parts:
    names = ("centroids", "class_prior", "within_class_std_dev", "deviations")
    arrays = {name: np.asarray(getattr(model, f"{name}_"), dtype=np.float64) for name in names}
    return Parts({"metric": model.metric} | features_of(model), arrays | {"classes": class_numbers(model)})


def _read_centroid(node: Node) -> NearestCentroid:
    model = NearestCentroid(metric=node.choice("metric", ("euclidean", "manhattan")))
    n_features = restore_features(model, node)
    model.classes_ = node.classes()
    shape = (len(model.classes_), n_features)
    model.centroids_ = node.array("centroids", "float64", shape).copy()
    model.deviations_ = node.array("deviations", "float64", shape, finite=False).copy()
    model.class_prior_ = node.array("class_prior", "float64", shape[:1], low=0, high=1).copy()
    model.within_class_std_dev_ = node.array("within_class_std_dev", "float64", shape[1:], low=0).copy()
    model.true_classes_ = model.classes_
    return model


def _write_neighbours(model: KNeighborsClassifier) -> Parts:
    fix = "use metric='minkowski', 'euclidean', 'manhattan' or 'chebyshev', weights 'uniform' or 'distance'"
    must(model, model.metric in _METRICS, f"metric={model.metric!r}", fix)
    must(model, not model.metric_params, "metric_params", fix)
    must(model, model.weights in ("uniform", "distance"), f"weights={model.weights!r}", fix)
    rows = np.asarray(model._fit_X)
    must(model, rows.dtype.name in _FLOATS, f"rows of type {rows.dtype}", "fit it on float64 or float32 rows")
    params = {
        "n_neighbors": int(model.n_neighbors),
        "weights": model.weights,
        "algorithm": model.algorithm,
        "leaf_size": int(model.leaf_size),
        "p": float(model.p),
        "metric": model.metric,
    }
    arrays = {"rows": rows, "labels": np.asarray(model._y, dtype=np.int64), "classes": class_numbers(model)}
    return Parts(params | features_of(model), arrays)


def _read_neighbours(node: Node) -> KNeighborsClassifier:
    classes = node.classes()
    n_features = node.integer("n_features", 1, 2**31 - 1)
    rows = node.array("rows", _FLOATS, (None, n_features))
    labels = node.array("labels", "int64", (len(rows),), low=0, high=len(classes) - 1)
    node.check(len(np.unique(labels)) == len(classes), "a class has no rows")
    p = node.number("p", 1, 1000)
    model = KNeighborsClassifier(
        n_neighbors=node.integer("n_neighbors", 1, len(rows)),
        weights=node.choice("weights", ("uniform", "distance")),
        algorithm=node.choice("algorithm", _ALGORITHMS),
        leaf_size=node.integer("leaf_size", 1, 2**31 - 1),
        p=int(p) if p == int(p) else p,
        metric=node.choice("metric", _METRICS),
    )
    model.fit(rows, classes[labels])  # the search tree follows from the rows alone
    restore_features(model, node)
    return model


def _write_bayes(model: GaussianNB) -> Parts:
    names = ("theta", "var", "class_prior", "class_count")
    arrays = {name: np.asarray(getattr(model, f"{name}_")) for name in names}
    params = {"epsilon": float(model.epsilon_)}
    return Parts(params | features_of(model), arrays | {"classes": class_numbers(model)})


def _read_bayes(node: Node) -> GaussianNB:
    model = GaussianNB()
    n_features = restore_features(model, node)
    model.classes_ = node.classes()
    shape = (len(model.classes_), n_features)
    model.theta_ = node.array("theta", _FLOATS, shape).copy()
    model.var_ = node.array("var", _FLOATS, shape, low=0).copy()
    node.check(bool((model.var_ > 0).all()), "var must be above 0")
    model.class_prior_ = node.array("class_prior", _FLOATS, shape[:1], low=0, high=1).copy()
    model.class_count_ = node.array("class_count", _FLOATS, shape[:1], low=0).copy()
    model.epsilon_ = node.number("epsilon", 0)
    return model


def _write_linear(model: Any) -> Parts:
    arrays = {"coef": np.asarray(model.coef_), "classes": class_numbers(model)}
    arrays["intercept"] = np.atleast_1d(np.asarray(model.intercept_)).astype(arrays["coef"].dtype, copy=False)
    return Parts(features_of(model), arrays)


def _read_linear(node: Node, model: Any) -> Any:
    n_features = restore_features(model, node)
    model.classes_ = node.classes()
    n_classes = len(model.classes_)
    node.check(n_classes >= 2, "at least two classes are needed")
    n_planes = 1 if n_classes == 2 else n_classes
    model.coef_ = node.array("coef", _FLOATS, (n_planes, n_features))
    model.intercept_ = node.array("intercept", model.coef_.dtype.name, (n_planes,))
    return model


KINDS = (
    Kind("dummy", DummyClassifier, _write_dummy, _read_dummy, same_alone=True),
    Kind("nearest-centroid", NearestCentroid, _write_centroid, _read_centroid, same_alone=False),
    Kind("k-nearest-neighbours", KNeighborsClassifier, _write_neighbours, _read_neighbours, same_alone=False),
    Kind("gaussian-naive-bayes", GaussianNB, _write_bayes, _read_bayes, same_alone=False),
    Kind(
        "logistic-regression",
        LogisticRegression,
        _write_linear,
        lambda node: _read_linear(node, LogisticRegression()),
        same_alone=False,
    ),
    Kind("linear-svm", LinearSVC, _write_linear, lambda node: _read_linear(node, LinearSVC()), same_alone=False),
    Kind("newton-svm", LinearSVM, _write_linear, lambda node: _read_linear(node, LinearSVM()), same_alone=False),
)
