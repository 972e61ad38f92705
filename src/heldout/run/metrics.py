"""`metrics.json`: the run in numbers."""

from __future__ import annotations

from typing import Any

from heldout.errors import ArtifactError
from heldout.run.folder import RunFolder

SCHEMA = 2
"""2 renamed two keys of 1, which is still read: see `_upgraded`."""


def read_metrics(folder: RunFolder) -> dict[str, Any]:
    """Read ``metrics.json`` of a finished run.

    Raises
    ------
    ArtifactError
        If it is missing, damaged, or written by a newer heldout.
    """
    values: dict[str, Any] = folder.read_json("metrics.json")
    where = str(folder.path / "metrics.json")
    schema = values.get("schema")
    if type(schema) is not int or schema > SCHEMA:
        raise ArtifactError(
            f"it has schema {str(schema)[:20]}; this heldout reads up to {SCHEMA}",
            where=where,
            fix="pip install --upgrade heldout, or train again",
        )
    values = _upgraded(values)
    kinds = {"data": dict, "chosen": dict, "candidates": list, "cross_validation": dict}
    wrong = [key for key, kind in kinds.items() if not isinstance(values.get(key), kind)]
    if wrong:
        raise ArtifactError(f"it has no {wrong[0]!r} that can be read", where=where, fix="train again")
    return values


_RENAMED = {"ladder": "candidates", "ladder_rows": "cross_validated_rows"}


def _upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """The same numbers under the keys of today's schema."""
    if values["schema"] == SCHEMA:
        return values
    return {_RENAMED.get(key, key): value for key, value in values.items()} | {"schema": SCHEMA}


def write_metrics(folder: RunFolder, values: dict[str, Any]) -> None:
    """Write ``metrics.json``."""
    folder.write_json("metrics.json", values)


def without_times(values: Any) -> Any:
    """``metrics.json`` less everything that a clock measured, to compare two runs."""
    if isinstance(values, dict):
        return {k: without_times(v) for k, v in values.items() if "seconds" not in k and k != "time"}
    if isinstance(values, list):
        return [without_times(value) for value in values]
    return values
