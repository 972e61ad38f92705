"""A trained model as a folder of plain data: ``header.json``, ``arrays.safetensors`` and ``SHA256SUMS``.

The sums are checked before anything is parsed, every bound before anything is built, and nothing in the files
can name code. Settings that only matter for fitting are not kept: a loaded model predicts, and is not fitted
again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from heldout.deploy.folder import ARRAYS, HEADER, REMEDY, read_folder, write_folder
from heldout.deploy.registry import put_together, split_at_net, take_apart
from heldout.deploy.strict_json import read_strict, write_strict
from heldout.deploy.tensors import pack_arrays, unpack_arrays
from heldout.errors import ArtifactError, SettingError, ShapeError
from heldout.evaluate.rules import Rule, rule_from

SCHEMA = 1
MAX_BATCH = 4096
_ROOM = 2**22
"""Numbers of the rows that are prepared together, or so."""
_MOST_ROWS = 2**13
_KEYS = {"schema", "versions", "created", "classes", "batch", "threads", "input", "info", "model"}


@dataclass(frozen=True)
class Bundle:
    """A loaded model and what is needed to use it.

    Attributes
    ----------
    model : object
        With ``predict_proba``; its ``classes_`` are numbers, positions in `classes`. One of `heldout.deploy.kinds`, or
        a `heldout.NetClassifier`.
    classes : tuple of str
    input : dict
        How one new input becomes a row.
    info : dict
        What the writer wanted to say.
    header : dict
        Everything in ``header.json``.
    notes : tuple of str
        Sentences that a person should read, such as that a net was written by another torch.
    rule : Rule or None
        How probabilities become labels, from ``info["decision"]``; None: the most probable class.
    """

    model: Any
    classes: tuple[str, ...]
    input: dict[str, Any]
    info: dict[str, Any]
    header: dict[str, Any]
    notes: tuple[str, ...]
    rule: Rule | None = None

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Class numbers for probabilities (n_rows, n_classes): by the rule that the model was trained with, if any."""
        return probabilities.argmax(axis=1) if self.rule is None else self.rule.decide(probabilities)

    def probabilities(self, x: Any, *, batch: int = 1) -> np.ndarray:
        """Probabilities of `classes`, float64, shape (n_rows, n_classes).

        A row gets the same bits alone and among any others, in any order. Models of `heldout.deploy.kinds` add up in an
        order that no other row, no number of threads and no library decides; nets compute one row at a time. A class
        that the model never saw in training gets 0.

        Parameters
        ----------
        x : array or DataFrame
            Rows as the model was fitted on.
        batch : int, default=1
            Rows that a net computes at a time, at most 4096. More are faster, and then last bits may depend on which
            rows are computed together. Other models take no notice.

        Raises
        ------
        ShapeError
            If the model cannot take rows of this shape.
        SettingError
            If `batch` is impossible.
        """
        if not 1 <= batch <= MAX_BATCH:
            raise SettingError(f"batch is {batch}", fix=f"use 1 to {MAX_BATCH}")
        n_numbers = int(np.prod(np.shape(x)[1:], dtype=np.int64))
        step = min(_MOST_ROWS, max(1, _ROOM // max(1, n_numbers)))
        parts = [self._ask(_rows(x, start, start + step), batch) for start in range(0, len(x), step)]
        return np.concatenate([np.empty((0, len(self.classes))), *parts])

    def _ask(self, rows: Any, batch: int) -> np.ndarray:
        """Probabilities of these rows, for all classes of the bundle."""
        n_rows, shape = len(rows), np.shape(rows)[1:]
        numbers = np.asarray(self.model.classes_)
        prefix, net = split_at_net(self.model)
        try:
            if net is None:
                given = np.asarray(self.model.predict_proba(rows), dtype=np.float64)
            else:
                for step in prefix:
                    rows = step.transform(rows)
                given = net.replicate_probabilities(rows, rows_together=batch).mean(axis=0)
        except (ValueError, TypeError) as error:
            raise ShapeError(
                f"the model cannot take these rows (shape {shape}): {str(error)[:300]}",
                fix="prepare the rows as the bundle's `input` says",
            ) from error
        if given.shape != (n_rows, len(numbers)):
            raise ShapeError(f"the model gave probabilities of shape {given.shape} for {len(numbers)} classes")
        out = np.zeros((n_rows, len(self.classes)))
        out[:, numbers] = given
        return out


def _rows(x: Any, start: int, end: int) -> Any:
    return x.iloc[start:end] if hasattr(x, "iloc") else x[start:end]


def save_bundle(
    folder: Path | str,
    model: Any,
    *,
    classes: Sequence[str],
    input: Mapping[str, Any],
    info: Mapping[str, Any],
) -> None:
    """Write a fitted model as a bundle, whole or not at all; an earlier bundle there is replaced.

    Parameters
    ----------
    folder : path
        Will hold exactly three files.
    model : fitted classifier
        Of the kinds in `heldout.deploy.registry`, fitted on class numbers.
    classes : sequence of str
        Labels by class number.
    input, info : mapping
        Plain JSON.

    Raises
    ------
    SettingError
        If the model is not one that a bundle can hold, or the folder holds something else.
    ArtifactError
        If `input` or `info` is not plain JSON.
    DiskError
        If it cannot be written; an earlier bundle stays as it was.
    """
    folder = Path(folder)
    header, blob = _contents(folder, model, list(classes), dict(input), dict(info))
    write_folder(folder, header, blob)


def _contents(
    folder: Path, model: Any, classes: list[str], input: dict[str, Any], info: dict[str, Any]
) -> tuple[bytes, bytes]:
    if not classes or len(set(classes)) != len(classes) or not all(type(name) is str for name in classes):
        raise SettingError(f"classes must be different texts, got {str(classes)[:200]}")
    tree, arrays = take_apart(model)
    if not hasattr(model, "predict_proba"):
        raise SettingError(
            f"{type(model).__name__} gives no probabilities",
            fix="wrap it: heldout.models.calibrated.SoftmaxCalibrated.from_out_of_fold(...)",
        )
    numbers = np.asarray(model.classes_)
    if numbers.max() >= len(classes):
        raise SettingError(f"the model knows class {numbers.max()}, but there are {len(classes)} class names")
    header = {
        "schema": SCHEMA,
        "versions": _versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "classes": classes,
        "batch": 1,  # rows that a net computes at a time; 0.1.0 evaluated all models in batches
        "threads": _threads(),
        "input": input,
        "info": info,
        "model": tree,
    }
    return write_strict(header, where=str(folder / HEADER)), pack_arrays(arrays)


def _versions() -> dict[str, str]:
    """Versions of what decides the bits of a prediction; torch only where it is in use."""
    from importlib.metadata import version

    import sklearn

    import heldout

    versions = {"heldout": heldout.__version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__}
    return versions | ({"torch": version("torch")} if "torch" in sys.modules else {})


def _threads() -> int:
    """Threads that matrix products may use now."""
    return max([entry["num_threads"] for entry in threadpool_info()], default=1)


def load_bundle(folder: Path | str) -> Bundle:
    """Read a bundle, checking everything; no code comes from the files.

    Raises
    ------
    ArtifactError
        If anything is missing, damaged, foreign, out of range or left over.
    MissingExtraError
        If it holds a net and torch is not installed.
    """
    folder = Path(folder)
    header_bytes, blob = read_folder(folder)
    where = str(folder / HEADER)
    header = read_strict(header_bytes, where=where)
    _check_header(header, where)
    arrays = unpack_arrays(blob, where=str(folder / ARRAYS))
    classes = tuple(header["classes"])
    model = put_together(header["model"], arrays, n_classes=len(classes), where=where)
    if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
        raise ArtifactError(f"{type(model).__name__} gives no probabilities", where=where, fix=REMEDY)
    decision = header["info"].get("decision")
    rule = None if decision is None else rule_from(decision, len(classes), where=where)
    notes = _notes(header["versions"]) if split_at_net(model)[1] is not None else ()
    return Bundle(model, classes, header["input"], header["info"], header, notes, rule)


def _check_header(header: Any, where: str) -> None:
    problem, newer = "", False
    if not isinstance(header, dict):
        problem = "is not a JSON object"
    elif type(header.get("schema")) is not int or header["schema"] != SCHEMA:
        problem = f"has schema {str(header.get('schema'))[:20]!r}; this heldout reads {SCHEMA}"
        newer = type(header.get("schema")) is int and header["schema"] > SCHEMA
    elif not set(header) >= _KEYS:
        problem = f"lacks {', '.join(sorted(_KEYS - set(header)))}"
    elif set(header) > _KEYS:
        problem = f"has keys that this version does not know: {', '.join(sorted(set(header) - _KEYS))[:200]}"
        newer = True
    elif not _are_names(header["classes"]):
        problem = "must list its classes: different texts"
    elif not (type(header["batch"]) is int and 1 <= header["batch"] <= MAX_BATCH):
        problem = f"has a batch that is not 1 to {MAX_BATCH}"
    elif not all(isinstance(header[name], dict) for name in ("versions", "input", "info")):
        problem = "must have objects for versions, input and info"
    elif not all(type(value) is str and len(value) < 100 for value in header["versions"].values()):
        problem = "must have texts for versions"
    if newer:
        raise ArtifactError(
            f"the header {problem}; it was written by a newer heldout", where=where, fix="pip install -U heldout"
        )
    if problem:
        raise ArtifactError(f"the header {problem}", where=where, fix=REMEDY)


def _are_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= 1
        and all(type(name) is str for name in value)
        and len(set(value)) == len(value)
    )


def _notes(versions: dict[str, str]) -> tuple[str, ...]:
    """What another torch may mean for last bits; what else is written with does not matter."""
    torch = sys.modules.get("torch")
    here = "" if torch is None else str(torch.__version__)
    there = versions.get("torch", "")
    if not here or not there or there.split(".")[:2] == here.split(".")[:2]:
        return ()
    return (f"written with torch {there}, read with {here}: last bits of probabilities may differ",)
