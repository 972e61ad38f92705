"""JSON from an untrusted file: its size, depth and number of values are bounded before anything is built."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np

from heldout.errors import ArtifactError

# A parsed value costs up to about 250 bytes and a character up to 4: these keep parsing well below 64 MB.
MAX_BYTES = 4 * 2**20
MAX_VALUES = 100_000
MAX_DEPTH = 40

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


def write_strict(value: Any, *, where: str) -> bytes:
    """Give `value` as readable ASCII JSON that `read_strict` accepts.

    Raises
    ------
    ArtifactError
        If `value` is not plain JSON (NaN counts as not plain) or beyond the limits of the reader.
    """
    try:
        content = json.dumps(value, indent=1, ensure_ascii=True, allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise ArtifactError(
            f"not plain JSON: {error}",
            where=where,
            fix="use dict with str keys, list, str, int, finite float, bool and None only",
        ) from error
    read_strict(content, where=where)
    return content


def read_strict(content: bytes, *, where: str) -> Any:
    """Parse ASCII JSON without repeated keys, NaN, infinities, deep nesting or a mass of values.

    Raises
    ------
    ArtifactError
        If the content is anything else; nothing is built before size, depth and count are known.
    """
    _check_bounds(content, where)
    try:
        return json.loads(
            content.decode("ascii"),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"not valid JSON: {str(error)[:200]}", where=where) from error


def _check_bounds(content: bytes, where: str) -> None:
    if len(content) > MAX_BYTES:
        raise ArtifactError(f"{len(content)} bytes of JSON, at most {MAX_BYTES} are read", where=where)
    marks = np.frombuffer(_STRINGS.sub(b'"', content), dtype=np.uint8)
    opened = (marks == ord("[")) | (marks == ord("{"))
    closed = (marks == ord("]")) | (marks == ord("}"))
    depth = int(np.cumsum(opened.astype(np.int32) - closed).max(initial=0))
    if depth > MAX_DEPTH:
        raise ArtifactError(f"JSON nested {depth} deep, at most {MAX_DEPTH} is read", where=where)
    n_values = int(opened.sum()) + int((marks == ord(",")).sum())
    if n_values > MAX_VALUES:
        raise ArtifactError(f"{n_values} values of JSON, at most {MAX_VALUES} are read", where=where)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is beyond the range of numbers")
    return value
