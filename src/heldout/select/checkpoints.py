"""Checkpoints of cross-validation: what a killed run need not compute again."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from heldout.files import write_bytes, write_json
from heldout.select.results import CandidateResult

_PLAIN = ("name", "status", "folds", "calibrated", "parameters", "seconds", "history", "se_floor", "setting")
_RENAMED = {"least_error": "se_floor"}  # by heldout after 0.1.0


def save_candidate(folder: Path, key: str, result: CandidateResult) -> None:
    """Keep a finished candidate. ``key`` names the data and settings that it is true for."""
    folder.mkdir(exist_ok=True)
    arrays = {name: value for name in ("predicted", "scores") if (value := getattr(result, name)) is not None}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_bytes(folder / f"{result.name}.npz", buffer.getvalue())
    # Written last: a checkpoint without its JSON does not count.
    write_json(folder / f"{result.name}.json", {"key": key, **{name: getattr(result, name) for name in _PLAIN}})


def load_candidate(folder: Path, key: str, result: CandidateResult, n_rows: int) -> bool:
    """Fill in a candidate that an earlier run finished under the same key; False if there is none that can be used."""
    try:
        values: dict[str, Any] = json.loads((folder / f"{result.name}.json").read_text("utf-8"))
        values = {_RENAMED.get(name, name): value for name, value in values.items()}
        if values.pop("key") != key or values.pop("name") != result.name or set(values) != set(_PLAIN) - {"name"}:
            return False
        path = folder / f"{result.name}.npz"
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            predicted, scores = arrays["predicted"], arrays.get("scores")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return False
    if predicted.shape != (n_rows,) or (scores is not None and len(scores) != n_rows):
        return False
    for name, value in values.items():
        setattr(result, name, value)
    result.predicted, result.scores = predicted, scores
    return True
