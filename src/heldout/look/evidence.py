"""What all checks share: a sample of rows, their groups, folds that keep groups whole, and simple models of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd

from heldout.data.dataset import Dataset
from heldout.look.describing import Basis, numbers_of
from heldout.look.models import forest, logistic, out_of_fold
from heldout.look.sampling import fold_numbers, sample_rows

MOST_ROWS = 5_000
MOST_OTHERS = 95_000


class Evidence:
    """A sample of the data, and what simple models say about rows whose groups they have not seen.

    Parameters
    ----------
    data : Dataset
    groups : int array, shape (n_rows,), or None
        Declared groups and copies together.
    seed : int
    most : int
        Rows in the sample.
    others : int
        Rows outside the sample whose labels are judged, too.
    """

    def __init__(
        self,
        data: Dataset,
        groups: np.ndarray | None,
        *,
        seed: int,
        most: int = MOST_ROWS,
        others: int = MOST_OTHERS,
    ) -> None:
        self.data, self.groups, self.seed = data, groups, seed
        self.most_others = others
        self.n_classes = data.n_classes
        self.rows = sample_rows(data.y, most, self.generator(0))
        self.y = data.y[self.rows]
        sampled = None if groups is None else groups[self.rows]
        self.folds = fold_numbers(self.y, sampled, self.generator(1))
        self.is_sampled = len(self.rows) < len(data)

    @property
    def n_groups(self) -> int:
        """Independent rows in the sample: groups count once."""
        return len(self.rows) if self.groups is None else len(np.unique(self.groups[self.rows]))

    def generator(self, part: int) -> np.random.Generator:
        """A stream of random numbers of its own for each use."""
        return np.random.Generator(np.random.PCG64([self.seed, part]))

    @cached_property
    def sample(self) -> Dataset:
        """The sampled rows."""
        return self.data if not self.is_sampled else self.data.take(self.rows)

    def sample_with(self, frame: pd.DataFrame) -> Dataset:
        """The sampled rows with other columns."""
        return replace(self.sample, x=frame)

    @cached_property
    def _described(self) -> tuple[np.ndarray, Basis]:
        return numbers_of(self.data, self.rows)

    @property
    def x(self) -> np.ndarray:
        """Features of the sampled rows."""
        return self._described[0]

    @property
    def basis(self) -> Basis:
        """How features are made."""
        return self._described[1]

    @cached_property
    def others(self) -> np.ndarray:
        """Rows that are not in the sample; of very many, a random part."""
        others = np.setdiff1d(np.arange(len(self.data)), self.rows)
        if len(others) <= self.most_others:
            return others
        return np.sort(self.generator(3).permutation(others)[: self.most_others])

    @cached_property
    def probabilities(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the sampled rows, by logistic regression and by a forest, each without the row's own fold."""
        return self._of(logistic), self._of(lambda: forest(self.seed))

    def _of(self, build: object) -> np.ndarray:
        return out_of_fold(self.x, self.y, self.folds, self.n_classes, build=build)[0]

    @cached_property
    def best_accuracy(self) -> float:
        """Balanced accuracy of the better of the two models."""
        return max(self.balanced(each.argmax(1) == self.y) for each in self.probabilities)

    def balanced(self, hits: np.ndarray) -> float:
        """Mean over the classes of their share of hits."""
        counts = np.bincount(self.y, minlength=self.n_classes)
        right = np.bincount(self.y, weights=hits, minlength=self.n_classes)
        return float((right[counts > 0] / counts[counts > 0]).mean())

    @property
    def chance(self) -> float:
        """Balanced accuracy of a constant answer."""
        return 1.0 / max(1, len(np.unique(self.y)))
