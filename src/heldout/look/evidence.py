"""What all checks share: the data, their groups, a sample of rows, folds that keep groups whole, and simple models."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd

from heldout.data.dataset import Dataset
from heldout.data.groups import join_groups
from heldout.kinds.copies.groups import Copies
from heldout.kinds.registry import kind_of
from heldout.look.columns import ColumnSummary, summarise
from heldout.look.describing import Basis, numbers_of
from heldout.look.file_facts import FileFacts, file_facts
from heldout.look.models import forest, logistic, out_of_fold
from heldout.look.names import NameGroups, groups_in_names
from heldout.look.sampling import fold_numbers, sample_rows

MOST_ROWS = 5_000
MOST_OTHERS = 95_000


class Evidence:
    """The data and what can be found out about them; what takes time is found out when it is first asked for.

    Parameters
    ----------
    data : Dataset
    copies : Copies
    seed : int
    most : int
        Rows in the sample.
    others : int
        Rows outside the sample whose labels are judged, too.
    """

    def __init__(
        self, data: Dataset, copies: Copies, *, seed: int, most: int = MOST_ROWS, others: int = MOST_OTHERS
    ) -> None:
        self.data, self.copies, self.seed = data, copies, seed
        self.kind = kind_of(data)
        self.most_others = others
        self.n_classes = data.n_classes
        self.counts = np.bincount(data.y, minlength=data.n_classes)
        self.rows = sample_rows(data.y, most, self.generator(0))
        self.y = data.y[self.rows]
        self.is_sampled = len(self.rows) < len(data)

    def generator(self, part: int) -> np.random.Generator:
        """A stream of random numbers of its own for each use."""
        return np.random.Generator(np.random.PCG64([self.seed, part]))

    # Groups

    @cached_property
    def known_groups(self) -> np.ndarray | None:
        """Declared groups and copies together; None if there are neither."""
        return join_groups(self.data.groups, self.copies.groups if self.copies.applied else None)

    @cached_property
    def names(self) -> list[NameGroups]:
        """Ways to read groups from file names, the safest first."""
        return groups_in_names(self.data)

    @cached_property
    def groups(self) -> np.ndarray | None:
        """What should stay together: known groups, and those in file names where none were declared."""
        in_names = self.names[0].groups if self.names and self.data.groups is None else None
        return join_groups(self.known_groups, in_names)

    @cached_property
    def copied_rows(self) -> list[np.ndarray]:
        """Rows of each group of copies, by the first row."""
        order = np.argsort(self.copies.groups, kind="stable")
        starts = np.flatnonzero(np.diff(self.copies.groups[order], prepend=-1))
        return [rows for rows in np.split(order, starts[1:]) if len(rows) > 1]

    @property
    def n_groups(self) -> int:
        """Independent rows in the sample: groups count once."""
        return len(self.rows) if self.groups is None else len(np.unique(self.groups[self.rows]))

    # What rows and files hold

    @cached_property
    def columns(self) -> tuple[ColumnSummary, ...]:
        """Summaries of the columns of a table."""
        return summarise(self.data.x) if self.kind.has_columns else ()

    @cached_property
    def _measured(self) -> np.ndarray:
        return self.kind.measured(self.data)

    def measure(self, name: str) -> np.ndarray:
        """One of the kind's measures of each row, shape (n_rows,)."""
        return self._measured[:, self.kind.measures.index(name)]

    @cached_property
    def facts(self) -> dict[str, str]:
        """What to say of the rows and files as loaded."""
        files = self.of_files.files
        return {**self.kind.facts(self.data, self._measured), **(files.summary if files else {})}

    @cached_property
    def of_files(self) -> Evidence:
        """The evidence on the rows whose files' headers are read."""
        most = self.kind.most_headers
        return self if len(self.rows) <= most else Evidence(self.data, self.copies, seed=self.seed, most=most)

    @cached_property
    def files(self) -> FileFacts | None:
        """Facts on the files of the sampled rows; None where rows are not files."""
        return file_facts(self.data, self.rows)

    # Models of the sample

    @cached_property
    def folds(self) -> np.ndarray:
        """Fold of each sampled row; groups are kept whole."""
        sampled = None if self.groups is None else self.groups[self.rows]
        return fold_numbers(self.y, sampled, self.generator(1))

    @property
    def can_model(self) -> bool:
        """Whether there is enough to fit a model: two classes in at least two folds, and features."""
        counts = np.bincount(self.y, minlength=self.n_classes)
        return bool((counts >= 2).sum() >= 2 and len(np.unique(self.folds)) > 1 and self.x.shape[1] > 0)

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

    # Words

    def named(self, rows: np.ndarray) -> list[str]:
        """Each row by its id and label."""
        return [f"{self.data.ids[row]} ({self.data.classes[self.data.y[row]]})" for row in rows]

    def most_common_class(self, rows: np.ndarray) -> tuple[str, int]:
        """The class that most of these rows have, and how many have it."""
        counts = np.bincount(self.data.y[rows], minlength=self.n_classes)
        worst = int(counts.argmax())
        return self.data.classes[worst], int(counts[worst])
