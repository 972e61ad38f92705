"""Nets in a bundle; torch is imported only when there is one."""

from __future__ import annotations

from typing import Any

from heldout.deploy.nodes import Kind, Node, Parts, class_numbers
from heldout.errors import require


def write_net(estimator: Any) -> Parts:
    """Take a fitted NetClassifier apart."""
    class_numbers(estimator)
    meta, arrays = estimator.to_arrays()
    return Parts({"meta": meta}, dict(arrays))


def read_net(node: Node) -> Any:
    """Build the NetClassifier; its own `from_arrays` holds every shape against the layers.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    ArtifactError
        If the arrays do not fit the layers, or the net knows classes that the bundle does not.
    """
    meta, arrays = node.mapping("meta"), node.all_arrays()
    # Torch is large: it is not loaded for what is plainly no net.
    node.check(isinstance(meta.get("settings"), dict) and len(arrays) > 0, "not what a net consists of")
    require("torch", extra="nets", needed_by="a bundle with a net")
    from heldout.nets.classifier import NetClassifier

    model = NetClassifier.from_arrays(meta, arrays)
    numbers = [int(number) for number in model.classes_]
    good = all(0 <= number < node.n_classes for number in numbers) and numbers == sorted(set(numbers))
    node.check(good, "classes are not in increasing order or beyond the bundle's")
    return model


KINDS = (Kind("net", "heldout.nets.classifier.NetClassifier", write_net, read_net),)
