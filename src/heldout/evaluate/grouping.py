"""Coarse classes over fine ones (animal over cat and dog), and which fine classes the errors are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heldout.errors import LabelError, SettingError, ShapeError
from heldout.evaluate.checks import as_labels, check_probabilities

FORM = "animal: cat, dog; vehicle: car, ship"


@dataclass(frozen=True)
class Grouping:
    """Which coarse class each fine class belongs to.

    Attributes
    ----------
    fine, coarse : tuple of str
        Names.
    number : int64 array, shape (n_fine,)
        Coarse class number of each fine class.
    """

    fine: tuple[str, ...]
    coarse: tuple[str, ...]
    number: np.ndarray

    def labels(self, y: object) -> np.ndarray:
        """Coarse class numbers of rows whose fine ones are given, (n_rows,)."""
        return np.asarray(self.number[as_labels(y, len(self.fine))])

    def matrix(self, counts: object) -> np.ndarray:
        """The confusion matrix of the coarse classes from that of the fine ones; counts are added up."""
        table = np.asarray(counts)
        if table.shape != (len(self.fine),) * 2:
            raise ShapeError(f"a matrix of shape {table.shape} for {len(self.fine)} classes", fix="pass the fine one")
        member = np.eye(len(self.coarse), dtype=table.dtype)[self.number]
        return np.asarray(member.T @ table @ member)

    def probabilities(self, given: object) -> np.ndarray:
        """Probabilities of the coarse classes, (n_rows, n_coarse): those of their members added up."""
        return np.asarray(check_probabilities(given) @ np.eye(len(self.coarse))[self.number])


def group_classes(fine: Sequence[str], coarse: Mapping[str, Sequence[str]]) -> Grouping:
    """Gather fine classes under coarse names.

    Parameters
    ----------
    fine : sequence of str
        Names of the fine classes, by number.
    coarse : mapping of str to sequence of str
        Coarse name to its fine classes; each fine class in one of them.

    Raises
    ------
    LabelError
        If a class is missing, unknown, or in two groups.

    Examples
    --------
    >>> group_classes(["cat", "car", "dog"], {"vehicle": ["car"], "animal": ["cat", "dog"]}).number.tolist()
    [1, 0, 1]
    """
    number = np.full(len(fine), -1, dtype=np.int64)
    for place, (name, members) in enumerate(coarse.items()):
        for member in members:
            if member not in fine:
                raise LabelError(f"{name} names an unknown class {member!r}", fix="use " + ", ".join(fine))
            at = list(fine).index(member)
            if number[at] >= 0:
                raise LabelError(f"{member} is in {list(coarse)[number[at]]} and in {name}", fix="put it into one")
            number[at] = place
    if (number < 0).any():
        raise LabelError(
            f"in no group: {', '.join(fine[i] for i in np.flatnonzero(number < 0)[:10])}",
            fix="put every class into one group",
        )
    return Grouping(tuple(fine), tuple(coarse), number)


def parse_coarse(text: str) -> dict[str, list[str]]:
    """Read ``animal: cat, dog; vehicle: car, ship``.

    Raises
    ------
    SettingError
        If a group has no name or no members, a name comes twice, or there is only one group.
    """
    found: dict[str, list[str]] = {}
    for part in text.split(";"):
        name, colon, members = (piece.strip() for piece in part.partition(":"))
        listed = [member.strip() for member in members.split(",") if member.strip()]
        if not (name and colon and listed):
            raise SettingError(f"{part.strip()!r} is not a group of classes", where="--coarse", fix=f"as in {FORM!r}")
        if name in found:
            raise SettingError(f"{name!r} is named twice", where="--coarse", fix=f"as in {FORM!r}")
        found[name] = listed
    if len(found) < 2:
        raise SettingError("there is only one group", where="--coarse", fix=f"two or more, as in {FORM!r}")
    return found


def errors_by_class(fine: object, coarse_predicted: object, grouping: Grouping) -> np.ndarray:
    """Count which fine classes the errors of a coarse classifier are made of.

    Parameters
    ----------
    fine : array of int, shape (n_rows,)
        True fine class of each row.
    coarse_predicted : array of int, shape (n_rows,)
        Predicted coarse class.

    Returns
    -------
    int64 array, shape (n_coarse, n_fine)
        Rows of each fine class that were predicted as each coarse class it does not belong to; 0 where it belongs.
        For two coarse classes with 1 as positive, row 1 holds the false positives and row 0 the false negatives.
    """
    labels = as_labels(fine, len(grouping.fine), name="fine")
    y_pred = as_labels(coarse_predicted, len(grouping.coarse), name="coarse_predicted")
    if labels.size != y_pred.size:
        raise ShapeError(f"fine has {labels.size} rows, coarse_predicted {y_pred.size}", fix="pass the same rows")
    counts = np.zeros((len(grouping.coarse), len(grouping.fine)), dtype=np.int64)
    wrong = grouping.number[labels] != y_pred
    np.add.at(counts, (y_pred[wrong], labels[wrong]), 1)
    return counts
