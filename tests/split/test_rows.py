"""Rows in words: what each form takes, in which order, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.errors import DataError, SettingError
from heldout.split.rows import equal_folds, parse_rows

ROWS = np.arange(100, 120)


def of(text: str, rows: np.ndarray = ROWS, seed: int = 0) -> list[int]:
    return parse_rows(text).of(rows, np.random.default_rng(seed)).tolist()


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("all", ROWS),
        ("rest", ROWS),
        ("first 3", ROWS[:3]),
        ("last 3", ROWS[-3:]),
        ("80%", ROWS[:16]),
        ("12.5%", ROWS[:2]),
        ("100%", ROWS),
    ],
)
def test_a_form_takes_these_rows_in_their_order(text, taken):
    assert of(text) == taken.tolist()
    assert not parse_rows(text).is_drawn


def test_random_rows_are_different_ones_of_the_rows_and_the_seed_decides():
    assert parse_rows("random 5").is_drawn
    assert of("random 5") == of("random 5") != of("random 5", seed=1)
    assert len(set(of("random 20"))) == 20
    assert set(of("random 20")) == set(ROWS.tolist())


@pytest.mark.parametrize("text", ["eighty", "first", "first x", "101%", "-5%", "first 3 last 2", "", "FIRST 3", "3"])
def test_what_means_no_rows_is_refused_with_the_forms(text):
    with pytest.raises(SettingError, match="Unknown rows") as error:
        parse_rows(text)
    assert "random N" in error.value.fix


@pytest.mark.parametrize("text", ["first 21", "last 21", "random 21", "first 0"])
def test_more_rows_than_there_are_are_refused(text):
    with pytest.raises(DataError, match="of 20 rows"):
        of(text)


@given(n=st.integers(2, 60), k=st.integers(2, 12), seed=st.integers(0, 5))
def test_equal_folds_are_disjoint_and_of_equal_size(n, k, seed):
    rows = np.arange(n) * 3
    if n < k:
        with pytest.raises(DataError, match=f"{k} folds of {n} rows"):
            equal_folds(rows, k, np.random.default_rng(seed))
        return
    found = equal_folds(rows, k, np.random.default_rng(seed))
    assert found.shape == (k, n // k)
    assert len(np.unique(found)) == found.size
    assert np.isin(found, rows).all()
