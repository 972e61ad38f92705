"""Which estimators a bundle can hold, and nothing else: no class is ever looked up by a name from a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.deploy import kinds_net
from heldout.deploy.kinds import (
    bayes,
    boosting,
    calibrated,
    categories,
    centroid,
    columns,
    dummy,
    imputer,
    linear,
    machine,
    neighbours,
    pictures,
    pipeline,
    projection,
    scalers,
    sounds,
    trees,
    vectors,
)
from heldout.deploy.kinds.pipeline import Steps
from heldout.deploy.nodes import Kind, Node, Parts
from heldout.deploy.private import passes_tables
from heldout.errors import ArtifactError, SettingError

_FILES = (
    bayes,
    boosting,
    calibrated,
    categories,
    centroid,
    columns,
    dummy,
    imputer,
    kinds_net,
    linear,
    machine,
    neighbours,
    pictures,
    pipeline,
    projection,
    scalers,
    sounds,
    trees,
    vectors,
)
KINDS: dict[str, Kind] = {kind.name: kind for file in _FILES for kind in file.KINDS}
MAX_DEPTH = 8  # estimators inside estimators


def kind_names() -> list[str]:
    """Names of everything that a bundle can hold."""
    return sorted(KINDS)


def take_apart(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Give the tree of nodes (plain JSON) and the arrays of a fitted estimator.

    Raises
    ------
    SettingError
        If it, or an estimator in it, is of a class that a bundle cannot hold, or is not fitted.
    """
    arrays: dict[str, np.ndarray] = {}
    return _node_of(model, arrays), arrays


def _node_of(model: Any, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    name, parts = _parts_of(model)
    keys = {}
    for array_name, array in parts.arrays.items():
        # As it stands in memory, so that a model that is fitted again has the same file.
        turned = array.ndim == 2 and not array.flags.c_contiguous and array.strides[0] < array.strides[1]
        key = f"{len(arrays):04d}.{array_name}" + (".T" if turned else "")
        arrays[key] = array.T if turned else array
        keys[array_name] = key
    children = {child_name: _node_of(child, arrays) for child_name, child in parts.children.items()}
    return {"kind": name, "params": parts.params, "arrays": keys, "children": children}


def _parts_of(model: Any) -> tuple[str, Parts]:
    kind = next((kind for kind in KINDS.values() if kind.is_of(model)), None)
    if kind is None:
        raise SettingError(
            f"a bundle cannot hold {type(model).__module__}.{type(model).__qualname__}",
            fix=f"use one of: {', '.join(kind_names())}; the class itself, not a subclass",
        )
    if passes_tables(model):
        raise SettingError(
            f"a bundle cannot hold {type(model).__name__} with set_output(...)",
            fix="fit it without set_output: the steps then pass arrays",
        )
    try:
        return kind.name, kind.write(model)
    except AttributeError as error:
        raise SettingError(f"{type(model).__name__} cannot be saved: {error}", fix="fit it before saving") from error


def put_together(tree: Any, arrays: dict[str, np.ndarray], *, n_classes: int, where: str) -> Any:
    """Build the object that predicts or transforms as the estimator did that `take_apart` described.

    Raises
    ------
    ArtifactError
        If anything is unknown, missing, left over, of the wrong type or out of range.
    """
    left = dict(arrays)
    model = _read(tree, left, n_classes, where, "model", MAX_DEPTH)
    if left:
        raise ArtifactError(f"arrays that nothing uses: {', '.join(sorted(left))[:200]}", where=where)
    return model


def _read(tree: Any, left: dict[str, np.ndarray], n_classes: int, where: str, path: str, depth: int) -> Any:
    kind, params, keys, children = _checked_node(tree, where, path)
    if depth == 0:
        raise ArtifactError(f"estimators nested more than {MAX_DEPTH} deep", where=where)
    inner = {
        name: _read(child, left, n_classes, where, f"{path}.{name[:40]}", depth - 1) for name, child in children.items()
    }
    taken = {name: _take(key, left, where, path) for name, key in keys.items()}
    node = Node(kind, params, taken, inner, n_classes=n_classes, where=f"{where}, {path}")
    try:
        model = KINDS[kind].read(node)
    except (ValueError, TypeError, OverflowError, IndexError, KeyError) as error:
        if isinstance(error, ArtifactError):
            raise
        node.refuse(f"does not fit together: {str(error)[:200]}")
    node.finish()
    return model


def _checked_node(tree: Any, where: str, path: str) -> tuple[str, dict, dict, dict]:
    if not isinstance(tree, dict) or set(tree) != {"kind", "params", "arrays", "children"}:
        raise ArtifactError(f"{path} must have kind, params, arrays and children", where=where)
    kind, params, keys, children = tree["kind"], tree["params"], tree["arrays"], tree["children"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise ArtifactError(
            f"{path} is of the unknown kind {str(kind)[:80]!r}",
            where=where,
            fix=f"known are: {', '.join(kind_names())}; a newer heldout may know more",
        )
    if not (isinstance(params, dict) and isinstance(keys, dict) and isinstance(children, dict)):
        raise ArtifactError(f"{path}: params, arrays and children must be objects", where=where)
    return kind, params, keys, children


def _take(key: Any, left: dict[str, np.ndarray], where: str, path: str) -> np.ndarray:
    """Each array is used exactly once."""
    if not isinstance(key, str) or key not in left:
        raise ArtifactError(f"{path} asks for the array {str(key)[:80]!r}, which is not there", where=where)
    array = left.pop(key)
    return array.T if key.endswith(".T") else array


def split_at_net(model: Any) -> tuple[list[Any], Any]:
    """Split a model that was read into its steps before a net, and the net; without a net: no steps, and None."""
    steps = _flat(model)
    if KINDS["net"].is_of(steps[-1]):
        return steps[:-1], steps[-1]
    return [], None


def _flat(model: Any) -> list[Any]:
    """Steps of a pipeline and of the pipelines in it, one after another."""
    return [inner for step in model.steps for inner in _flat(step)] if isinstance(model, Steps) else [model]
