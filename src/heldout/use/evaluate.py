"""Score a trained model on other labelled data, and keep the seal closed while doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.deploy.bundle import Bundle, load_bundle
from heldout.errors import DataError, LabelError, LeakageError
from heldout.evaluate.grouping import errors_by_class, group_classes, parse_coarse
from heldout.evaluate.scoring import score
from heldout.kinds.registry import kind_named, kind_of
from heldout.run.folder import RunFolder
from heldout.run.identity import short
from heldout.run.split import read_split
from heldout.use.predict import find_bundle


def evaluate(
    run: str, data: str, *, mirror: str | None = None, allow_leak: bool = False, coarse: str = ""
) -> dict[str, Any]:
    """Compute all metrics of a run's model on other labelled data.

    Rows that the model was trained on are left out, and named; labels that the model does not know count as wrong,
    and are named. The sealed rows of the run itself are refused: only `assess` opens them, on record.

    Parameters
    ----------
    coarse : str, optional
        Groups of classes, ``animal: cat, dog; vehicle: car``: their metrics come as ``coarse``, the probability of a
        group being the sum over its classes.

    Returns
    -------
    dict
        As "test" in ``metrics.json``, with ``notes``.

    Raises
    ------
    LeakageError
        If the data hold sealed rows of this run, or nothing but rows that it was trained on.
    """
    groups = parse_coarse(coarse) if coarse else None
    folder = RunFolder(run).require_run()
    bundle = load_bundle(find_bundle(run))
    given, notes = _load(bundle, data, mirror)
    n_known = len(bundle.classes)
    kept, leaks = _unseen(folder, given, data, allow_leak)
    notes += leaks
    given = given.take(kept)
    unknown = [given.classes[c] for c in np.unique(given.y) if c >= n_known]
    if unknown:
        count = int((given.y >= n_known).sum())
        notes.append(
            f"{count} {'row has a label' if count == 1 else 'rows have labels'} that the model does not know, and "
            f"{'counts' if count == 1 else 'count'} as wrong: {', '.join(unknown[:10])}"
        )
    probabilities = np.zeros((len(given), len(given.classes)))
    probabilities[:, :n_known] = bundle.probabilities(given.x)
    decided = None if bundle.rule is None else bundle.decide(probabilities[:, :n_known])
    scored = score(given.y, probabilities, given.classes, predictions=decided)
    found = dict(scored.metrics) | scored.interval_record()
    found |= {"classes": list(given.classes), "notes": notes}
    return found | ({"coarse": _coarse(given, probabilities, groups)} if groups else {})


def _coarse(given: Dataset, probabilities: np.ndarray, groups: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Metrics of groups of classes, and of which classes the mistakes between groups are made."""
    grouping = group_classes(given.classes, groups)
    together = grouping.probabilities(probabilities)
    scored = score(grouping.labels(given.y), together, grouping.coarse)
    counts = errors_by_class(given.y, together.argmax(axis=1), grouping)
    errors = [
        {"class": grouping.fine[fine], "taken_for": grouping.coarse[guess], "rows": int(counts[guess, fine])}
        for guess, fine in zip(*np.nonzero(counts), strict=True)
    ]
    found = dict(scored.metrics) | {f"{key}_ci": [float(e) for e in ends] for key, ends in scored.intervals.items()}
    return found | {"classes": list(grouping.coarse), "errors": sorted(errors, key=lambda one: -one["rows"])}


def _load(bundle: Bundle, data: str, mirror: str | None) -> tuple[Dataset, list[str]]:
    """Load labelled data in the form that the bundle wants; classes are the bundle's, then any others."""
    from heldout.data.named import NAMED
    from heldout.kinds.loading import load

    kind = kind_named(bundle.input["kind"])
    if kind.files is None and data not in NAMED:
        return _load_table(bundle, data)
    is_folder = data not in NAMED and Path(data).is_dir()
    loaded = load(data, mirror=mirror, **(kind.settings_like(bundle.input) if is_folder else {}))
    if loaded.kind != kind.name:
        raise DataError(f"The model takes {kind.name}, these are {loaded.kind}", where=data, fix="give other data")
    classes = bundle.classes + tuple(c for c in loaded.classes if c not in bundle.classes)
    place = {name: number for number, name in enumerate(classes)}
    y = np.asarray([place[loaded.classes[c]] for c in range(loaded.n_classes)])[loaded.y]
    return replace(loaded, x=_features(bundle, loaded, data), y=y, classes=classes), list(loaded.notes)


def _features(bundle: Bundle, loaded: Dataset, data: str) -> Any:
    """Features as the bundle wants them; images of another form are read anew, by the rule of the training images."""
    kind = kind_of(loaded)
    if kind.has_columns:
        names = [column["name"] for column in bundle.input["columns"]]
        missing = [name for name in names if name not in loaded.x.columns]
        if missing:
            raise DataError(
                f"columns are missing: {', '.join(missing[:10])}", where=data, fix="give the model's columns"
            )
        return loaded.x[names]
    if dict(loaded.input) == bundle.input:
        return loaded.x
    shape = kind.row_shape(bundle.input)
    if not Path(data).is_dir():
        if tuple(loaded.x.shape[1:]) != shape or loaded.input.get("rate") != bundle.input.get("rate"):
            raise DataError(
                f"{kind.rows} are {loaded.x.shape[1:]}, the model takes {shape}", where=data, fix="give other data"
            )
        return loaded.x
    return np.stack([kind.read_input(Path(data) / name, bundle.input) for name in loaded.ids])


def _load_table(bundle: Bundle, data: str) -> tuple[Dataset, list[str]]:
    from heldout.data.tables import read_rows

    if not Path(data).exists():
        raise DataError("no such file", where=data, fix="check the path")
    frame, ids, labels, notes = read_rows(Path(data), bundle.input)
    target = bundle.input.get("target")
    if labels is None:
        raise LabelError(
            f"there is no column {target!r} with the true labels", where=data, fix="`heldout predict` needs none"
        )
    empty = np.flatnonzero(np.asarray([not label for label in labels]))
    if len(empty):
        raise LabelError(
            f"{len(empty)} rows have no label (first: row {empty[0]})", where=data, fix="fill in or remove them"
        )
    classes = bundle.classes + tuple(sorted(set(labels) - set(bundle.classes)))
    place = {name: number for number, name in enumerate(classes)}
    y = np.asarray([place[label] for label in labels], dtype=np.int64)
    return Dataset(Path(data).stem, "table", frame, y, classes, ids, input=bundle.input), notes


def _unseen(folder: RunFolder, given: Dataset, data: str, allow_leak: bool) -> tuple[np.ndarray, list[str]]:
    """Rows that are neither sealed nor (unless ``allow_leak``) trained on, by content, whatever their label."""
    split = read_split(folder)
    digests = short(kind_of(given).content_digests(given))
    sealed = np.isin(digests, np.asarray(split.test_content, dtype=digests.dtype))
    trained = np.isin(digests, np.asarray(split.train_content, dtype=digests.dtype)) & ~sealed
    if sealed.any():
        raise LeakageError(
            f"{int(sealed.sum())} of {len(given)} rows are sealed test rows of this run "
            f"(first: {given.ids[np.flatnonzero(sealed)[0]]})",
            where=data,
            fix=f"`heldout assess {folder.path}` opens the seal, on record; or evaluate on other data",
        )
    if allow_leak:
        return np.arange(len(given)), []
    if trained.all():
        raise LeakageError(
            "the model was trained on every one of these rows",
            where=data,
            fix="evaluate on other data, or add --allow-leak",
        )
    notes = []
    if trained.any():
        first = given.ids[np.flatnonzero(trained)[0]]
        notes.append(f"{int(trained.sum())} rows are left out: the model was trained on them (first: {first})")
    return np.flatnonzero(~trained), notes
