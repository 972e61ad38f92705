"""A trained net as plain JSON and arrays, and back; nothing is trusted on the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from heldout.augment.training import LANGUAGE as AUGMENT
from heldout.errors import ArtifactError, HeldoutError
from heldout.nets.layers.base import Parameter
from heldout.nets.net import Net
from heldout.nets.settings import Settings

#: 1, which is still read, named arrays by the place of their layer (``3.kernel``), 2 by its name (``dense 1.kernel``).
SCHEMA = 2
_MAX_REPLICATES = 10_000
_MAX_CLASSES = 1_000_000
_MAX_SIDE = 10_000_000
_KEYS = {"schema", "settings", "shape", "input_dtype", "classes", "class_kind", "replicates", "machine"}
_PRECISION_DTYPES = {"float32": np.float32, "mixed": np.float32, "float64": np.float64}


def _refuse(what: str, where: str = "net") -> ArtifactError:
    return ArtifactError(what, where=where, fix="the file is damaged or was not written by heldout: train again")


def _newer(what: str, where: str = "net") -> ArtifactError:
    return ArtifactError(f"written by a newer heldout: {what}", where=where, fix="pip install --upgrade heldout")


def input_parameters(shape: tuple[int, ...]) -> tuple[Parameter, ...]:
    """Arrays of the standardised input."""
    return tuple(Parameter(f"input.{role}", shape[-1:], role) for role in ("mean", "std"))


def pack(meta: dict[str, Any], replicates: list[dict[str, np.ndarray]]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """One mapping of arrays for all replicates, named ``<replicate>/<array>``."""
    return meta, {f"{r}/{name}": array for r, arrays in enumerate(replicates) for name, array in arrays.items()}


def unpack(
    meta: Any, arrays: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], tuple[int, ...], list[Any], list[dict[str, np.ndarray]]]:
    """Check everything; return the settings, the shape, the classes and each replicate's arrays.

    Settings that are missing, because an older version did not have them, take their defaults. So the default of a
    new setting must be what earlier versions did.

    Raises
    ------
    ArtifactError
        For a setting, a key or a schema of a newer version, and for any difference from what the net's text asks for.
    """
    _check_header(meta)
    settings = _settings(meta["settings"])
    shape = _shape(meta["shape"])
    classes = _classes(meta["classes"], meta["class_kind"])
    n_replicates = _whole(meta["replicates"], "replicates", _MAX_REPLICATES)
    if meta["input_dtype"] not in ("uint8", "int16", "float32", "float64"):
        raise _refuse(f"input_dtype {meta['input_dtype']!r}")
    if not isinstance(meta["machine"], dict):
        raise _refuse("machine is not a mapping")
    try:
        checked = Settings(**settings)
        plan = Net(checked.net, checked.head).plan(shape, len(classes))
    except HeldoutError as error:
        raise _refuse(error.what) from error
    parameters = plan.parameters
    written = plan.old_parameter_names if meta["schema"] == 1 else tuple(p.name for p in parameters)
    if checked.standardize:
        parameters = (*parameters, *input_parameters(shape))
        written = (*written, *(p.name for p in input_parameters(shape)))
    dtype = np.dtype(_PRECISION_DTYPES[checked.precision])
    _check_names(parameters, arrays, n_replicates)
    named = tuple(zip(written, parameters, strict=True))
    return settings, shape, classes, [_replicate(named, arrays, r, dtype) for r in range(n_replicates)]


def _check_header(meta: Any) -> None:
    """Refuse what has not exactly the keys of this schema."""
    if not isinstance(meta, dict):
        raise _refuse(f"expected a mapping, found {type(meta).__name__}")
    schema = meta.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise _refuse(f"schema {schema!r}"[:200])
    if schema > SCHEMA:
        raise _newer(f"schema {schema!r}, this version reads up to {SCHEMA}"[:200])
    if missing := sorted(_KEYS - set(meta)):
        raise _refuse(f"the keys {missing} are missing")
    if unknown := sorted(set(map(str, meta)) - _KEYS):
        raise _newer(f"unknown key {unknown[0]!r}"[:200])


def _settings(found: Any) -> dict[str, Any]:
    """All settings: those of the file, and defaults where an older version had none."""
    if not isinstance(found, dict) or "net" not in found:
        raise _refuse("the settings name no net")
    if unknown := sorted(set(map(str, found)) - set(asdict(Settings()))):
        raise _newer(f"unknown setting {unknown[0]!r}"[:200], "net settings")
    found = {**asdict(Settings()), "freeze": [], **found}
    freeze = found["freeze"]
    if not isinstance(freeze, list) or not all(isinstance(n, str) for n in freeze) or len(freeze) > 10_000:
        raise _refuse("freeze is not a list of layer names")
    plain = (str, int, float, bool, type(None))
    if not all(isinstance(v, plain) for k, v in found.items() if k != "freeze"):
        raise _refuse("a setting is not plain")
    if not isinstance(found["augment"], str):
        raise _refuse("augment is no line of text")
    found["augment"] = AUGMENT.upgraded(found["augment"])
    return {**found, "freeze": tuple(freeze)}


def _shape(found: Any) -> tuple[int, ...]:
    if not isinstance(found, list) or not 1 <= len(found) <= 3:
        raise _refuse(f"shape {found!r}"[:200])
    return tuple(_whole(n, "shape", _MAX_SIDE) for n in found)


def _whole(found: Any, name: str, most: int) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= most:
        raise _refuse(f"{name} {found!r}: a whole number from 1 to {most:,}"[:200])
    return found


def _classes(found: Any, kind: Any) -> list[Any]:
    kinds = {"int": int, "str": str, "bool": bool, "float": float}
    if not isinstance(kind, str) or kind not in kinds:
        raise _refuse(f"class_kind {kind!r}"[:200])
    if not isinstance(found, list) or not 2 <= len(found) <= _MAX_CLASSES:
        raise _refuse("classes are not a list of at least two labels")
    if not all(type(label) is kinds[kind] for label in found):
        raise _refuse(f"classes are not all {kind}")
    if kind == "int" and not all(-(2**63) <= label < 2**63 for label in found):
        raise _refuse("a class number is outside 64 bits")
    if not all(a < b for a, b in pairwise(found)):
        raise _refuse("classes are not sorted, or one occurs twice")
    return found


def _check_names(parameters: tuple[Parameter, ...], arrays: Mapping[str, np.ndarray], n_replicates: int) -> None:
    if len(arrays) != n_replicates * len(parameters):
        raise _refuse(f"expected {n_replicates * len(parameters)} arrays, found {len(arrays)}")


def _replicate(
    named: tuple[tuple[str, Parameter], ...], arrays: Mapping[str, np.ndarray], replicate: int, dtype: np.dtype
) -> dict[str, np.ndarray]:
    """Arrays of a replicate by the names of today, from those by the names in the file."""
    found: dict[str, np.ndarray] = {}
    for written, p in named:
        name = f"{replicate}/{written}"
        array = arrays.get(name)
        if not isinstance(array, np.ndarray):
            raise _refuse(f"the array {name} is missing")
        if array.dtype != dtype or array.shape != p.shape:
            raise _refuse(f"{name} is {array.dtype} {array.shape}, expected {dtype} {p.shape}")
        if not np.isfinite(array).all():
            raise _refuse(f"{name} holds NaN or infinity")
        if p.role in ("variance", "std") and (array < 0).any():
            raise _refuse(f"{name} holds a negative {p.role}")
        if p.role == "std" and (array == 0).any():
            raise _refuse(f"{name} holds a zero")
        found[p.name] = np.ascontiguousarray(array)
    return found
