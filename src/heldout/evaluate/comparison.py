"""Is one model really better than another? A difference, its interval, a p-value, and what may be concluded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np

from heldout.errors import SettingError, ShapeError
from heldout.evaluate.checks import check_level
from heldout.evaluate.significance import (
    check_scores,
    cliffs_delta,
    cohens_d,
    corrected_t_test,
    holm,
    mann_whitney,
    rank_biserial,
    welch_test,
    wilcoxon,
)
from heldout.evaluate.standard_errors import mean_and_se

Test = Literal["auto", "t", "wilcoxon", "mann-whitney"]
TESTS = ("auto", "t", "wilcoxon", "mann-whitney")


@dataclass(frozen=True)
class Comparison:
    """What comparing A with B found.

    Attributes
    ----------
    a, b : str
        Names.
    mean_a, mean_b, difference : float
        The last is A minus B.
    low, high : float
        Interval of the difference at `level`.
    level : float
    p : float
        Two-sided p-value of `test`; `adjusted` is the same after Holm's correction for all pairs compared.
    test : str
        In words.
    n : int
        Scores a side.
    paired : bool
    cohens_d, cliffs_delta, rank_biserial : float or None
        Effect sizes: mean difference over its standard deviation (paired; grows with the similarity of the folds and
        not with their number); how often one side's score is above the other's; the same of signed ranks (paired).
    margin : float or None
        Difference below which the two count as equal in practice; `equivalent` says whether the data show that they
        are (two one-sided tests at 1 - level: the interval of level 2 × level - 1 lies within ± margin).
    equivalent : bool or None
    says : str
        What may be concluded.
    """

    a: str
    b: str
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    level: float
    p: float
    adjusted: float
    test: str
    n: int
    paired: bool
    cohens_d: float | None
    cliffs_delta: float
    rank_biserial: float | None
    margin: float | None
    equivalent: bool | None
    says: str

    def record(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @property
    def differs(self) -> bool:
        """Whether the difference is significant after the correction for many comparisons."""
        return self.adjusted <= 1 - self.level


def compare(
    scores_a: object,
    scores_b: object,
    *,
    n_train: float = 0,
    n_validation: float = 0,
    paired: bool = True,
    test: Test = "auto",
    names: tuple[str, str] = ("A", "B"),
    margin: float | None = None,
    level: float = 0.95,
    se_floor: float = 0.0,
) -> Comparison:
    """Compare two models by their scores over folds × repeats, or over independent replicates.

    Parameters
    ----------
    scores_a, scores_b : array of float, shape (J,)
        Higher is better. Paired: the same folds of the same data in the same order, or the same seeds.
    n_train, n_validation : float
        Rows that each fold trained on and was scored on. Give them whenever the scores come from cross-validation:
        its training parts overlap, and every test but the corrected one then sees differences that are not there.
        Without them the scores count as independent replicates.
    paired : bool, default=True
    test : 'auto', 't', 'wilcoxon' or 'mann-whitney'
        'auto' is the (corrected) t-test. The rank tests are for independent replicates only.
    names : (str, str)
    margin : float, optional
        Largest difference that would not matter; adds a statement on equivalence.
    level : float, default=0.95
    se_floor : float, default=0
        Floor of the standard error of the difference, for scores of few rows: two perfect models differ by 0, and not
        by exactly 0.

    Raises
    ------
    ShapeError
        If paired scores differ in number, there are fewer than two, or one is not finite.
    SettingError
        If the test does not fit the scores.

    Examples
    --------
    >>> found = compare([0.91, 0.93, 0.92, 0.94], [0.90, 0.91, 0.91, 0.92], n_train=75, n_validation=25)
    >>> found.says
    'A is better than B by 0.015 (95 % interval 0.001 to 0.029, p = 0.042)'
    """
    check_level(level)
    a, b = (check_scores(scores, name, least=2) for scores, name in ((scores_a, names[0]), (scores_b, names[1])))
    _check_call(a, b, n_train, paired, test, names, margin)
    difference = float(a.mean() - b.mean())
    if paired:
        error, degrees = mean_and_se(a - b, n_train, n_validation)[1] or 0.0, float(len(a) - 1)
        p, words = _paired_p(a, b, n_train, n_validation, test)
    else:
        errors = [mean_and_se(side, n_train, n_validation)[1] or 0.0 for side in (a, b)]
        error, degrees, p = welch_test(
            (float(a.mean()), float(b.mean())), (errors[0], errors[1]), (len(a) - 1.0, len(b) - 1.0)
        )
        words = "Welch's t-test" + (", corrected for overlapping folds" if n_train else "")
        if test == "mann-whitney":
            p, words = float(mann_whitney(a, b)[1]), "Mann-Whitney U"
    if error < se_floor:
        error = se_floor
        p = p if test in ("wilcoxon", "mann-whitney") else p_of_t(difference / error, degrees)
    low, high = interval_ends(difference, error, degrees, level)
    found = Comparison(
        a=names[0],
        b=names[1],
        mean_a=float(a.mean()),
        mean_b=float(b.mean()),
        difference=difference,
        low=low,
        high=high,
        level=level,
        p=p,
        adjusted=p,
        test=words,
        n=len(a),
        paired=paired,
        cohens_d=cohens_d(a - b) if paired else None,
        cliffs_delta=cliffs_delta(a, b),
        rank_biserial=rank_biserial(a - b) if paired else None,
        margin=margin,
        equivalent=_within(margin, interval_ends(difference, error, degrees, 2 * level - 1)),
        says="",
    )
    return replace(found, says=conclusion(found))


def _check_call(
    a: np.ndarray, b: np.ndarray, n_train: float, paired: bool, test: str, names: Sequence[str], margin: float | None
) -> None:
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(f"scores have shapes {a.shape} and {b.shape}", fix="pass one score a fold: scores.ravel()")
    if paired and len(a) != len(b):
        raise ShapeError(
            f"{names[0]} has {len(a)} scores, {names[1]} has {len(b)}, so they cannot be paired",
            fix="score both on the same folds, or pass paired=False",
        )
    if test not in TESTS:
        raise SettingError(f"Unknown test {test!r}", fix="use one of " + ", ".join(TESTS))
    if test in ("wilcoxon", "mann-whitney") and n_train:
        raise SettingError(
            f"{test} assumes independent scores, and those of overlapping folds are not",
            fix="leave out test= (the corrected t-test), or compare independent replicates without n_train",
        )
    if test == "wilcoxon" and not paired:
        raise SettingError("Wilcoxon's test is for paired scores", fix="use test='mann-whitney'")
    if margin is not None and not (math.isfinite(margin) and margin > 0):
        raise SettingError(f"the margin is {margin}", fix="pass the largest difference that would not matter: 0.01")


def p_of_t(t: float, degrees: float) -> float:
    """Two-sided p-value of Student's t."""
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(t)))


def _paired_p(a: np.ndarray, b: np.ndarray, n_train: float, n_validation: float, test: str) -> tuple[float, str]:
    if test == "wilcoxon":
        return float(wilcoxon(a - b)), "Wilcoxon's signed-rank test"
    if test == "mann-whitney":
        return float(mann_whitney(a, b)[1]), "Mann-Whitney U (which ignores the pairs)"
    words = "corrected resampled t-test" if n_train else "paired t-test of independent replicates"
    return float(corrected_t_test(a - b, n_train, n_validation)[1]), words


def interval_ends(difference: float, error: float, degrees: float, level: float) -> tuple[float, float]:
    """Interval of a difference with a standard error, by Student's quantile."""
    from scipy.special import stdtrit

    half = error * float(stdtrit(degrees, 0.5 + level / 2))
    return difference - half, difference + half


def _within(margin: float | None, ends: tuple[float, float]) -> bool | None:
    return None if margin is None else -margin < ends[0] and ends[1] < margin


def conclusion(found: Comparison) -> str:
    """Say in one sentence what the comparison allows to say."""
    percent = f"{100 * found.level:g} % interval"
    corrected = found.adjusted != found.p
    p = p_in_words(found.adjusted) + (" after Holm's correction" if corrected else "")
    if found.differs:
        better, worse = (found.a, found.b) if found.difference > 0 else (found.b, found.a)
        ends = (found.low, found.high) if found.difference > 0 else (-found.high, -found.low)
        text = f"{better} is better than {worse} by {abs(found.difference):.3f} "
        text += f"({percent} {ends[0]:.3f} to {ends[1]:.3f}, {p})"
        if found.equivalent:
            text += f", and by less than {found.margin:g}, which does not matter here"
        return text
    text = f"no difference between {found.a} and {found.b} is shown "
    alone = " of this difference alone" if corrected and found.low * found.high > 0 else ""
    text += f"({found.difference:+.3f}, {percent}{alone} {found.low:.3f} to {found.high:.3f}, {p})"
    if found.equivalent:
        return text + f"; they are equal to within {found.margin:g}"
    if found.equivalent is False:
        return text + f"; nor is it shown that they are equal to within {found.margin:g}"
    return text + "; this does not prove that they are equal"


def p_in_words(p: float) -> str:
    """Write a p-value as people read it: ``p < 0.001``, ``p = 0.042``, ``p = 0.31``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def compare_all(scores: Mapping[str, object], **options: Any) -> list[Comparison]:
    """Compare every pair of models, with Holm's correction over all pairs.

    Parameters
    ----------
    scores : mapping of str to array of float, shape (J,)
        Two models or more.
    **options
        As for `compare`.

    Returns
    -------
    list of Comparison
        In the order of `itertools.combinations`.
    """
    if len(scores) < 2:
        raise SettingError("one model alone cannot be compared", fix="give two or more")
    pairs = [compare(scores[a], scores[b], names=(a, b), **options) for a, b in combinations(scores, 2)]
    return adjust(pairs)


def adjust(pairs: Sequence[Comparison]) -> list[Comparison]:
    """Apply Holm's correction to comparisons made together, and say anew what they allow."""
    adjusted = holm([pair.p for pair in pairs])
    found = [replace(pair, adjusted=float(p)) for pair, p in zip(pairs, adjusted, strict=True)]
    return [replace(pair, says=conclusion(pair)) for pair in found]
