"""A decision tree, its measure of purity, and recursion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.procedures import procedure
from heldout_course.scratch.decision_tree import DecisionTree, Node, gini

DRAWN_DEPTH = 3


@procedure("iris-tree")
def iris_tree(path: str = "root", features: int = 3, copy: str = "uci") -> dict[str, Any]:
    """A node of the tree that is grown on the first features of all irises.

    Parameters
    ----------
    path : str
        Answers from the root on, such as ``no, yes``; ``root`` for the root itself.
    """
    from heldout_course.procedures.facts import table_of

    x, y, names = table_of("iris", copy)
    tree = DecisionTree().fit(x[:, :features], y)
    node = tree.root_
    for answer in [] if path == "root" else [part.strip() for part in path.split(",")]:
        child = {"yes": node.yes, "no": node.no}.get(answer)
        if child is None:
            raise SettingError(f"The tree has no node {path!r}", fix="answers yes or no, as far as there are questions")
        node = child
    species = ("setosa", "versicolor", "virginica")
    return {
        "question": _question(node, names),
        "asks_about": "nothing" if node.feature is None else names[node.feature],
        "gini": float(gini(node.counts)),
        "samples": int(node.counts.sum()),
        "counts": ", ".join(str(count) for count in node.counts),
        "class_name": species[int(node.counts.argmax())],
        "right": float(np.mean(tree.predict(x[:, :features]) == y)),
        "nodes": _listed(tree.root_, names, species, 0),
    }


def _question(node: Node, names: Sequence[str]) -> str:
    return "leaf" if node.feature is None else f"{names[node.feature]} <= {node.threshold:.2f}"


def _listed(node: Node, names: Sequence[str], species: Sequence[str], depth: int) -> dict[str, Any]:
    """The upper levels of a tree as plain values, for the drawing."""
    found: dict[str, Any] = {
        "words": [
            _question(node, names),
            f"gini {float(gini(node.counts)):.3f}",
            ", ".join(str(count) for count in node.counts),
            species[int(node.counts.argmax())],
        ]
    }
    if node.yes is not None and node.no is not None and depth < DRAWN_DEPTH:
        found |= {
            name: _listed(child, names, species, depth + 1) for name, child in (("yes", node.yes), ("no", node.no))
        }
    return found


@procedure("gini")
def gini_of(counts: Sequence[int]) -> dict[str, Any]:
    """Gini index of a node with these counts of its classes, and the largest of as many classes."""
    return {"gini": float(gini(np.array(counts))), "largest": 1 - 1 / len(counts)}


@procedure("factorial")
def factorial(n: int) -> dict[str, Any]:
    """Compute n! by recursion; and how many calls it takes."""

    def times_all_below(number: int) -> tuple[int, int]:
        if number <= 1:
            return 1, 1
        value, calls = times_all_below(number - 1)
        return number * value, calls + 1

    if not 0 <= n <= 500:
        raise SettingError(f"n is {n}", fix="0 to 500")
    value, calls = times_all_below(n)
    return {"value": value, "calls": calls}
