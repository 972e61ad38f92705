"""Support vector machines with kernels in a bundle."""

from __future__ import annotations

import numpy as np
from sklearn.svm import SVC

from heldout.deploy.nodes import Kind, Node, Parts, class_numbers, features_of, must, restore_features

_KERNELS = ("linear", "poly", "rbf", "sigmoid")


def _write_svc(model: SVC) -> Parts:
    must(
        model,
        model.probability is False or model.probability == "deprecated",
        "probability=True",
        "fit SVC without it and wrap it in heldout.models.calibrated.SoftmaxCalibrated",
    )
    must(model, model.kernel in _KERNELS, f"kernel={model.kernel!r}", f"use one of {', '.join(_KERNELS)}")
    must(model, not model._sparse, "sparse rows", "fit it on a dense array")
    params = {
        "kernel": model.kernel,
        "degree": int(model.degree),
        "coef0": float(model.coef0),
        "gamma": float(model._gamma),
        "decision_function_shape": model.decision_function_shape,
        "break_ties": bool(model.break_ties),
        "n_rows": int(model.shape_fit_[0]),
    }
    arrays: dict[str, np.ndarray] = {
        "support": np.asarray(model.support_, dtype=np.int32),
        "support_vectors": np.asarray(model.support_vectors_, dtype=np.float64),
        "n_support": np.asarray(model._n_support, dtype=np.int32),
        "dual_coef": np.asarray(model._dual_coef_, dtype=np.float64),
        "intercept": np.asarray(model._intercept_, dtype=np.float64),
        "classes": class_numbers(model),
    }
    return Parts(params | features_of(model), arrays)


def _read_svc(node: Node) -> SVC:
    model = SVC(
        kernel=node.choice("kernel", _KERNELS),
        degree=node.integer("degree", 0, 1000),
        coef0=node.number("coef0"),
        gamma=node.number("gamma", 0),
        decision_function_shape=node.choice("decision_function_shape", ("ovr", "ovo")),
        break_ties=node.flag("break_ties"),
    )
    node.check(not (model.break_ties and model.decision_function_shape == "ovo"), "break_ties goes with ovr only")
    n_features = restore_features(model, node)
    n_rows = node.integer("n_rows", 1, 2**31 - 1)
    model.classes_ = node.classes()
    n_classes = len(model.classes_)
    node.check(n_classes >= 2, "at least two classes are needed")
    # libsvm walks through these arrays without looking at their lengths: all must agree.
    vectors = node.array("support_vectors", "float64", (None, n_features))
    counts = node.array("n_support", "int32", (n_classes,), low=0, high=len(vectors))
    node.check(int(counts.sum(dtype=np.int64)) == len(vectors), "n_support does not add up")
    support = node.array("support", "int32", (len(vectors),), low=0, high=n_rows - 1)
    dual = node.array("dual_coef", "float64", (n_classes - 1, len(vectors)))
    intercept = node.array("intercept", "float64", (n_classes * (n_classes - 1) // 2,))
    model._gamma = float(model.gamma)
    model._sparse, model._effective_probability, model.fit_status_ = False, False, 0
    model._probA = model._probB = np.empty(0)
    model.support_, model._n_support = support.copy(), counts.copy()
    model.support_vectors_ = np.array(vectors, order="C")
    model._dual_coef_, model._intercept_ = np.array(dual, order="C"), intercept.copy()
    # scikit-learn shows the other sign for two classes and keeps libsvm's for predicting.
    sign = -1.0 if n_classes == 2 else 1.0
    model.dual_coef_, model.intercept_ = sign * model._dual_coef_, sign * model._intercept_
    model.shape_fit_ = (n_rows, n_features)
    return model


KINDS = (Kind("svm", SVC, _write_svc, _read_svc, same_alone=True),)
