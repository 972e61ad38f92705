"""Which rows train, which validate, which are sealed: exact by class, groups always whole.

Every function takes groups, so a split that tears a group apart cannot be asked for. Rows that belong to no
group have a number of their own. Everything random comes from one PCG64 generator per call, whose stream
NumPy keeps the same on every platform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from heldout.data import groups as grouping
from heldout.data.groups import number_groups
from heldout.errors import LabelError, LeakageError, SettingError, ShapeError
from heldout.split.balance import deal_groups
from heldout.wording import plural

Fold = tuple[int, int, np.ndarray, np.ndarray]  # (repeat, fold, training rows, validation rows)


def split_off_test(
    y: np.ndarray,
    groups: np.ndarray,
    *,
    share: float = 0.2,
    seed: int,
    names: Sequence[str] | None = None,
    least: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Set the test rows aside: exact by class, groups kept whole.

    If no two rows share a group, class c gives ``share * n_c`` rows by largest remainder, so that the total
    is ``round(share * n)`` (unless there are more classes than that: each class gives at least one row and
    keeps at least one). With larger groups the counts come as near as `deal_groups` finds.

    Parameters
    ----------
    y : int array, shape (n_rows,)
        Class of each row.
    groups : int array, shape (n_rows,)
        Rows of one group stay together.
    share : float in (0, 1), default=0.2
        Part of the rows that is set aside.
    seed : int
        Same seed, same rows, on any platform.
    names : sequence of str, optional
        Names of the classes, for messages.
    least : int, default=1
        Rows of each class that are set aside at the least, if the class has one more.

    Returns
    -------
    train_rows, test_rows : int64 arrays, sorted
        Disjoint; together all rows.

    Raises
    ------
    LabelError
        If a class cannot be in both parts (one row, or all rows in one group).
    """
    y, groups = checked_labels(y, groups)
    if not 0.0 < share < 1.0:
        raise SettingError(f"the test share is {share}; it must be between 0 and 1", fix="share=0.2")
    _require_groups(y, groups, 2, names, "to be in both the training and the test part")
    test_targets = _test_counts(np.bincount(y), share, least)
    targets = np.stack([test_targets, np.bincount(y) - test_targets])
    part = deal_groups(y, groups, targets, generator_of(seed))
    _require_presence(y, part, 2, names)
    return np.flatnonzero(part == 1), np.flatnonzero(part == 0)


def folds(
    y: np.ndarray,
    groups: np.ndarray,
    *,
    n_folds: int,
    repeats: int = 1,
    seed: int,
    names: Sequence[str] | None = None,
) -> list[Fold]:
    """Stratified cross-validation with whole groups.

    Within a repeat the validation parts are disjoint and together all rows. If no two rows share a group, the
    counts of a class differ by at most one between folds, and so do the sizes of the folds.

    Parameters
    ----------
    y : int array, shape (n_rows,)
        Class of each row.
    groups : int array, shape (n_rows,)
        Rows of one group are never on both sides of a fold.
    n_folds : int
        At least 2.
    repeats : int, default=1
        Independent shuffles; each gives `n_folds` folds.
    seed : int
        Same seed, same folds, on any platform. The first repeats of a longer call are those of a shorter one.
    names : sequence of str, optional
        Names of the classes, for messages.

    Returns
    -------
    list of (repeat, fold, train_rows, validation_rows)
        Rows are sorted int64 positions. Every class is in every training part.

    Raises
    ------
    LabelError
        If a class has fewer rows, or fewer groups, than there are folds.
    """
    y, groups = checked_labels(y, groups)
    if n_folds < 2 or repeats < 1:
        raise SettingError(
            f"{n_folds} folds, repeated {repeats} times, do not make a cross-validation",
            fix="n_folds=5, repeats=1 (at least 2 folds and 1 repeat)",
        )
    _require_groups(y, groups, n_folds, names, f"for {n_folds} folds")
    counts = np.bincount(y)
    targets = np.tile(counts / n_folds, (n_folds, 1))
    result: list[Fold] = []
    for repeat in range(repeats):
        part = deal_groups(y, groups, targets, generator_of(seed, repeat))
        _require_presence(y, part, n_folds, names)
        result += [(repeat, k, np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(n_folds)]
    return result


def join_groups(declared: np.ndarray | None, detected: np.ndarray | None) -> np.ndarray:
    """Groups that keep together whatever either of the two keeps together.

    Parameters
    ----------
    declared, detected : int arrays, shape (n_rows,), or None
        Two ways to group the same rows; at least one is given.

    Returns
    -------
    int64 array, shape (n_rows,)
        Numbered from 0 in order of first appearance.
    """
    if declared is not None and detected is not None and len(declared) != len(detected):
        raise ShapeError(f"{len(declared)} declared groups and {len(detected)} detected ones are for different rows")
    joined = grouping.join_groups(declared, detected)
    if joined is None:
        raise SettingError("no groups to join", fix="give declared groups, detected groups, or both")
    return number_groups(joined)


def check_no_group_crosses(groups: np.ndarray, parts: Mapping[str, np.ndarray] | Sequence[np.ndarray]) -> None:
    """Make sure that no group, and no row, is in two parts.

    Parameters
    ----------
    groups : int array, shape (n_rows,)
    parts : mapping of name to row positions, or a sequence of such arrays

    Raises
    ------
    LeakageError
        Naming how many groups cross, and the first of them.
    """
    named = parts if isinstance(parts, Mapping) else {f"part {i}": rows for i, rows in enumerate(parts)}
    names = list(named)
    groups = number_groups(np.asarray(groups))
    owner = np.full(groups.max(initial=-1) + 1, -1)
    for k, name in enumerate(names):
        rows = np.asarray(named[name])
        crossing = rows[(owner[groups[rows]] >= 0)]
        if len(crossing):
            n_crossing = len(np.unique(groups[crossing]))
            raise LeakageError(
                f"{n_crossing} {'group has' if n_crossing == 1 else 'groups have'} rows in both "
                f"{names[owner[groups[crossing[0]]]]} and {name} (first: row {crossing[0]})",
                fix="split with `folds` or `split_off_test`, which keep groups whole",
            )
        owner[groups[rows]] = k


def generator_of(*key: int) -> np.random.Generator:
    """The random numbers of a call, from whole numbers that name it."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(key))))


def checked_labels(y: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels as int64 and groups numbered anew, or an error that says what is wrong with them."""
    y, groups = np.asarray(y), np.asarray(groups)
    if y.ndim != 1 or y.shape != groups.shape:
        raise ShapeError(f"labels of shape {y.shape} and groups of shape {groups.shape}; both must be (n_rows,)")
    if len(y) == 0:
        raise LabelError("there are no rows to split", fix="give at least two rows of each class")
    if y.min() < 0:
        raise LabelError(f"row {int(np.argmin(y))} has no class ({y.min()})", fix="leave out rows without a label")
    return y.astype(np.int64, copy=False), number_groups(groups)


def _test_counts(class_counts: np.ndarray, share: float, at_least: int = 1) -> np.ndarray:
    """Rows of each class to set aside: largest remainder, at least this many in and one out of every class."""
    present = class_counts > 0
    quota = share * class_counts
    most = np.maximum(class_counts - 1, 0)
    least = np.minimum(present * max(1, at_least), np.maximum(most, present))
    total = int(np.clip(np.floor(share * class_counts.sum() + 0.5), least.sum(), most.sum()))
    taken = np.clip(np.floor(quota + 1e-9).astype(np.int64), least, most)
    while taken.sum() < total:
        taken[np.argmax(np.where(taken < most, quota - taken, -np.inf))] += 1
    while taken.sum() > total:
        taken[np.argmax(np.where(taken > least, taken - quota, -np.inf))] -= 1
    return taken


def _require_groups(y: np.ndarray, groups: np.ndarray, n: int, names: Sequence[str] | None, why: str) -> None:
    """Every class has at least `n` rows and occurs in at least `n` groups."""
    rows = np.bincount(y)
    first_of_pair = np.unique(np.stack([y, groups]), axis=1)[0]
    in_groups = np.bincount(first_of_pair, minlength=len(rows))
    small = np.flatnonzero((rows > 0) & (in_groups < n))
    if len(small) == 0:
        return
    c = int(small[0])
    n_others = len(small) - 1
    others = f"; {n_others} more {'class is' if n_others == 1 else 'classes are'} too small as well" if n_others else ""
    if rows[c] < n:
        found = f"class {_name(c, names)} has {plural(rows[c], 'row')}, too few {why}{others}"
        enough = f"at least {n} rows"
    else:
        found = (
            f"the {plural(rows[c], 'row')} of class {_name(c, names)} are in "
            f"{plural(in_groups[c], 'group')}, too few {why}{others}"
        )
        enough = f"at least {n} groups"
    fewer = f", or use at most {in_groups[c]} folds" if in_groups[c] >= 2 and n > 2 else ""
    raise LabelError(found, fix=f"collect {enough} of that class, leave the class out, or merge it{fewer}")


def _require_presence(y: np.ndarray, part: np.ndarray, n_parts: int, names: Sequence[str] | None) -> None:
    """No class has all its rows in one part."""
    counts = np.bincount(part * (y.max() + 1) + y, minlength=n_parts * (y.max() + 1)).reshape(n_parts, -1)
    alone = np.flatnonzero((counts.sum(0) > 0) & ((counts > 0).sum(0) < 2))
    if len(alone):
        raise LabelError(
            f"cannot put class {_name(int(alone[0]), names)} in two parts: its groups "
            "overlap with those of other classes",
            fix="use fewer folds, finer groups, or more groups of that class",
        )


def _name(c: int, names: Sequence[str] | None) -> str:
    return repr(names[c]) if names is not None else str(c)
