"""What is shown of an experiment: our numbers next to the published ones, what corrections change, and the claims."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from heldout_course.experiments.claims import Verdict, judge
from heldout_course.experiments.expand import Variant, expand
from heldout_course.experiments.measures import TIMES
from heldout_course.experiments.recipe import AS_PRINTED, RUN, Recipe
from heldout_course.experiments.store import Store
from heldout_course.experiments.values import Found, Series


class Agreement(StrEnum):
    """How a number of ours compares with the published one."""

    NONE = ""
    EQUAL = "equal"
    NEAR = "within our interval"
    FAR = "outside our interval"
    DIFFERS = "differs"

    @property
    def is_off(self) -> bool:
        """Whether the two numbers disagree."""
        return self in (Agreement.FAR, Agreement.DIFFERS)


LEVEL = 0.95
ROUNDING = 1e-12
"""A standard error below this is none: all runs gave the same number."""


@dataclass(frozen=True)
class Line:
    """A measure of a variant.

    Attributes
    ----------
    labels : mapping of axis to value
        The variant's, without the axis of corrections.
    variant, measure : str
    ours, printed : str
        Our number and the published one, ready to read; empty where there is none.
    agrees : Agreement
    right : mapping of str to str
        Our number by each correction of the method.
    """

    labels: Mapping[str, str]
    variant: str
    measure: str
    ours: str
    printed: str
    agrees: Agreement
    right: Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """An experiment as it is shown."""

    recipe: Recipe
    found: Found
    lines: tuple[Line, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def state(self) -> str:
        """``not run``, ``3 of 12 jobs`` or ``done``, with the profile."""
        return state_of(self.found.n_finished, len(self.found.plan.jobs), self.found.plan.profile)

    @property
    def notes(self) -> list[str]:
        """The recipe's notes, and what the runs themselves have to say."""
        unfinished: dict[str, list[str]] = {}
        for variant in self.found.plan.variants:
            parts = [part for result in self.found.of(variant) for part in result.parts]
            for words in dict.fromkeys(part.unfinished for part in parts if part.unfinished):
                unfinished.setdefault(words, []).append(variant.name or "the model")
        return [*self.recipe.notes, *(f"{'; '.join(names)}: {words}." for words, names in unfinished.items())]

    def record(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        lines = [{key: getattr(line, key) for key in Line.__dataclass_fields__} for line in self.lines]
        return {
            "id": self.recipe.id,
            "title": self.recipe.title,
            "question": self.recipe.question,
            "profile": self.found.plan.profile,
            "state": self.state,
            "lines": lines,
            "claims": [verdict.record() for verdict in self.verdicts],
            "corrected": [{"name": one.name, "says": one.says} for one in self.recipe.corrected],
            "notes": self.notes,
        }


def state_of(n_finished: int, n_jobs: int, profile: str) -> str:
    """How far a recipe is in a profile."""
    if not n_finished:
        return "not run"
    return f"done ({profile})" if n_finished == n_jobs else f"{n_finished} of {n_jobs} jobs ({profile})"


def read_found(recipe: Recipe, store: Store | None, profile: str | None) -> Found:
    """Results of a recipe: of this profile, else of the one that is further along, ``full`` first."""
    best: Found | None = None
    for name in (profile,) if profile else ("full", "quick"):
        plan = expand(recipe, name)
        found = Found(plan, store.results([job.id for job in plan.jobs]) if store else {})
        share, before = (f.n_finished / len(f.plan.jobs) if f else -1.0 for f in (found, best))
        if share > before:
            best = found
    assert best is not None
    return best


def make_entry(recipe: Recipe, store: Store | None, profile: str | None = None) -> Entry:
    """Everything that is shown about a recipe."""
    found = read_found(recipe, store, profile)
    lines, verdicts = _lines(found), judge(found)
    if _is_cut_short(found):
        lines = [replace(line, agrees=Agreement.NONE) for line in lines]
        verdicts = [_kept_open(verdict) for verdict in verdicts]
    return Entry(recipe, found, tuple(lines), tuple(verdicts))


def _is_cut_short(found: Found) -> bool:
    """Whether the profile trains for less time or on fewer rows than the book, so that its numbers differ."""
    recipe, profile = found.plan.recipe, found.plan.profile
    return profile == "quick" and bool(set(recipe.profiles[profile]) - {"repeats", "only"})


def _kept_open(verdict: Verdict) -> Verdict:
    """A claim about the full run is not refuted by a short one."""
    if verdict.state != "not held":
        return verdict
    return replace(verdict, state="not decidable", test=f"not so in this shorter profile: {verdict.test}")


def _lines(found: Found) -> list[Line]:
    recipe = found.plan.recipe
    plain = [variant for variant in found.plan.variants if variant.labels.get(RUN, AS_PRINTED) == AS_PRINTED]
    digits = {measure: _digits_printed(recipe.printed.get(measure)) for measure in recipe.measure}
    lines = []
    wide = {measure for measure in recipe.measure if _is_wide(found, plain, measure)}
    shared = {measure: _digits_of_all(found, plain, measure) for measure in recipe.measure}
    for variant in plain:
        labels = {axis: value for axis, value in variant.labels.items() if axis != RUN}
        for measure in recipe.measure:
            printed = _printed(recipe, measure, list(labels.values()))
            series = found.series(variant, measure)
            decimals = _digits_printed(printed) if measure in wide else digits[measure]
            if decimals is None and measure not in wide:
                decimals = shared[measure]
            shown = found.shown(variant, measure)
            if series and decimals is None and isinstance(shown, int):
                decimals = 0
            if isinstance(shown, list | dict):
                continue  # it is drawn
            if series is None and shown is None and printed is None and found.complete(variant):
                continue
            lines.append(
                Line(
                    labels,
                    ", ".join(f"{axis}={value}" for axis, value in labels.items()),
                    measure,
                    in_words(series, decimals) if series else shown if isinstance(shown, str) else "",
                    _published_in_words(printed),
                    _agreement_of(measure, series, shown, printed, decimals),
                    _corrected(found, variant, measure, decimals),
                )
            )
    return lines


def _agreement_of(measure: str, series: Series | None, shown: Any, printed: Any, decimals: int | None) -> Agreement:
    if measure in TIMES:
        return Agreement.NONE
    return _agreement(series, printed, decimals) if series else _same_words(shown, printed)


def _digits_of_all(found: Found, variants: list[Variant], measure: str) -> int | None:
    """Decimals that all variants of a measure share where the book has none; None for whole numbers."""
    means = [series.mean for variant in variants if (series := found.series(variant, measure))]
    if all(mean.is_integer() for mean in means):
        return None
    return max((_own_digits(mean) for mean in means if abs(mean) >= 2), default=4)


def _is_wide(found: Found, variants: list[Variant], measure: str) -> bool:
    """Whether values differ so much (10,000-fold) that no one number of decimals can show them all."""
    all_series = [found.series(variant, measure) for variant in variants]
    sizes = [abs(series.mean) for series in all_series if series and abs(series.mean) > ROUNDING]
    return len(sizes) > 1 and max(sizes) > 1e4 * min(sizes)


def _same_words(shown: Any, printed: Any) -> Agreement:
    if shown is None or printed is None:
        return Agreement.NONE
    return Agreement.EQUAL if str(shown) == str(printed) else Agreement.DIFFERS


def _corrected(found: Found, variant_printed: Variant, measure: str, digits: int | None) -> dict[str, str]:
    """Our number by each correction."""
    numbers = {}
    for variant in found.plan.variants:
        same = all(value == variant.labels[axis] for axis, value in variant_printed.labels.items() if axis != RUN)
        name = variant.labels.get(RUN, AS_PRINTED)
        series = found.series(variant, measure) if same and name != AS_PRINTED else None
        if series:
            numbers[name] = in_words(series, digits)
    return numbers


def _printed(recipe: Recipe, measure: str, labels: list[str]) -> Any:
    table = recipe.printed.get(measure)
    for value in labels:
        if not isinstance(table, dict) or set(table) == {"mean", "se"}:
            break
        table = table.get(value)
    return table


def in_words(series: Series, digits: int | None) -> str:
    """Mean ± standard error; with as many decimals as the published numbers have, four for shares without them."""
    digits = _own_digits(series.mean) if digits is None else digits
    if not series.se or series.se < ROUNDING:
        power = math.floor(math.log10(abs(series.mean))) if abs(series.mean) > ROUNDING else 0
        if power < -3 and digits > 6:
            return f"{series.mean:.{max(0, digits + power)}e}"
        return f"{series.mean:,.{digits}f}"
    digits = max(digits, _digits_of_error(series.se))
    return f"{series.mean:,.{digits}f} ± {series.se:.{digits}f}"


def _digits_of_error(se: float) -> int:
    """Decimals that show two digits of an error."""
    return min(8, max(0, 1 - math.floor(math.log10(se))))


def _own_digits(value: float) -> int:
    if float(value).is_integer() and abs(value) >= 2:
        return 0
    if ROUNDING < abs(value) < 1e-3:
        return 2 - math.floor(math.log10(abs(value)))
    return 4 if abs(value) < 2 else 2


def _digits_printed(table: Any) -> int | None:
    """Most decimals of a measure's published values: YAML does not keep the last 0 of a single one."""
    if isinstance(table, dict):
        inner = [table["mean"]] if set(table) == {"mean", "se"} else table.values()
        found = [digits for value in inner if (digits := _digits_printed(value)) is not None]
        return max(found, default=None)
    is_number = isinstance(table, int | float) and not isinstance(table, bool)
    return _digits(table) if is_number else None


def _digits(value: float) -> int:
    """Decimals of a number as it is written."""
    mantissa, _, power = repr(value).partition("e")
    return max(0, len(mantissa.partition(".")[2]) - int(power or 0))


def _published_in_words(printed: Any) -> str:
    if printed is None or isinstance(printed, list):
        return ""
    if isinstance(printed, dict):
        return f"{printed['mean']} ± {printed['se']:.6f}".rstrip("0") if set(printed) == {"mean", "se"} else ""
    return f"{printed:,}" if isinstance(printed, int) and not isinstance(printed, bool) else str(printed)


def _agreement(series: Series, printed: Any, digits: int | None) -> Agreement:
    """Whether a published number is what came out: to its last digit, or within the interval of ours and theirs."""
    its_se = None
    if isinstance(printed, dict):
        printed, its_se = printed.get("mean"), printed.get("se")
    if isinstance(printed, bool) or not isinstance(printed, int | float):
        return Agreement.NONE
    # A score published as 1.0 is one of all rows: it is not met by what rounds to it.
    is_perfect = isinstance(printed, float) and printed in (0.0, 1.0)
    unit = 10.0 ** -max(digits or 0, 4 if is_perfect else 0)
    if abs(series.mean - printed) <= 0.5 * unit * (1 + 1e-9):
        return Agreement.EQUAL
    if series.same and not series.n_train:
        return Agreement.DIFFERS
    if len(series.values) < 2 or series.se is None:
        return Agreement.NONE
    from scipy.special import stdtrit

    spread = float(series.values.std(ddof=1))
    theirs = its_se if its_se is not None else spread
    bound = math.hypot(series.se, theirs) * float(stdtrit(len(series.values) - 1, 0.5 + LEVEL / 2)) + 0.5 * unit
    return Agreement.NEAR if abs(series.mean - printed) <= bound else Agreement.FAR
