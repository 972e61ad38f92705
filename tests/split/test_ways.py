"""Every way to split: nothing lost, nothing twice, groups whole; and what each way promises besides."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.errors import DataError, LabelError, SettingError, ShapeError
from heldout.split.partition import check_no_group_crosses, split_off_test
from heldout.split.validation import leave_one_group_out, nested_folds, published_folds
from heldout.split.ways import (
    PRESETS,
    split_at_random,
    split_by_class,
    split_by_hash,
    split_by_time,
)

SHARES = [PRESETS["80/20"], PRESETS["80/10/10"], PRESETS["90/5/5"], {"train": 0.5, "validation": 0.25, "test": 0.25}]


@st.composite
def rows(draw, grouped=True):
    n = draw(st.integers(12, 150))
    seed = draw(st.integers(0, 2**31))
    random = np.random.default_rng(seed)
    n_groups = draw(st.integers(4, n)) if grouped else n
    groups = random.integers(n_groups, size=n) if grouped else np.arange(n)
    return random.integers(draw(st.integers(2, 5)), size=n), groups, random.integers(n, size=n).astype(float), seed


def ways(y, groups, time, shares, seed):
    yield split_by_class(y, groups, shares=shares, seed=seed)
    yield split_at_random(groups, shares=shares, seed=seed)
    yield split_by_hash([f"id {i}" for i in range(len(y))], groups, shares=shares, seed=seed)
    try:
        yield split_by_time(time, groups, shares=shares)
    except DataError:
        return


@settings(max_examples=80, deadline=None)
@given(rows(), st.sampled_from(SHARES))
def test_no_way_loses_a_row_doubles_one_or_tears_a_group(data, shares):
    y, groups, time, seed = data
    for parts in ways(y, groups, time, shares, seed):
        assert list(parts) == list(shares)
        assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(len(y)))
        check_no_group_crosses(groups, parts)


@settings(max_examples=80, deadline=None)
@given(rows(grouped=False), st.sampled_from(SHARES))
def test_every_class_has_its_share_in_every_part_to_within_one_row(data, shares):
    y, groups, _, seed = data
    parts = split_by_class(y, groups, shares=shares, seed=seed)
    for part, share in shares.items():
        assert np.all(np.abs(np.bincount(y[parts[part]], minlength=y.max() + 1) - share * np.bincount(y)) <= 1)


@settings(max_examples=60, deadline=None)
@given(rows(grouped=False), st.sampled_from(SHARES))
def test_random_cuts_have_the_sizes_of_the_rounded_shares(data, shares):
    y, groups, _, seed = data
    parts = split_at_random(groups, shares=shares, seed=seed)
    bounds = np.floor(np.cumsum([0, *shares.values()]) * len(y) + 0.5)
    assert [len(rows) for rows in parts.values()] == np.diff(bounds).tolist()


def test_random_splits_depend_on_the_seed_and_on_nothing_else():
    one, again, other = (split_at_random(np.arange(50), shares=PRESETS["80/20"], seed=s)["test"] for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@settings(max_examples=60, deadline=None)
@given(rows(), st.integers(1, 60), st.sampled_from(SHARES))
def test_hashed_rows_of_named_groups_stay_on_their_side_when_the_data_grow(data, n_new, shares):
    _, groups, _, seed = data
    before = split_by_hash([f"patient {g}" for g in groups], groups, shares=shares, seed=seed)
    grown = np.concatenate([groups, np.random.default_rng(seed).integers(200, size=n_new)])
    after = split_by_hash([f"patient {g}" for g in grown], grown, shares=shares, seed=seed)
    for part in shares:
        assert set(before[part]) == {row for row in after[part] if row < len(groups)}


def test_hashed_shares_hold_on_average_and_another_seed_gives_another_split():
    keys = [f"{i}" for i in range(20_000)]
    first, second = (split_by_hash(keys, np.arange(20_000), shares=PRESETS["80/10/10"], seed=s) for s in (0, 1))
    for part, share in PRESETS["80/10/10"].items():
        assert len(first[part]) / 20_000 == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 20_000))
    assert len(np.intersect1d(first["test"], second["test"])) == pytest.approx(200, abs=60)


def test_a_hashed_split_is_the_same_on_every_platform():
    parts = split_by_hash([f"row {i}" for i in range(12)], np.arange(12), shares=PRESETS["80/20"], seed=1)
    assert parts["test"].tolist() == [0, 2, 3, 9]


@settings(max_examples=80, deadline=None)
@given(rows(), st.sampled_from(SHARES[:2]))
def test_every_training_row_is_older_than_the_end_of_any_later_group(data, shares):
    _, groups, time, _ = data
    try:
        parts = list(split_by_time(time, groups, shares=shares).values())
    except DataError:
        return
    for earlier, later in pairwise(parts):
        ends = [time[groups == group].max() for group in np.unique(groups[later])]
        assert time[earlier].max() < min(ends)


def test_rows_of_one_moment_are_not_cut_apart():
    time = np.array([1.0, 2, 2, 2, 2, 3])
    parts = split_by_time(time, np.arange(6), shares={"train": 0.5, "test": 0.5})
    assert [rows.tolist() for rows in parts.values()] in ([[0], [1, 2, 3, 4, 5]], [[0, 1, 2, 3, 4], [5]])


def test_times_that_are_missing_or_all_equal_are_refused():
    with pytest.raises(DataError, match="row 1 has no time"):
        split_by_time(np.array([1.0, np.nan]), np.arange(2), shares=PRESETS["80/20"])
    with pytest.raises(DataError, match="1 distinct times, too few for 2 parts"):
        split_by_time(np.ones(9), np.arange(9), shares=PRESETS["80/20"])
    with pytest.raises(ShapeError, match="times for"):
        split_by_time(np.ones(9), np.arange(8), shares=PRESETS["80/20"])


@pytest.mark.parametrize("shares", [{"train": 1.0}, {"train": 0.5, "test": 0.4}, {"train": 1.2, "test": -0.2}])
def test_shares_that_are_no_shares_are_refused(shares):
    with pytest.raises(SettingError, match="sum to 1"):
        split_at_random(np.arange(9), shares=shares, seed=0)


@settings(max_examples=50, deadline=None)
@given(rows())
def test_each_group_is_left_out_once(data):
    y, groups, *_ = data
    try:
        parts = leave_one_group_out(y, groups)
    except (LabelError, SettingError):
        return
    assert len(parts) == len(np.unique(groups))
    assert np.array_equal(np.sort(np.concatenate([v for *_, v in parts])), np.arange(len(y)))
    for _, _, train, validation in parts:
        assert len(np.unique(groups[validation])) == 1
        assert not set(groups[train]) & set(groups[validation])
        assert set(y[train]) == set(y)


def test_leaving_out_thousands_of_groups_is_refused_with_a_way_out():
    y, many = np.arange(600) % 2, np.arange(600) // 2
    with pytest.raises(SettingError, match="each of 300 groups") as caught:
        leave_one_group_out(y, many)
    assert "--folds 10" in caught.value.fix
    with pytest.raises(SettingError, match="no two rows share a group"):
        leave_one_group_out(y, np.arange(600))
    with pytest.raises(LabelError, match="all 2 rows of class 'b' are in one fold"):
        leave_one_group_out(np.array([0, 0, 0, 1, 1]), np.array([0, 1, 2, 3, 3]), names=["a", "b"])


def test_published_folds_are_kept_and_a_group_in_two_of_them_moves_to_the_one_with_most_of_it():
    y = np.tile([0, 1], 6)
    published = np.repeat([7, 8, 9], 4)
    parts, moved = published_folds(y, np.arange(12), published)
    assert moved == 0
    assert [v.tolist() for *_, v in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    groups = np.arange(12)
    groups[[2, 3, 4]] = 99
    parts, moved = published_folds(y, groups, published)
    assert moved == 1
    assert parts[0][3].tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(SettingError, match="1 published fold"):
        published_folds(y, groups, np.zeros(12))


@settings(max_examples=30, deadline=None)
@given(rows())
def test_inner_folds_never_hold_a_row_or_a_group_of_their_outer_validation_part(data):
    y, groups, _, seed = data
    try:
        nested = nested_folds(y, groups, n_outer=3, n_inner=2, seed=seed)
    except LabelError:
        return
    assert np.array_equal(np.sort(np.concatenate([one.outer[3] for one in nested])), np.arange(len(y)))
    for one in nested:
        assert np.array_equal(np.sort(np.concatenate([v for *_, v in one.inner])), one.outer[2])
        for _, _, train, validation in one.inner:
            check_no_group_crosses(groups, {"train": train, "inner": validation, "outer": one.outer[3]})


def test_a_rare_class_keeps_enough_rows_when_a_sample_is_drawn():
    y = np.r_[np.zeros(9980, int), np.ones(20, int)]
    _, few = split_off_test(y, np.arange(10_000), share=0.1, seed=0)
    _, enough = split_off_test(y, np.arange(10_000), share=0.1, seed=0, least=5)
    assert (y[few] == 1).sum() == 2
    assert (y[enough] == 1).sum() == 5
    assert len(enough) == 1000
