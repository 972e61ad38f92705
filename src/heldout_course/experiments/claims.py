"""Is a claim held by the results? Held, not held or not decidable, with the test and its p-value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np

from heldout_course.experiments.expand import Variant
from heldout_course.experiments.expressions import Claim, Expression, Measure
from heldout_course.experiments.measures import TIMES
from heldout_course.experiments.recipe import AS_PRINTED, RUN
from heldout_course.experiments.values import Found

State = Literal["held", "not held", "not decidable"]
LEVEL = 0.05
ROUNDING = 1e-9


@dataclass(frozen=True)
class Verdict:
    """What the results say about a claim.

    Attributes
    ----------
    claim : str
        In words, else the expression.
    state : 'held', 'not held' or 'not decidable'
    left, right : float or None
        The two sides' means; None where `axis=each` made several comparisons of it.
    p : float or None
        Two-sided p-value (of several comparisons the largest, after Holm's correction); None without a test.
    test : str
        In words: the test, or why there is none.
    """

    claim: str
    state: State
    left: float | None
    right: float | None
    p: float | None
    test: str

    def record(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {key: getattr(self, key) for key in ("claim", "state", "left", "right", "p", "test")}


@dataclass(frozen=True)
class _Side:
    """Values of one side of a comparison, over repeats (and folds)."""

    values: np.ndarray
    exact: bool = True
    n_train: float = 0.0
    n_test: float = 0.0


class _UndecidableError(Exception):
    """Why a claim cannot be decided."""


def judge(found: Found) -> list[Verdict]:
    """Decide every claim of a recipe, in its order."""
    return [_judge_one(claim, found) for claim in found.plan.recipe.claims]


def _judge_one(claim: Claim, found: Found) -> Verdict:
    words = claim.says or claim.text
    if not claim.sign:
        return Verdict(words, "not decidable", None, None, None, "nothing here measures it")
    try:
        parts = [_compare(claim, chosen, found) for chosen in _choices(claim, found)]
    except _UndecidableError as why:
        return Verdict(words, "not decidable", None, None, None, str(why))
    if len(parts) == 1:
        state, left, right, p, test = parts[0]
        return Verdict(words, state, left, right, p, test)
    return _together(words, parts)


_Part = tuple[State, float, float, float | None, str]


def _together(words: str, parts: list[_Part]) -> Verdict:
    """One claim of many comparisons: all must hold; p-values are corrected for their number."""
    from heldout.evaluate.significance import holm

    tested = [number for number, part in enumerate(parts) if part[3] is not None]
    adjusted = dict(zip(tested, holm([parts[n][3] for n in tested]), strict=True)) if tested else {}
    states = [
        "not decidable" if number in adjusted and adjusted[number] > LEVEL else part[0]
        for number, part in enumerate(parts)
    ]
    n_held, n_not = states.count("held"), states.count("not held")
    state: State = "not held" if n_not else "held" if n_held == len(parts) else "not decidable"
    tests = " / ".join(dict.fromkeys(part[4] for part in parts))
    test = f"{tests}; of {len(parts)} comparisons {n_held} held, {n_not} did not"
    return Verdict(words, state, None, None, float(max(adjusted.values())) if adjusted else None, test)


def _choices(claim: Claim, found: Found) -> list[dict[str, str]]:
    """The values for ``axis=each``, in all combinations; one empty choice without it."""
    axes = dict.fromkeys(axis for axis, value in claim.named() if value == "each")
    fixed = {a: {m for measure in claim.measures() for b, m in measure.where if b == a and m != "each"} for a in axes}
    values = [
        [v for v in dict.fromkeys(variant.labels[axis] for variant in found.plan.variants) if v not in fixed[axis]]
        for axis in axes
    ]
    choices = [dict(zip(axes, combination, strict=True)) for combination in product(*values)]
    if not choices:
        raise _UndecidableError("this profile has no values for `each`")
    return choices


def _compare(claim: Claim, chosen: Mapping[str, str], found: Found) -> _Part:
    left, right = (_evaluate(side, chosen, found) for side in (claim.left, claim.right))
    n = max(len(left.values), len(right.values))
    if any(len(side.values) not in (1, n) for side in (left, right)):
        raise _UndecidableError("the two sides have different numbers of repeats")
    difference = left.values - right.values
    means = float(left.values.mean()), float(right.values.mean())
    if n > 1:
        folds = max((left, right), key=lambda side: side.n_train)
        return _by_t_test(claim, difference, means, folds)
    rows = _paired_rows(claim, chosen, found) if claim.sign != "==" else None
    if rows is not None:
        return _by_mcnemar(claim, rows, means)
    if not (left.exact and right.exact):
        raise _UndecidableError(f"one run of each says nothing about their spread ({means[0]:.4g}, {means[1]:.4g})")
    return (
        "held" if _holds(claim, float(difference[0])) else "not held",
        *means,
        None,
        "exact: nothing here is random",
    )


def _holds(claim: Claim, difference: float) -> bool:
    near_zero = abs(difference) <= ROUNDING
    if claim.sign == "==":
        return abs(difference) <= (claim.within or 0.0) + ROUNDING
    if near_zero:
        return claim.sign in ("<=", ">=")
    return (difference < 0) == claim.sign.startswith("<")


def _by_t_test(claim: Claim, difference: np.ndarray, means: tuple[float, float], folds: _Side) -> _Part:
    from scipy.special import stdtrit

    from heldout.evaluate.significance import corrected_t_test

    n = len(difference)
    words = "corrected resampled t-test" if folds.n_train else f"paired t-test over {n} seeds"
    if not np.any(difference):
        return ("held" if claim.sign in ("==", "<=", ">=") else "not held", *means, None, "equal in every repeat")
    p = float(corrected_t_test(difference, folds.n_train, folds.n_test)[1])
    mean = float(difference.mean())
    if claim.sign == "==":
        if claim.within is None:
            return ("not held" if p <= LEVEL else "not decidable", *means, p, words + "; equality needs a margin")
        share = folds.n_test / folds.n_train if folds.n_train else 0.0
        error = math.sqrt(1 / n + share) * float(difference.std(ddof=1))
        margin = claim.within
        higher = float(_p_above(margin - abs(mean), error, n))
        outside = abs(mean) - error * float(stdtrit(n - 1, 1 - LEVEL / 2)) > margin
        state: State = "held" if higher <= LEVEL else "not held" if outside else "not decidable"
        return state, *means, higher, f"two one-sided tests within {margin:g} ({words})"
    if p > LEVEL:
        return "not decidable", *means, p, words
    return "held" if _holds(claim, mean) else "not held", *means, p, words


def _p_above(distance: float, error: float, n: int) -> float:
    """One-sided p-value that a mean lies by this distance within a bound."""
    from scipy.special import stdtr

    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(stdtr(n - 1, -distance / error))


def _by_mcnemar(claim: Claim, rows: tuple[np.ndarray, np.ndarray], means: tuple[float, float]) -> _Part:
    from heldout.evaluate.significance import mcnemar

    left, right = rows
    only_left, only_right = int((left & ~right).sum()), int((right & ~left).sum())
    p = float(mcnemar(only_left, only_right)[1])
    words = f"McNemar's mid-p test of the same {len(left):,} test rows ({only_left} to {only_right})"
    if p > LEVEL:
        return "not decidable", *means, p, words
    return "held" if _holds(claim, means[0] - means[1]) else "not held", *means, p, words


def _paired_rows(claim: Claim, chosen: Mapping[str, str], found: Found) -> tuple[np.ndarray, np.ndarray] | None:
    """Which test rows each side got right, where both are accuracies (or both errors) of one run."""
    sides = (claim.left, claim.right)
    if not all(isinstance(side, Measure) and side.name in ("accuracy", "error") for side in sides):
        return None
    if len({side.name for side in sides if isinstance(side, Measure)}) > 1:
        return None
    right = []
    for side in sides:
        variants = _variants(side, chosen, found) if isinstance(side, Measure) else []
        bits = found.right(variants[0]) if len(variants) == 1 else None
        if bits is None:
            return None
        right.append(bits)
    same_rows = len(right[0]) == len(right[1]) and _same_test(sides, chosen, found)
    return (right[0], right[1]) if same_rows else None


_TEST_FIELDS = ("name", "content", "classes", "labels", "test", "train", "shuffle", "folds")


def _same_test(sides: tuple[Expression, ...], chosen: Mapping[str, str], found: Found) -> bool:
    """Whether both sides were tested on the same rows (a test part of its own, or the same cut)."""
    left, right = (_variants(side, chosen, found)[0].jobs[0].data for side in sides if isinstance(side, Measure))
    return all(getattr(left, name) == getattr(right, name) for name in _TEST_FIELDS)


def _variants(measure: Measure, chosen: Mapping[str, str], found: Found) -> list[Variant]:
    """Variants that a measure speaks of."""
    wanted = {axis: chosen[axis] if value == "each" else value for axis, value in measure.where}
    if RUN in found.plan.recipe.axes:
        wanted.setdefault(RUN, AS_PRINTED)
    matching = [v for v in found.plan.variants if all(v.labels.get(a) == value for a, value in wanted.items())]
    if not matching:
        raise _UndecidableError(f"{measure} is not in this profile")
    return matching


def _evaluate(side: Expression, chosen: Mapping[str, str], found: Found) -> _Side:
    if isinstance(side, float):
        return _Side(np.array([side]))
    if isinstance(side, Measure):
        return _measured(side, chosen, found)
    a, b = _evaluate(side.left, chosen, found), _evaluate(side.right, chosen, found)
    if len(a.values) != len(b.values) and 1 not in (len(a.values), len(b.values)):
        raise _UndecidableError("the parts have different numbers of repeats")
    if side.sign == "/" and not np.all(b.values):
        raise _UndecidableError("it divides by 0")
    operate = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[side.sign]
    folds = max((a, b), key=lambda one: one.n_train)
    return _Side(operate(a.values, b.values), a.exact and b.exact, folds.n_train, folds.n_test)


def _measured(measure: Measure, chosen: Mapping[str, str], found: Found) -> _Side:
    """A measure's values: of one variant, or the mean over those that the claim does not distinguish."""
    all_series = []
    for variant in _variants(measure, chosen, found):
        series = found.series(variant, measure.name)
        if series is None:
            why = "is not finished" if not found.complete(variant) else f"has no number {measure.name}"
            raise _UndecidableError(f"{variant.name or 'the recipe'} {why}")
        all_series.append(series)
    lengths = {len(series.values) for series in all_series} - {1}
    if len(lengths) > 1:
        raise _UndecidableError("the variants have different numbers of repeats")
    values = np.mean(np.broadcast_arrays(*(series.values for series in all_series)), axis=0)
    exact = all(series.same for series in all_series) and measure.name not in TIMES
    first = all_series[0]
    return _Side(np.asarray(values), exact, first.n_train, first.n_test)
