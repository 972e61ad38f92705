"""The constant classifier in a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.deploy.nodes import Kind, Node, Parts, class_numbers, must

_STRATEGIES = ("prior", "most_frequent", "uniform")


@dataclass(frozen=True)
class Constant:
    """The same probabilities for every row."""

    classes_: np.ndarray
    shares: np.ndarray

    def predict_proba(self, x: Any) -> np.ndarray:
        """Probabilities, shape (n_rows, n_classes)."""
        return np.tile(self.shares, (len(x), 1))


def _write(model: Any) -> Parts:
    must(model, model.n_outputs_ == 1, f"{model.n_outputs_} outputs", "fit it on one label per row")
    must(
        model,
        model.strategy in _STRATEGIES,
        f"strategy={model.strategy!r}",
        "use strategy='prior', whose probabilities are not random",
    )
    prior = np.asarray(model.class_prior_, dtype=np.float64)
    return Parts({"strategy": model.strategy}, {"classes": class_numbers(model), "class_prior": prior})


def _read(node: Node) -> Constant:
    strategy = node.choice("strategy", _STRATEGIES)
    classes = node.classes()
    prior = node.array("class_prior", "float64", (len(classes),), low=0, high=1)
    if strategy == "most_frequent":
        prior = (np.arange(len(prior)) == prior.argmax()).astype(np.float64)
    if strategy == "uniform":
        prior = np.ones(len(classes)) / len(classes)
    return Constant(classes, prior)


KINDS = (Kind("dummy", "sklearn.dummy.DummyClassifier", _write, _read),)
