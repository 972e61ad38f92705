"""Classifiers in a bundle whose decision values become probabilities (support vector machines)."""

from __future__ import annotations

from heldout.deploy.nodes import Kind, Node, Parts
from heldout.models.calibrated import SoftmaxCalibrated


def _write(model: SoftmaxCalibrated) -> Parts:
    params = {"slope": float(model.slope), "intercept": float(model.intercept)}
    return Parts(params, children={"estimator": model.estimator})


def _read(node: Node) -> SoftmaxCalibrated:
    inner = node.child("estimator")
    node.check(hasattr(inner, "decision_function"), f"{type(inner).__name__} has no decision values")
    node.check(hasattr(inner, "classes_"), f"{type(inner).__name__} has no classes")
    slope = node.number("slope", 1e-300)
    return SoftmaxCalibrated(inner, slope=slope, intercept=node.number("intercept"))


KINDS = (Kind("softmax-calibrated", "heldout.models.calibrated.SoftmaxCalibrated", _write, _read),)
