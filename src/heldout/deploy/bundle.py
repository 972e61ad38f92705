"""A trained model as a folder of plain data: ``header.json``, ``arrays.safetensors`` and ``SHA256SUMS``.

The sums are checked before anything is parsed, every bound before anything is built, and nothing in the files
can name code. Settings that only matter for fitting are not kept: a loaded model predicts, and is not fitted
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from heldout.deploy.folder import ARRAYS, HEADER, REMEDY, read_folder, write_folder
from heldout.deploy.registry import apart, has_net, put_together, same_alone, take_apart
from heldout.deploy.strict_json import read_strict, write_strict
from heldout.deploy.tensors import pack_arrays, unpack_arrays
from heldout.errors import ArtifactError, SettingError, ShapeError
from heldout.evaluate.rules import Rule, rule_from

SCHEMA = 1
DEFAULT_BATCH, MAX_BATCH = 256, 4096
# MKL's products differ in last bits between even and odd rows (measured with AVX-512): nets get rows at even places.
NET_SPACING = 2
_KEYS = {"schema", "versions", "created", "classes", "batch", "threads", "input", "info", "model"}


@dataclass(frozen=True)
class Bundle:
    """A loaded model and what is needed to use it.

    Attributes
    ----------
    model : estimator
        With ``predict_proba``; its classes are numbers, positions in `classes`.
    classes : tuple of str
    input : dict
        How one new input becomes a row.
    info : dict
        What the writer wanted to say.
    header : dict
        Everything in ``header.json``.
    notes : tuple of str
        Sentences that a person should read, such as that it was written by another scikit-learn.
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

    def probabilities(self, x: Any, *, batch: int | None = None) -> np.ndarray:
        """Probabilities of `classes`, float64, shape (n_rows, n_classes).

        A row gets the same bits alone and among any others: where the model multiplies matrices, rows (after the
        steps that treat each row by itself) go through it in batches of one fixed shape, the last one filled up with
        copies of its first row, with one thread per product. A class that the model never saw in training gets 0. For
        nets this was measured, not promised by torch; ``batch=1`` makes it certain, and slower.

        Parameters
        ----------
        x : array or DataFrame
            Rows as the model was fitted on.
        batch : int, optional
            Rows per batch; by default what the header records. Another number may change last bits.

        Raises
        ------
        ShapeError
            If the model cannot take rows of this shape.
        SettingError
            If `batch` is impossible.
        """
        size = self.header["batch"] if batch is None else batch
        if not 1 <= size <= MAX_BATCH:
            raise SettingError(f"batch is {size}", fix=f"use 1 to {MAX_BATCH}")
        ahead, rest = apart(self.model)
        fill = not same_alone(rest)
        spacing = NET_SPACING if size >= NET_SPACING and has_net(self.model) else 1
        step = size // spacing
        # With several threads a product is cut up differently, which moves last bits too.
        with threadpool_limits(1, user_api="blas"):
            parts = [
                self._one_batch(ahead, rest, _rows(x, start, start + step), size if fill else 0, spacing)
                for start in range(0, len(x), step)
            ]
        return np.concatenate([np.empty((0, len(self.classes))), *parts])

    def _one_batch(self, ahead: Sequence[Any], rest: Any, rows: Any, size: int, spacing: int) -> np.ndarray:
        """Probabilities of these rows, `spacing` apart in a batch filled up to `size` after the steps `ahead`."""
        n_rows, shape = len(rows), np.shape(rows)[1:]
        try:
            for step in ahead:
                rows = step.transform(rows)
            if n_rows * spacing < size or spacing > 1:
                places = np.zeros(size, dtype=np.int64)
                places[: n_rows * spacing] = np.repeat(np.arange(n_rows), spacing)
                rows = _pick(rows, places)
            given = np.asarray(rest.predict_proba(rows), dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise ShapeError(
                f"the model cannot take these rows (shape {shape}): {str(error)[:300]}",
                fix="prepare the rows as the bundle's `input` says",
            ) from error
        numbers = np.asarray(rest.classes_)
        if given.shape != (len(rows), len(numbers)):
            raise ShapeError(f"the model gave probabilities of shape {given.shape} for {len(numbers)} classes")
        out = np.zeros((n_rows, len(self.classes)))
        out[:, numbers] = given[: n_rows * spacing : spacing]
        return out


def _rows(x: Any, start: int, end: int) -> Any:
    return x.iloc[start:end] if hasattr(x, "iloc") else x[start:end]


def _pick(x: Any, rows: np.ndarray) -> Any:
    return x.iloc[rows] if hasattr(x, "iloc") else x[rows]


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
        Plain JSON. ``info["batch"]``, where given, becomes the fixed batch of `Bundle.probabilities`.

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
    batch = info.get("batch", DEFAULT_BATCH)
    if type(batch) is not int or not 1 <= batch <= MAX_BATCH:
        raise SettingError(f"batch is {batch!r}", fix=f"use a whole number from 1 to {MAX_BATCH}")
    header = {
        "schema": SCHEMA,
        "versions": _versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "classes": classes,
        "batch": batch,
        "threads": _threads(),
        "input": input,
        "info": info,
        "model": tree,
    }
    return write_strict(header, where=str(folder / HEADER)), pack_arrays(arrays)


def _versions() -> dict[str, str]:
    """Versions of what decides the bits of a prediction; torch only where it is in use."""
    import sys
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
    return Bundle(model, classes, header["input"], header["info"], header, _notes(header["versions"]), rule)


def _check_header(header: Any, where: str) -> None:
    problem = ""
    if not isinstance(header, dict):
        problem = "is not a JSON object"
    elif type(header.get("schema")) is not int or header["schema"] != SCHEMA:
        problem = f"has schema {str(header.get('schema'))[:20]!r}; this heldout reads {SCHEMA}"
    elif set(header) != _KEYS:
        problem = f"has other keys than expected: {', '.join(sorted(set(header) ^ _KEYS))[:200]}"
    elif not _are_names(header["classes"]):
        problem = "must list its classes: different texts"
    elif not (type(header["batch"]) is int and 1 <= header["batch"] <= MAX_BATCH):
        problem = f"has a batch that is not 1 to {MAX_BATCH}"
    elif not all(isinstance(header[name], dict) for name in ("versions", "input", "info")):
        problem = "must have objects for versions, input and info"
    elif not all(type(value) is str and len(value) < 100 for value in header["versions"].values()):
        problem = "must have texts for versions"
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
    here = _versions()
    return tuple(
        f"written with {name} {versions[name]}, read with {here[name]}: last bits of probabilities may differ"
        for name in ("scikit-learn", "numpy")
        if name in versions and versions[name].split(".")[:2] != here[name].split(".")[:2]
    )
