"""Label new inputs with a bundle, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from heldout.data.dataset import Skipped
from heldout.deploy.bundle import Bundle, load_bundle
from heldout.errors import DataError, SettingError
from heldout.kinds.base import Kind
from heldout.kinds.registry import kind_named

ROWS_AT_ONCE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Predictions:
    """Labels and probabilities of new inputs.

    Attributes
    ----------
    ids : list of str
        The file's path, or the row number.
    labels : list of str
        The class of each: the most probable one, or by the rule that training chose (``--threshold``).
    probabilities : float64 array, shape (n_inputs, n_classes)
        Columns in the order of `classes`.
    classes : tuple of str
    skipped : tuple of Skipped
        Inputs that could not be read, and why.
    notes : tuple of str
    """

    ids: list[str]
    labels: list[str]
    probabilities: np.ndarray
    classes: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.ids)

    def records(self) -> list[dict[str, Any]]:
        """One plain dict per input: id, label, probability, probabilities by class."""
        return [
            {
                "id": name,
                "label": label,
                "probability": float(row[self.classes.index(label)]),
                "probabilities": dict(zip(self.classes, row.tolist(), strict=True)),
            }
            for name, label, row in zip(self.ids, self.labels, self.probabilities, strict=True)
        ]


def find_bundle(path: str | os.PathLike[str]) -> Path:
    """Find the bundle folder of a run folder, or take the path as the bundle itself.

    Raises
    ------
    SettingError
        If there is neither.
    """
    given = Path(path)
    for folder in (given / "model", given):
        if (folder / "header.json").is_file():
            return folder
    what = "the run has no finished model yet" if given.is_dir() else "no such run"
    raise SettingError(
        what, where=str(given), fix="name a folder that `heldout train` wrote, or finish it with --resume"
    )


def predict(model: str | os.PathLike[str], inputs: Any, *, strict: bool = True) -> Predictions:
    """Label image or sound files (or folders of them), table files, or the rows of a DataFrame.

    Parameters
    ----------
    model : path
        A run folder or a bundle folder.
    inputs : list of paths, or DataFrame, or binary stream of CSV
    strict : bool, default=True
        An input that cannot be read is an error; otherwise it is skipped and named.

    Raises
    ------
    DataError
        If an input cannot be read, or columns are missing.
    ArtifactError
        If the bundle is damaged.
    """
    bundle = load_bundle(find_bundle(model))
    if kind_named(bundle.input["kind"]).files is None:
        return _predict_rows(bundle, inputs)
    return _predict_files(bundle, inputs, strict)


def _finish(
    bundle: Bundle, ids: list[str], probabilities: np.ndarray, skipped: list[Skipped], notes: list[str]
) -> Predictions:
    labels = [bundle.classes[i] for i in bundle.decide(probabilities)]
    if bundle.rule is not None:
        notes = [*notes, f"labels follow a rule that was chosen in training ({bundle.rule.chosen})"]
    return Predictions(ids, labels, probabilities, bundle.classes, tuple(skipped), (*bundle.notes, *notes))


def _predict_rows(bundle: Bundle, inputs: Any) -> Predictions:
    from heldout.data.tables import read_rows

    sources = inputs if isinstance(inputs, list | tuple) else [inputs]
    ids: list[str] = []
    notes: list[str] = []
    parts = []
    for source in sources:
        if isinstance(source, str | os.PathLike):
            _require_table(Path(source))
            source = Path(source)
        frame, rows, _, found = read_rows(source, bundle.input)
        prefix = f"{source}:" if len(sources) > 1 else ""
        ids += [f"{prefix}{row}" for row in rows]
        notes += found
        parts.append(bundle.probabilities(frame))
    return _finish(bundle, ids, np.concatenate(parts), [], notes)


def _require_table(path: Path) -> None:
    from heldout.data.tables import SUFFIXES

    if not path.exists():
        raise DataError("no such file", where=str(path), fix="check the path")
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            "the model was trained on a table, and this is none", where=str(path), fix="give a " + ", ".join(SUFFIXES)
        )


def _predict_files(bundle: Bundle, inputs: Sequence[str | os.PathLike[str]], strict: bool) -> Predictions:
    """Label images or sounds, some at a time, so that a folder of any size fits into memory."""
    kind = kind_named(bundle.input["kind"])
    step = max(1, ROWS_AT_ONCE_BYTES // kind.row_bytes(bundle.input))
    rows: list[np.ndarray] = []
    parts: list[np.ndarray] = []
    ids: list[str] = []
    skipped: list[Skipped] = []
    for path in _paths(inputs, kind):
        try:
            rows.append(kind.read_input(path, bundle.input))
            ids.append(str(path))
        except DataError as error:
            if strict:
                raise
            skipped.append(Skipped(str(path), error.what))
        if len(rows) == step:
            parts.append(bundle.probabilities(np.stack(rows)))
            rows = []
    if not ids:
        raise DataError(
            f"none of the inputs is a usable {kind.row}",
            where=str(inputs[0]) if inputs else "",
            fix=f"name {kind.row} files",
        )
    if rows:
        parts.append(bundle.probabilities(np.stack(rows)))
    return _finish(bundle, ids, np.concatenate(parts), skipped, [])


def _paths(inputs: Sequence[str | os.PathLike[str]], kind: Kind) -> Iterator[Path]:
    """Files as named; of a folder, the files below it that end like the kind."""
    from heldout.data.listing import walk

    media = kind.files
    assert media is not None
    for item in inputs:
        path = Path(item)
        if path.is_dir():
            names = [name for name in walk(path).names if media.holds(name)]
            if not names:
                raise DataError(
                    f"no {kind.rows} in this folder", where=str(path), fix=f"name {kind.row} files, or another folder"
                )
            yield from (path / name for name in names)
        elif not path.exists():
            raise DataError("no such file", where=str(path), fix="check the path")
        else:
            yield path
