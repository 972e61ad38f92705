"""What a run says in numbers while its seal is closed."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np

from heldout.evaluate.metrics import metrics
from heldout.job.preparing import Prepared
from heldout.run.metrics import SCHEMA
from heldout.run.settings import TrainSettings
from heldout.select.choice import Choice, out_of_fold_probabilities
from heldout.select.refit import Fitted
from heldout.select.results import candidate_record
from heldout.select.selection import Selection


def metrics_of(
    prepared: Prepared, plan: Selection, choice: Choice, fitted: Fitted, settings: TrainSettings, started: float
) -> dict[str, Any]:
    """Everything of ``metrics.json`` that is known while the seal is closed."""
    data, split = plan.data, prepared.split
    counts = np.bincount(data.y, minlength=data.n_classes)
    probabilities = out_of_fold_probabilities(plan, choice.result)
    found = None
    if probabilities is not None:
        found = metrics(plan.y, probabilities, classes=data.classes, predictions=choice.result.predicted)
    finished = [result for result in plan.results if result.status == "finished"]
    return {
        "schema": SCHEMA,
        "data": {
            "name": data.name,
            "kind": data.kind,
            "fingerprint": split.fingerprint,
            "test_fingerprint": prepared.sealed.fingerprint,
            "rows": split.n_rows,
            "train": len(data),
            "test": prepared.sealed.n,
            "left_out": len(split.left_out),
            "shape": list(data.x.shape[1:]),
            "classes": list(data.classes),
            "train_counts": dict(zip(data.classes, counts.tolist(), strict=True)),
            "test_counts": dict(prepared.sealed.counts),
            "groups": len(np.unique(data.groups)) if data.groups is not None else len(data),
            "copies": dataclasses.asdict(split.copies) if split.copies else {"rows": 0, "groups": 0, "note": ""},
            "skipped": [[item.id, item.reason] for item in data.skipped],
            "notes": list(split.notes),
        },
        "chosen": {
            "model": choice.result.name,
            "title": choice.result.title,
            "why": choice.why,
            "best": choice.best.name,
            "fitted_on": fitted.n_rows,
            "note": fitted.note,
            "parameters": fitted.parameters,
            "fit_seconds": fitted.seconds,
        },
        "candidates": [candidate_record(result) for result in plan.results],
        "cross_validated_rows": len(plan.rows),
        "cross_validation": {
            "folds": plan.n_folds,
            "repeats": len(plan.folds) // plan.n_folds,
            "models_compared": len(finished),
            "out_of_fold": found,
        },
        "seed": settings.seed,
        "seconds": time.monotonic() - started,
    }
