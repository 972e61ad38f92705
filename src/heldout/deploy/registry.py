"""Which estimators a bundle can hold, and nothing else: no class is ever looked up by a name from a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.deploy import (
    kinds_boosting,
    kinds_compose,
    kinds_net,
    kinds_prepare,
    kinds_simple,
    kinds_sounds,
    kinds_svm,
    kinds_trees,
)
from heldout.deploy.nodes import Kind, Node, Parts
from heldout.errors import ArtifactError, SettingError

_ALL: tuple[Kind, ...] = (
    *kinds_compose.KINDS,
    *kinds_prepare.KINDS,
    *kinds_sounds.KINDS,
    *kinds_simple.KINDS,
    *kinds_svm.KINDS,
    *kinds_trees.KINDS,
    *kinds_boosting.KINDS,
)
_BY_NAME = {kind.name: kind for kind in _ALL}
_BY_CLASS = {kind.estimator: kind for kind in _ALL}
MAX_DEPTH = 8  # estimators inside estimators


def kind_names() -> list[str]:
    """Names of everything that a bundle can hold."""
    return sorted([*_BY_NAME, kinds_net.NAME])


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
        # The order in memory decides which product routine runs, hence the last bits: keep it.
        turned = array.ndim == 2 and not array.flags.c_contiguous and array.strides[0] < array.strides[1]
        key = f"{len(arrays):04d}.{array_name}" + (".T" if turned else "")
        arrays[key] = array.T if turned else array
        keys[array_name] = key
    children = {child_name: _node_of(child, arrays) for child_name, child in parts.children.items()}
    return {"kind": name, "params": parts.params, "arrays": keys, "children": children}


def _parts_of(model: Any) -> tuple[str, Parts]:
    if kinds_net.is_net(model):
        return kinds_net.NAME, kinds_net.write_net(model)
    kind = _BY_CLASS.get(type(model))
    if kind is None:
        raise SettingError(
            f"a bundle cannot hold {type(model).__module__}.{type(model).__qualname__}",
            fix=f"use one of: {', '.join(kind_names())}; the class itself, not a subclass",
        )
    if getattr(model, "_sklearn_output_config", {}).get("transform", "default") != "default":
        raise SettingError(
            f"a bundle cannot hold {type(model).__name__} with set_output(...)",
            fix="fit it without set_output: the steps then pass arrays",
        )
    try:
        return kind.name, kind.write(model)
    except AttributeError as error:
        raise SettingError(f"{type(model).__name__} cannot be saved: {error}", fix="fit it before saving") from error


def put_together(tree: Any, arrays: dict[str, np.ndarray], *, n_classes: int, where: str) -> Any:
    """Build the estimator that `take_apart` described.

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
        model = kinds_net.read_net(node) if kind == kinds_net.NAME else _BY_NAME[kind].read(node)
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
    if not isinstance(kind, str) or (kind not in _BY_NAME and kind != kinds_net.NAME):
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


def same_alone(model: Any) -> bool:
    """Whether one row's prediction has the same bits alone and among others, for a model of known kinds."""
    kind = _BY_CLASS.get(type(model))
    if kind is None or not kind.same_alone:
        return False
    return all(same_alone(child) for child in _inner(model))


def apart(model: Any) -> tuple[list[Any], Any]:
    """The leading steps of a pipeline whose rows get the same bits alone and among others, and the rest of the model.

    They need no batch of a fixed shape, so that a spectrogram is made once for a row, and not for copies that fill a
    batch.
    """
    from sklearn.pipeline import Pipeline

    from heldout.models.calibrated import SoftmaxCalibrated

    if type(model) is SoftmaxCalibrated:
        ahead, rest = apart(model.estimator)
        return ahead, SoftmaxCalibrated(rest, slope=model.slope, intercept=model.intercept) if ahead else model
    if type(model) is not Pipeline:
        return [], model
    steps = [(name, step) for name, step in model.steps if step is not None and step != "passthrough"]
    n_ahead = 0
    while n_ahead < len(steps) - 1 and same_alone(steps[n_ahead][1]):
        n_ahead += 1
    rest = steps[n_ahead:]
    return [step for _, step in steps[:n_ahead]], rest[0][1] if len(rest) == 1 else Pipeline(rest)


def has_net(model: Any) -> bool:
    """Whether the model is or contains a net."""
    return kinds_net.is_net(model) or any(has_net(child) for child in _inner(model))


def _inner(model: Any) -> list[Any]:
    kind = _BY_CLASS.get(type(model))
    return list(kind.write(model).children.values()) if kind in kinds_compose.KINDS and kind is not None else []
