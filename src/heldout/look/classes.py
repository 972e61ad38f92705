"""How many rows each class has, and what that does to scores."""

from __future__ import annotations

import numpy as np

from heldout.data.dataset import Dataset
from heldout.evaluate.standard_errors import share_standard_error
from heldout.look.findings import Finding, finding, percent, plural

MOST_CONSTANT = 0.8  # with such a share of one class, accuracy says little
FEW = 10
FEW_GROUPS = 5


def check_classes(data: Dataset, groups: np.ndarray | None) -> list[Finding]:
    """Imbalance, rare classes, classes of few groups, and what was said while loading."""
    counts = np.bincount(data.y, minlength=data.n_classes)
    found = [*_imbalance(data, counts), *_rare(data, counts)]
    if groups is not None:
        found += _few_groups(data, counts, groups)
    return [*found, *_alike(data), *_skipped(data)]


def _imbalance(data: Dataset, counts: np.ndarray) -> list[Finding]:
    n, largest = int(counts.sum()), int(counts.argmax())
    share = float(counts[largest] / n)
    details = {"share": share, "ratio": float(counts.max() / max(1, counts[counts > 0].min()))}
    if share >= MOST_CONSTANT:
        return [
            finding(
                "imbalance",
                "warning",
                f"always answering {data.classes[largest]!r} is right in {percent(share)} of the rows",
                "With classes this uneven, accuracy hardly tells a good model from a constant answer. heldout chooses "
                "by MCC, which is 0 for a constant answer, and reports balanced accuracy beside it.",
                "judge by MCC, balanced accuracy and the rows of each class; collect more of the rare classes",
                items=[f"{data.classes[i]}: {counts[i]:,} ({percent(counts[i] / n)})" for i in np.argsort(counts)],
                details=details,
            )
        ]
    if details["ratio"] < 3:
        return []
    return [
        finding(
            "imbalance",
            "note",
            f"the largest class has {details['ratio']:.3g} times the rows of the smallest; a constant answer is right "
            f"in {percent(share)} ± {percent(share_standard_error(share, n))}",
            "Accuracy counts rows, so that large classes weigh more in it.",
            "read balanced accuracy and the scores of each class beside the accuracy",
            items=[f"{data.classes[i]}: {counts[i]:,} ({percent(counts[i] / n)})" for i in np.argsort(counts)],
            details=details,
        )
    ]


def _rare(data: Dataset, counts: np.ndarray) -> list[Finding]:
    rare = [i for i in np.argsort(counts) if counts[i] < FEW]
    if not rare:
        return []
    return [
        finding(
            "rare-class",
            "warning",
            f"{plural(len(rare), 'class')} with fewer than {FEW} rows, least {data.classes[rare[0]]!r}: "
            f"{counts[rare[0]]:,}",
            "A sealed test part and five folds need at least one row each; what is said about such a class rests on "
            "one or two rows.",
            "collect more rows of these classes, merge them, or leave them out",
            items=[f"{data.classes[i]}: {counts[i]:,}" for i in rare],
        )
    ]


def _few_groups(data: Dataset, counts: np.ndarray, groups: np.ndarray) -> list[Finding]:
    pairs = np.unique(np.stack([data.y, groups]), axis=1)[0]
    n_groups = np.bincount(pairs, minlength=data.n_classes)
    few = [i for i in np.argsort(n_groups) if n_groups[i] < FEW_GROUPS <= counts[i]]
    if not few:
        return []
    return [
        finding(
            "few-groups",
            "warning",
            f"{plural(len(few), 'class')} with fewer than {FEW_GROUPS} groups, least {data.classes[few[0]]!r}: "
            f"{n_groups[few[0]]}",
            "Groups are never split, so that a class needs as many groups as there are folds, and one for the test. "
            "However many rows it has, it counts as so many independent observations.",
            "collect rows from more sources, or use fewer folds (--folds)",
            items=[f"{data.classes[i]}: {counts[i]:,} rows in {plural(int(n_groups[i]), 'group')}" for i in few],
        )
    ]


def _alike(data: Dataset) -> list[Finding]:
    from heldout.data.labels import near_equal_notes

    notes = near_equal_notes(data.classes, limit=20)
    if not notes:
        return []
    return [
        finding(
            "alike-classes",
            "warning",
            f"class names that look alike: {notes[0]}",
            "They differ only by case, blanks, Unicode form or the way a number is written, and are kept as different "
            "classes.",
            "if they mean the same, write them the same way",
            items=notes,
        )
    ]


def _skipped(data: Dataset) -> list[Finding]:
    if not data.skipped:
        return []
    lines = [f"{item.id}: {item.reason}" for item in data.skipped]
    n = len(lines)
    return [
        finding(
            "unusable-file",
            "warning",
            f"{plural(n, 'file')} cannot be used, first {data.skipped[0].id}: {data.skipped[0].reason}",
            "They are left out of training and testing. If the broken files are mostly of one class or source, what "
            "is left is a biased part of the data.",
            "repair or remove these files; `--strict` makes the first one end the job",
            items=lines,
        )
    ]
