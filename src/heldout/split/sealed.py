"""The test rows, out of reach until the ledger has written down that they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import LabelError, LeakageError, ShapeError
from heldout.split.ledger import Ledger
from heldout.split.sketch import fingerprint_of, sketch_of


@dataclass(frozen=True)
class Opening:
    """One look at the test rows, already in the ledger.

    Attributes
    ----------
    data : Dataset
        The test rows.
    entry : int
        Number of the ledger entry that records this opening.
    number : int
        How many times the seal of these data has been opened, this time included.
    """

    data: Dataset
    entry: int
    number: int
    _ledger: Ledger

    def record(self, result: Mapping[str, Any]) -> None:
        """Write what was found into the ledger, as an entry of its own; once per opening."""
        self._ledger.record_result(self.entry, result)


class SealedTest:
    """Test rows that can be counted, named and opened, and nothing else.

    This is honesty within a process, not protection from one: whoever is set on reading the rows reads the
    data file. What it prevents is the accident: nothing that is handed a `SealedTest` can fit on it, print
    it, pickle it or copy it, and the only way to the rows writes to the ledger first.

    Attributes
    ----------
    n : int
        Number of rows.
    counts : mapping of str to int
        Rows of each class.
    fingerprint : str
        SHA-256 over the digests of the rows, whatever their order.
    """

    __slots__ = ("__open", "_counts", "_fingerprint", "_n")

    def __init__(self, dataset: Dataset, fingerprint: str, sketch: list[str]) -> None:
        self._n = len(dataset)
        numbers = np.bincount(dataset.y, minlength=dataset.n_classes)
        self._counts = MappingProxyType({c: int(k) for c, k in zip(dataset.classes, numbers, strict=True)})
        self._fingerprint = fingerprint

        # The rows live in this closure only, so that no attribute of the object holds them.
        def open_with(write_entry: Callable[[list[str]], int]) -> tuple[int, Dataset]:
            return write_entry(sketch), dataset

        self.__open = open_with

    @property
    def n(self) -> int:
        """Number of rows."""
        return self._n

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows of each class, by name."""
        return self._counts

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over the digests of the rows."""
        return self._fingerprint

    def __len__(self) -> int:
        return self._n

    def __repr__(self) -> str:
        return f"SealedTest(n={self._n}, classes={len(self._counts)}, fingerprint={self._fingerprint[:12]}…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealed test set cannot be copied, pickled or sent to another process")

    def open(self, ledger: Ledger, *, run: str, model: str, config_hash: str, data_fingerprint: str) -> Opening:
        """Write the opening into the ledger, durably, and only then hand out the rows.

        Parameters
        ----------
        ledger : Ledger
        run : str
            Name of the run that looks.
        model : str
            The chosen model.
        config_hash : str
            Hash of the resolved configuration.
        data_fingerprint : str
            Fingerprint of the whole data set, by which openings are counted.

        Raises
        ------
        DiskError, ArtifactError
            If the entry could not be written; the seal stays closed then.
        """
        entry, data = self.__open(
            lambda sketch: ledger.open_seal(
                data_fingerprint=data_fingerprint,
                test_fingerprint=self._fingerprint,
                run=run,
                model=model,
                config_hash=config_hash,
                sketch=sketch,
            )
        )
        return Opening(data, entry, ledger.count(data_fingerprint), ledger)


def seal(dataset: Dataset, test_rows: np.ndarray, *, digests: np.ndarray | None = None) -> tuple[Dataset, SealedTest]:
    """Part the data: rows to learn from, and a sealed test set.

    Parameters
    ----------
    dataset : Dataset
    test_rows : int array
        Positions of the rows to seal; all others are for training.
    digests : array of bytes, shape (n_rows,), optional
        `heldout.data.fingerprint.row_digests` of the dataset, if it is at hand already.

    Returns
    -------
    train : Dataset
    sealed : SealedTest

    Raises
    ------
    LeakageError
        If a group has rows on both sides.
    ShapeError, LabelError
        If the positions do not fit the data, or one side is empty.
    """
    test_rows = np.asarray(test_rows)
    n = len(dataset)
    if test_rows.ndim != 1 or not np.issubdtype(test_rows.dtype, np.integer):
        raise ShapeError(f"test rows are {test_rows.dtype} of shape {test_rows.shape}, not a list of positions")
    if len(test_rows) == 0 or len(np.unique(test_rows)) == n:
        raise LabelError(
            f"{len(test_rows)} of {n} rows would be sealed, which leaves one part empty",
            fix="seal some rows and keep some, for example with `split_off_test`",
        )
    if test_rows.min() < 0 or test_rows.max() >= n or len(np.unique(test_rows)) < len(test_rows):
        raise ShapeError(f"test rows go from {test_rows.min()} to {test_rows.max()}, or repeat, in {n} rows")
    is_test = np.zeros(n, bool)
    is_test[test_rows] = True
    _require_whole_groups(dataset.groups, is_test)
    if digests is None:
        from heldout.data.fingerprint import row_digests

        digests = row_digests(dataset)
    if len(digests) != n:
        raise ShapeError(f"{len(digests)} digests for {n} rows")
    own = np.asarray(digests)[is_test]
    test = dataset.take(np.flatnonzero(is_test))
    return dataset.take(np.flatnonzero(~is_test)), SealedTest(test, fingerprint_of(own), sketch_of(own))


def _require_whole_groups(groups: np.ndarray | None, is_test: np.ndarray) -> None:
    if groups is None:
        return
    shared = np.intersect1d(groups[is_test], groups[~is_test])
    if len(shared):
        row = int(np.flatnonzero(is_test & (groups == shared[0]))[0])
        raise LeakageError(
            f"{len(shared)} groups have rows both in the test part and outside it (first: row {row})",
            fix="split with `split_off_test`, which keeps groups whole",
        )
