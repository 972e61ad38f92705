"""Pipelines in a bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from heldout.deploy.nodes import Kind, Node, Parts


@dataclass(frozen=True)
class Steps:
    """Steps one after another. What the last one can do (transform, score, give probabilities), all together can."""

    steps: tuple[Any, ...]

    @property
    def classes_(self) -> np.ndarray:
        """Class numbers of the last step."""
        return np.asarray(self.steps[-1].classes_)

    @property
    def transform(self) -> Callable[[Any], np.ndarray]:
        """All steps in turn."""
        return partial(self._ask, self.steps[-1].transform)

    @property
    def decision_function(self) -> Callable[[Any], np.ndarray]:
        """Decision values of the last step."""
        return partial(self._ask, self.steps[-1].decision_function)

    @property
    def predict_proba(self) -> Callable[[Any], np.ndarray]:
        """Probabilities of the last step."""
        return partial(self._ask, self.steps[-1].predict_proba)

    def _ask(self, last: Callable[[Any], np.ndarray], x: Any) -> np.ndarray:
        for step in self.steps[:-1]:
            x = step.transform(x)
        return last(x)


def _write(pipeline: Any) -> Parts:
    steps = [(name, step) for name, step in pipeline.steps if step is not None and step != "passthrough"]
    return Parts({"steps": [name for name, _ in steps]}, children={str(i): step for i, (_, step) in enumerate(steps)})


def _read(node: Node) -> Steps:
    names = node.texts("steps")
    node.check(len(names) >= 1 and len(set(names)) == len(names), "steps must have different names")
    steps = [node.child(str(position)) for position in range(len(names))]
    for step in steps[:-1]:
        node.check(hasattr(step, "transform"), f"{type(step).__name__} cannot stand before another step")
    return Steps(tuple(steps))


KINDS = (Kind("pipeline", "sklearn.pipeline.Pipeline", _write, _read),)
