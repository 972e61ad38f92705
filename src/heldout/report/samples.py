"""Which rows a report shows: the most confident mistakes, and some behind each cell of the confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heldout.data.dataset import Dataset
from heldout.kinds.registry import kind_of
from heldout.report.content import Sample

MOST_MISTAKES = 24
MOST_OF_A_CELL = 24
MOST_IN_ALL = 2_000


@dataclass(frozen=True)
class Samples:
    """Rows to look at.

    Attributes
    ----------
    mistakes : tuple of Sample
        Wrong answers, the most confident first.
    behind : tuple of Sample
        Rows of every cell: of wrong answers the most confident first, of right ones the least confident.
    """

    mistakes: tuple[Sample, ...] = ()
    behind: tuple[Sample, ...] = ()


def find_samples(
    data: Dataset,
    predicted: np.ndarray,
    probabilities: np.ndarray,
    *,
    n_mistakes: int = MOST_MISTAKES,
    most_of_a_cell: int = MOST_OF_A_CELL,
    most: int = MOST_IN_ALL,
) -> Samples:
    """Choose the rows that a person should look at.

    Parameters
    ----------
    data : Dataset
        The rows that were answered.
    predicted : array of int, shape (n_rows,)
    probabilities : array of float, shape (n_rows, n_classes)
    n_mistakes, most_of_a_cell, most : int
        Maximum numbers of mistakes, of rows of one cell, and of rows of all cells; where there are more, each cell gets
        a first row before any gets a second, and cells of mistakes before cells of right answers.
    """
    guess, given = np.asarray(predicted), np.asarray(probabilities, dtype=float)
    stated = given[np.arange(len(guess)), guess]
    wrong = np.flatnonzero(guess != data.y)
    worst = wrong[np.argsort(-stated[wrong], kind="stable")][:n_mistakes]
    chosen = _of_cells(data.y, guess, stated, most_of_a_cell, most)

    kind = kind_of(data)

    def sample(i: int) -> Sample:
        return Sample(
            id=str(data.ids[i]),
            truth=data.classes[data.y[i]],
            predicted=data.classes[guess[i]],
            probability=float(stated[i]),
            probability_of_truth=float(given[i, data.y[i]]),
            **vars(kind.sample(data, i)),
        )

    return Samples(tuple(sample(i) for i in worst.tolist()), tuple(sample(i) for i in chosen.tolist()))


def _of_cells(y: np.ndarray, guess: np.ndarray, stated: np.ndarray, most_of_a_cell: int, most: int) -> np.ndarray:
    right = guess == y
    order = np.argsort(np.where(right, stated, -stated), kind="stable")
    cell = y[order] * (int(guess.max(initial=0)) + 1) + guess[order]
    by_cell = np.argsort(cell, kind="stable")
    _, first, rows = np.unique(cell[by_cell], return_index=True, return_counts=True)
    rank = np.arange(len(cell)) - np.repeat(first, rows)
    size = np.repeat(rows, rows)
    kept = np.flatnonzero(rank < most_of_a_cell)
    place = order[by_cell]
    turn = np.lexsort((-size[kept], right[place[kept]], rank[kept]))
    return place[kept[turn][:most]]
