"""What a run says in numbers while its seal is closed."""

from __future__ import annotations

import numpy as np

from heldout.evaluate.metrics import metrics
from heldout.job.preparing import Prepared
from heldout.run.metrics import ChosenRecord, CrossValidation, DataRecord
from heldout.run.split import CopiesRecord
from heldout.select.choice import Choice, out_of_fold_probabilities
from heldout.select.refit import Fitted
from heldout.select.selection import Selection


def data_record(prepared: Prepared) -> DataRecord:
    """The data, counted."""
    data, sealed, split = prepared.train, prepared.sealed, prepared.split
    counts = np.bincount(data.y, minlength=data.n_classes)
    return DataRecord(
        name=data.name,
        kind=data.kind,
        fingerprint=split.fingerprint,
        test_fingerprint=sealed.fingerprint,
        rows=split.n_rows,
        train=len(data),
        test=sealed.n,
        left_out=len(split.left_out),
        shape=tuple(data.x.shape[1:]),
        classes=data.classes,
        train_counts=dict(zip(data.classes, counts.tolist(), strict=True)),
        test_counts=dict(sealed.counts),
        groups=len(np.unique(data.groups)) if data.groups is not None else len(data),
        copies=split.copies or CopiesRecord(rows=0, groups=0, note=""),
        skipped=tuple((item.id, item.reason) for item in data.skipped),
        notes=split.notes,
    )


def chosen_record(choice: Choice, fitted: Fitted, bundle: str) -> ChosenRecord:
    """The chosen model; ``bundle`` is the hash of what was saved."""
    return ChosenRecord(
        model=choice.result.name,
        title=choice.result.title,
        why=choice.why,
        best=choice.best.name,
        fitted_on=fitted.n_rows,
        note=fitted.note,
        parameters=fitted.parameters,
        fit_seconds=fitted.seconds,
        bundle=bundle,
    )


def cross_validation_record(plan: Selection, choice: Choice) -> CrossValidation:
    """Folds and repeats, and the metrics of the chosen model out of fold."""
    probabilities = out_of_fold_probabilities(plan, choice.result)
    found = None
    if probabilities is not None:
        found = metrics(plan.y, probabilities, classes=plan.data.classes, predictions=choice.result.predicted)
    return CrossValidation(
        folds=plan.n_folds,
        repeats=len(plan.folds) // plan.n_folds,
        models_compared=sum(result.status == "finished" for result in plan.results),
        out_of_fold=found,
    )
