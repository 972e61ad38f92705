"""Splits are exact, disjoint, complete, and never tear a group apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from heldout.errors import LabelError, LeakageError, SettingError, ShapeError
from heldout.split.partition import check_no_group_crosses, folds, join_groups, split_off_test


@st.composite
def labelled(draw, grouped=False):
    counts = draw(st.lists(st.integers(6, 60), min_size=2, max_size=6))
    seed = draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    groups = np.arange(len(y))
    if grouped:
        groups = rng.integers(max(2, len(y) // draw(st.integers(1, 3))), size=len(y))
    return y, groups, seed


def try_split(call):
    try:
        return call()
    except LabelError:
        return None


@settings(max_examples=60, deadline=None)
@given(labelled(), st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.9]))
def test_single_rows_are_split_exactly_by_class(data, share):
    y, groups, seed = data
    train, test = split_off_test(y, groups, share=share, seed=seed)
    assert np.array_equal(np.sort(np.r_[train, test]), np.arange(len(y)))
    n_classes = len(set(y))  # each gives one row and keeps one, whatever the share
    assert len(test) == np.clip(np.floor(share * len(y) + 0.5), n_classes, len(y) - n_classes)
    quota = share * np.bincount(y)
    bounded = (quota >= 1) & (np.bincount(y) - quota >= 1)
    if bounded.all():
        assert np.all(np.abs(np.bincount(y[test]) - quota) < 1)
    assert set(y[test]) == set(y[train]) == set(y)


@settings(max_examples=60, deadline=None)
@given(labelled(grouped=True), st.sampled_from([0.1, 0.2, 0.5]))
def test_no_group_is_on_both_sides_of_the_test_split(data, share):
    y, groups, seed = data
    parts = try_split(lambda: split_off_test(y, groups, share=share, seed=seed))
    if parts is None:
        return
    train, test = parts
    assert np.array_equal(np.sort(np.r_[train, test]), np.arange(len(y)))
    assert not set(groups[train]) & set(groups[test])
    assert set(y[test]) == set(y[train]) == set(y)


@settings(max_examples=60, deadline=None)
@given(labelled(), st.integers(2, 6), st.integers(1, 3))
def test_folds_of_single_rows_differ_by_at_most_one_row_of_a_class(data, n_folds, repeats):
    y, groups, seed = data
    result = folds(y, groups, n_folds=n_folds, repeats=repeats, seed=seed)
    assert [(r, k) for r, k, _, _ in result] == [(r, k) for r in range(repeats) for k in range(n_folds)]
    counts = np.array([np.bincount(y[v], minlength=y.max() + 1) for *_, v in result])
    for repeat in range(repeats):
        mine = counts[repeat * n_folds : (repeat + 1) * n_folds]
        assert np.ptp(mine, axis=0).max() <= 1
        assert np.ptp(mine.sum(1)) <= 1


@settings(max_examples=60, deadline=None)
@given(labelled(grouped=True), st.integers(2, 5))
def test_folds_are_disjoint_complete_and_keep_groups_whole(data, n_folds):
    y, groups, seed = data
    result = try_split(lambda: folds(y, groups, n_folds=n_folds, seed=seed))
    if result is None:
        return
    assert np.array_equal(np.sort(np.concatenate([v for *_, v in result])), np.arange(len(y)))
    for _, _, train, validation in result:
        assert np.array_equal(np.sort(np.r_[train, validation]), np.arange(len(y)))
        assert not set(groups[train]) & set(groups[validation])
        assert set(y[train]) == set(y)
    check_no_group_crosses(groups, {f"fold {k}": v for _, k, _, v in result})


@settings(max_examples=30, deadline=None)
@given(labelled(grouped=True), st.integers(0, 10**6))
def test_names_of_groups_do_not_change_the_split(data, salt):
    y, groups, seed = data
    renamed = np.random.default_rng(salt).permutation(groups.max() + 1)[groups] * 7 - 3
    ours = try_split(lambda: folds(y, groups, n_folds=3, seed=seed))
    theirs = try_split(lambda: folds(y, renamed, n_folds=3, seed=seed))
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert all(np.array_equal(a[3], b[3]) for a, b in zip(ours, theirs, strict=True))


@settings(max_examples=30, deadline=None)
@given(labelled(), st.integers(0, 10**6))
def test_the_order_of_rows_does_not_change_the_counts(data, salt):
    y, groups, seed = data
    shuffled = np.random.default_rng(salt).permutation(y)
    counts = [np.bincount(labels[split_off_test(labels, groups, seed=seed)[1]]) for labels in (y, shuffled)]
    assert np.array_equal(*counts)


def test_balance_with_groups_is_no_worse_than_scikit_learns():
    rng = np.random.default_rng(0)
    ours_total, theirs_total, worse, cases = 0.0, 0.0, 0, 0
    for case in range(40):
        n, n_classes = int(rng.integers(60, 400)), int(rng.integers(2, 6))
        groups = rng.integers(int(rng.integers(15, n // 2)), size=n)
        y = (groups + (rng.random(n) < 0.2) * rng.integers(n_classes, size=n)) % n_classes
        parts = try_split(lambda y=y, g=groups, s=case: folds(y, g, n_folds=5, seed=s))
        if parts is None:
            continue
        wanted = np.bincount(y) / 5

        def misfit(validations, y=y, wanted=wanted):
            return sum(((np.bincount(y[v], minlength=len(wanted)) - wanted) ** 2 / wanted).sum() for v in validations)

        ours = misfit([v for *_, v in parts])
        peer = StratifiedGroupKFold(5, shuffle=True, random_state=case).split(y, y, groups)
        theirs = misfit([v for _, v in peer])
        cases += 1
        worse += ours > theirs + 1e-9
        ours_total, theirs_total = ours_total + ours, theirs_total + theirs
    assert cases >= 30
    assert worse <= cases // 10
    assert ours_total < theirs_total


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    y = np.arange(60) % 3
    first, again, other = (split_off_test(y, np.arange(60), seed=s)[1] for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_rows_of_a_seed_are_known_on_every_platform():
    y = np.arange(20) % 2
    assert split_off_test(y, np.arange(20), seed=1)[1].tolist() == [0, 6, 9, 19]


def test_more_repeats_leave_the_earlier_ones_as_they_were():
    y = np.arange(40) % 2
    short = folds(y, np.arange(40), n_folds=4, repeats=1, seed=3)
    long = folds(y, np.arange(40), n_folds=4, repeats=3, seed=3)
    assert all(np.array_equal(a[3], b[3]) for a, b in zip(short, long, strict=False))
    assert not np.array_equal(long[0][3], long[4][3])


def test_five_copies_of_200_points_are_split_by_source():
    y = np.repeat(np.random.default_rng(0).integers(2, size=200), 5)
    groups = np.repeat(np.arange(200), 5)
    train, test = split_off_test(y, groups, seed=0)
    assert len(test) == pytest.approx(200, abs=5)
    assert not set(groups[train]) & set(groups[test])


def test_one_huge_group_stays_on_one_side_and_every_class_on_both():
    y = np.r_[np.zeros(80, int), np.tile([0, 1], 10)]
    groups = np.r_[np.zeros(80, int), np.arange(1, 21)]
    train, test = split_off_test(y, groups, seed=0)
    assert (groups[test] == 0).sum() in (0, 80)
    assert set(y[train]) == set(y[test]) == {0, 1}


def test_a_class_with_fewer_rows_than_folds_is_refused_by_name():
    y = np.array([0] * 10 + [1] * 3)
    with pytest.raises(LabelError, match=r"'rare' has 3 rows, too few for 5 folds") as caught:
        folds(y, np.arange(13), n_folds=5, seed=0, names=["common", "rare"])
    assert "at most 3 folds" in caught.value.fix


def test_a_class_in_fewer_groups_than_folds_is_refused():
    y = np.array([0] * 10 + [1] * 9)
    groups = np.r_[np.arange(10), np.repeat([10, 11, 12], 3)]
    with pytest.raises(LabelError, match="9 rows of class 1 are in 3 groups"):
        folds(y, groups, n_folds=5, seed=0)


def test_a_class_of_one_row_cannot_be_split():
    with pytest.raises(LabelError, match="class 1 has 1 row, too few"):
        split_off_test(np.array([0, 0, 0, 1]), np.arange(4), seed=0)


def test_further_classes_that_are_too_small_are_counted():
    said = r"class 1 has 1 row, too few to be .* part; 1 more class is too small as well"
    with pytest.raises(LabelError, match=said):
        split_off_test(np.array([0, 0, 0, 1, 2]), np.arange(5), seed=0)
    with pytest.raises(LabelError, match=r"class 1 has 1 row, .*; 2 more classes are too small as well"):
        split_off_test(np.array([0, 0, 0, 1, 2, 3]), np.arange(6), seed=0)


@pytest.mark.parametrize("share", [0.0, 1.0, -1, 2, float("nan")])
def test_an_impossible_share_is_refused(share):
    with pytest.raises(SettingError, match="the test share is"):
        split_off_test(np.array([0, 1] * 5), np.arange(10), share=share, seed=0)


@pytest.mark.parametrize(
    ("y", "groups", "error"),
    [
        (np.array([], int), np.array([], int), LabelError),
        (np.array([0, 1, 0]), np.array([0, 1]), ShapeError),
        (np.array([0, -1, 0, 1]), np.arange(4), LabelError),
    ],
)
def test_impossible_labels_are_refused(y, groups, error):
    with pytest.raises(error, match=r"no rows|both must be|no class"):
        folds(y, groups, n_folds=2, seed=0)


def test_one_fold_is_refused():
    with pytest.raises(SettingError, match="do not make a cross-validation"):
        folds(np.array([0, 1] * 5), np.arange(10), n_folds=1, seed=0)


def test_joined_groups_keep_together_what_either_keeps_together():
    declared = np.array([5, 5, 1, 2, 3])
    detected = np.array([0, 1, 1, 2, 2])
    assert join_groups(declared, detected).tolist() == [0, 0, 0, 1, 1]


def test_one_grouping_alone_is_only_numbered_anew():
    assert join_groups(None, np.array([9, 3, 9])).tolist() == [0, 1, 0]
    with pytest.raises(SettingError, match="no groups to join"):
        join_groups(None, None)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=20))
def test_joining_equals_the_transitive_closure_by_hand(pairs):
    a, b = np.array(pairs).T
    together = (a[:, None] == a) | (b[:, None] == b)
    for _ in range(len(a)):
        together = together @ together
    joined = join_groups(a, b)
    assert np.array_equal(joined[:, None] == joined, together)


def test_a_group_in_two_parts_is_named():
    with pytest.raises(LeakageError, match=r"1 group has rows in both train and test \(first: row 2\)"):
        check_no_group_crosses(np.array([0, 1, 0, 2]), {"train": np.array([0, 1]), "test": np.array([2, 3])})


def test_a_class_too_small_for_its_share_still_gives_one_row():
    y = np.array([0] * 100 + [1] * 2)
    _, test = split_off_test(y, np.arange(102), seed=0)
    assert np.bincount(y[test]).tolist() == [19, 1]


def test_seventy_thousand_rows_take_less_than_ten_seconds_of_the_processor():
    import time

    y = np.random.default_rng(0).integers(10, size=70_000)
    start = time.process_time()
    split_off_test(y, np.arange(70_000), seed=1)
    folds(y, np.arange(70_000), n_folds=5, seed=1)
    assert time.process_time() - start < 10
