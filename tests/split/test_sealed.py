"""The test rows are out of reach until the ledger says so."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from heldout.data.dataset import Dataset
from heldout.errors import LabelError, LeakageError, ShapeError
from heldout.files import DiskError
from heldout.split.ledger import Ledger
from heldout.split.sealed import SealedTest, seal

OPENING = {"run": "r", "model": "m", "config_hash": "c", "data_fingerprint": "d"}
SECRET = 123456.5


@pytest.fixture
def dataset():
    x = pd.DataFrame({"a": np.arange(20.0) + SECRET})
    return Dataset("toy", "table", x, np.arange(20) % 2, ("no", "yes"), np.arange(20).astype(str))


@pytest.fixture
def digests():
    return np.array([bytes([i]) * 32 for i in range(20)], dtype="S32")


def reachable(thing, depth=6):
    """Everything that attributes, items and slots lead to (closures are not attributes)."""
    found, front = [], [thing]
    for _ in range(depth):
        following = []
        for each in front:
            for name in (*getattr(type(each), "__slots__", ()), *getattr(each, "__dict__", ())):
                mangled = f"_{type(each).__name__}{name}" if name.startswith("__") else name
                following.append(getattr(each, mangled, None))
            if isinstance(each, dict | list | tuple):
                following += list(each.values() if isinstance(each, dict) else each)
        found += following
        front = following
    return found


def test_sealed_rows_can_be_counted_and_nothing_else(dataset, digests):
    train, sealed = seal(dataset, np.array([0, 2, 4, 5]), digests=digests)
    assert (len(train), len(sealed), sealed.n) == (16, 4, 4)
    assert dict(sealed.counts) == {"no": 3, "yes": 1}
    assert len(sealed.fingerprint) == 64
    for name in ("x", "y", "ids", "data", "dataset", "groups", "take"):
        assert not hasattr(sealed, name)
    assert not any(isinstance(thing, Dataset | pd.DataFrame | np.ndarray) for thing in reachable(sealed))


def test_its_text_shows_nothing_of_the_rows(dataset, digests):
    _, sealed = seal(dataset, np.array([0, 1]), digests=digests)
    assert str(int(SECRET)) not in f"{sealed!r} {sealed}"


@pytest.mark.parametrize("carry_off", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_cannot_be_pickled_or_copied(dataset, digests, carry_off):
    _, sealed = seal(dataset, np.array([0, 1]), digests=digests)
    with pytest.raises(TypeError, match="sealed"):
        carry_off(sealed)


def test_opening_writes_to_the_ledger_and_gives_the_rows(dataset, digests, tmp_path):
    _, sealed = seal(dataset, np.array([3, 1]), digests=digests)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    opening = sealed.open(ledger, **OPENING)
    assert opening.number == 1
    assert opening.data.ids.tolist() == ["1", "3"]
    assert ledger.openings("d")[0]["test"] == sealed.fingerprint
    opening.record({"accuracy": 0.75})
    assert ledger.openings("d")[0]["result"] == {"accuracy": 0.75}
    assert sealed.open(ledger, **OPENING).number == 2


def test_no_rows_without_a_written_entry(dataset, digests, tmp_path):
    _, sealed = seal(dataset, np.array([3, 1]), digests=digests)
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="cannot use the ledger"):
        sealed.open(Ledger(tmp_path / "file" / "ledger.sqlite"), **OPENING)


def test_the_entry_is_written_before_the_rows_are_handed_out(dataset, digests):
    class Refusing(Ledger):
        def open_seal(self, **_):
            raise DiskError("full")

    _, sealed = seal(dataset, np.array([3, 1]), digests=digests)
    with pytest.raises(DiskError, match="full"):
        sealed.open(Refusing("nowhere"), **OPENING)


def test_the_fingerprint_is_that_of_the_rows_in_any_order(dataset, digests):
    prints = [seal(dataset, np.array(rows), digests=digests)[1].fingerprint for rows in ([1, 2], [2, 1], [1, 3])]
    assert prints[0] == prints[1] != prints[2]


def test_without_digests_they_are_computed(dataset):
    _, sealed = seal(dataset, np.array([3, 1]))
    shuffled = dataset.take(np.arange(19, -1, -1))
    assert seal(shuffled, np.array([16, 18]))[1].fingerprint == sealed.fingerprint


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([], LabelError),
        (list(range(20)), LabelError),
        ([0, 0], ShapeError),
        ([-1], ShapeError),
        ([20], ShapeError),
        ([0.5], ShapeError),
        ([True, False], ShapeError),
    ],
)
def test_impossible_test_rows_are_refused(dataset, digests, rows, error):
    with pytest.raises(error, match=r"would be sealed|test rows"):
        seal(dataset, np.array(rows, dtype=None if rows else int), digests=digests)


def test_a_group_on_both_sides_is_refused(dataset, digests):
    from dataclasses import replace

    grouped = replace(dataset, groups=np.arange(20) // 2)
    with pytest.raises(LeakageError, match=r"1 groups have rows both .* \(first: row 0\)"):
        seal(grouped, np.array([0]), digests=digests)
    assert isinstance(seal(grouped, np.array([0, 1]), digests=digests)[1], SealedTest)
