"""What copies mean for labels and splits."""

from __future__ import annotations

import numpy as np

from heldout.data.dataset import Dataset
from heldout.kinds.copies.groups import Copies
from heldout.look.findings import Finding, finding, percent, plural

MOST_LISTED = 1000


def copy_findings(data: Dataset, copies: Copies) -> list[Finding]:
    """Copies between classes, across the test part that came with the data, and at all."""
    if not copies.applied:
        if not copies.note:
            return []
        return [
            finding(
                "repeats-by-chance",
                "note",
                copies.note,
                "With few distinct values, equal rows are to be expected and say nothing about their source.",
                "if you know that rows belong together, name the column that says so: --group COL",
            )
        ]
    order = np.argsort(copies.groups, kind="stable")
    starts = np.flatnonzero(np.diff(copies.groups[order], prepend=-1))
    groups = [rows for rows in np.split(order, starts[1:]) if len(rows) > 1]
    return [*_conflicts(data, groups), *_across(data, groups), _all_copies(data, copies, groups)]


def _line(data: Dataset, rows: np.ndarray, *, with_labels: bool) -> str:
    labels = [f" ({data.classes[data.y[row]]})" if with_labels else "" for row in rows[:4]]
    shown = [f"{data.ids[row]}{label}" for row, label in zip(rows[:4], labels, strict=True)]
    return " = ".join(shown) + (f" and {len(rows) - 4} more" if len(rows) > 4 else "")


def _conflicts(data: Dataset, groups: list[np.ndarray]) -> list[Finding]:
    torn = [rows for rows in groups if len(np.unique(data.y[rows])) > 1]
    if not torn:
        return []
    n_rows = sum(map(len, torn))
    best = sum(len(rows) - int(np.bincount(data.y[rows]).max()) for rows in torn)
    return [
        finding(
            "copies-between-classes",
            "error" if best >= max(3, 0.01 * len(data)) else "warning",
            f"different labels within {plural(len(torn), 'group')} of copies ({plural(n_rows, 'row')}), first "
            f"{_line(data, torn[0], with_labels=True)}",
            f"The same input cannot have two answers: at least {plural(best, 'label')} must be wrong, or the columns "
            "do not hold what tells the classes apart. No model can be right on all of these rows.",
            "look at each group: correct the labels, or remove the rows if nobody can tell",
            items=[_line(data, rows, with_labels=True) for rows in torn],
            details={"groups": [[str(data.ids[row]) for row in rows[:50]] for rows in torn[:MOST_LISTED]]},
            rows=[int(row) for rows in torn for row in rows[:4]],
        )
    ]


def _across(data: Dataset, groups: list[np.ndarray]) -> list[Finding]:
    test = data.official_test
    if test is None:
        return []
    torn = [rows for rows in groups if 0 < test[rows].sum() < len(rows)]
    if not torn:
        return []
    n_test = sum(int(test[rows].sum()) for rows in torn)
    return [
        finding(
            "copies-across-split",
            "error",
            f"copies of {plural(n_test, 'test row')} ({percent(n_test / test.sum())}) of the split that came with the "
            f"data lie in its training part, first {_line(data, torn[0], with_labels=False)}",
            "A model that has learnt such a row by heart is right on its copy without having understood anything.",
            "nothing to do with heldout: it leaves the training copies of test rows out; elsewhere, remove them",
            items=[_line(data, rows, with_labels=False) for rows in torn],
            details={"groups": [[str(data.ids[row]) for row in rows[:50]] for rows in torn[:MOST_LISTED]]},
            rows=[int(row) for rows in torn for row in rows[:4]],
        )
    ]


def _all_copies(data: Dataset, copies: Copies, groups: list[np.ndarray]) -> Finding:
    groups = sorted(groups, key=lambda rows: -len(rows))
    return finding(
        "copies",
        "warning",
        f"{plural(copies.n_copies, 'row')} ({percent(copies.n_copies / len(data))}) are copies or near-copies of "
        f"others, in {plural(copies.n_groups, 'group')}; largest: {_line(data, groups[0], with_labels=False)}",
        f"{copies.note} A random split would put copies on both sides.",
        "nothing to do with heldout: each group stays on one side of every split; --groups FILE.csv writes them down",
        items=[_line(data, rows, with_labels=False) for rows in groups],
        details={"groups": [[str(data.ids[row]) for row in rows[:50]] for rows in groups[:MOST_LISTED]]},
        rows=[int(row) for rows in groups for row in rows[:4]],
    )
