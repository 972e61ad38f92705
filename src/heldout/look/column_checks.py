"""What is wrong with single columns of a table: constant, numbering, doubled, empty, with values far out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from heldout.data.rows import is_numeric
from heldout.look.columns import ColumnSummary, NumberSummary, TextSummary, rows_beyond
from heldout.look.findings import Finding, finding, percent, plural

FEW_ROWS = 20
NEARLY_ALL = 0.95  # of the values differ: an id
MOST_MISSING = 0.5
FAR_OUT = 10.0  # interquartile ranges beyond the quartiles
CODE_SHARE = 0.01  # of the rows hold one extreme value: a code for "missing"
CODE_BEYOND = 3.0
SAME = 0.99995  # correlation (either sign) of columns that say the same: a conversion of units, rounded
MOST_CORRELATED = 1000
SAMPLE = 20_000
LEAST_ROWS_FAR_OUT = 20  # quartiles of fewer say little


def check_columns(
    frame: pd.DataFrame, summaries: Sequence[ColumnSummary], left_out: Mapping[str, str], ids: np.ndarray
) -> list[Finding]:
    """All findings on single columns and pairs of them; ``ids`` name the rows."""
    found = [*_left_out(left_out), *_ids(frame, summaries), *_doubled(frame)]
    return [*found, *_missing(summaries), *_far_out(frame, summaries, ids), *_outliers(summaries)]


def _left_out(left_out: Mapping[str, str]) -> list[Finding]:
    found = []
    for reason in dict.fromkeys(left_out.values()):
        names = [name for name, why in left_out.items() if why == reason]
        is_constant = "same value" in reason
        found.append(
            finding(
                "constant-column" if is_constant else "id-column",
                "note",
                f"{plural(len(names), 'column')} left out: {reason}",
                "A column that never changes teaches nothing."
                if is_constant
                else "A column that only names or counts the rows teaches nothing about new ones; if the rows are "
                "sorted by class, it gives the answer away.",
                "nothing to do; heldout leaves these columns out. Remove them from the table to be rid of this note",
                items=names,
            )
        )
    return found


def _ids(frame: pd.DataFrame, summaries: Sequence[ColumnSummary]) -> list[Finding]:
    names = []
    for i, summary in enumerate(summaries):
        if summary.n <= FEW_ROWS or summary.n_distinct < NEARLY_ALL * summary.n:
            continue
        if isinstance(summary, TextSummary) or _numbers_rows(frame.iloc[:, i].to_numpy(np.float64), summary):
            names.append(summary.name)
    if not names:
        return []
    return [
        finding(
            "id-column",
            "warning",
            f"ids among the features: {', '.join(map(repr, names[:5]))}",
            "Nearly every row has a value of its own (text, or whole numbers packed closely). A model can only learn "
            "such values by heart, and where ids were given out class by class, they give the answer away.",
            "take these columns out of the table; if a column names the source of several rows, give it with --group",
            items=names,
        )
    ]


def _numbers_rows(values: np.ndarray, summary: NumberSummary) -> bool:
    """Whole numbers that hardly repeat, within a range that they fill to a fifth: numbers given out, not measured."""
    span = summary.maximum - summary.minimum
    return bool(span < 5 * summary.n and (values == np.round(values))[~np.isnan(values)].all())


def _doubled(frame: pd.DataFrame) -> list[Finding]:
    """Columns equal up to names of categories or a straight line."""
    rows = np.linspace(0, len(frame) - 1, min(len(frame), SAMPLE)).astype(int)
    sets: dict[bytes, list[str]] = defaultdict(list)
    numeric: list[int] = []
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        if is_numeric(column) and len(numeric) < MOST_CORRELATED:
            numeric.append(i)
            continue
        sets[pd.factorize(column.to_numpy(object))[0].tobytes()].append(str(frame.columns[i]))
    groups = [names for names in sets.values() if len(names) > 1] + _straight(frame, numeric, rows)
    if not groups:
        return []
    pairs = [" = ".join(map(repr, names)) for names in groups]
    return [
        finding(
            "duplicate-column",
            "warning",
            f"columns that say the same: {plural(len(groups), 'set')}, first {pairs[0]}",
            "They are equal, or one follows from the other by a straight line or a renaming. The extra columns add "
            "nothing, and make distances and weights count the same thing twice.",
            "keep one column of each set",
            items=pairs,
            details={"sets": groups[:50]},
        )
    ]


def _straight(frame: pd.DataFrame, numeric: list[int], rows: np.ndarray) -> list[list[str]]:
    if len(numeric) < 2 or len(rows) < 3:
        return []
    values = frame.iloc[rows, numeric].to_numpy(np.float64)
    gone = np.isnan(values)
    values = np.where(gone, 0.0, values - np.nanmean(np.where(gone.all(0), 0.0, values), axis=0))
    length = np.sqrt((values**2).sum(0))
    scaled = values / np.where(length > 0, length, 1.0)
    alike = np.abs(scaled.T @ scaled) >= SAME
    groups, taken = [], np.zeros(len(numeric), bool)
    for i in range(len(numeric)):
        if taken[i] or length[i] == 0:
            continue
        same = [j for j in np.flatnonzero(alike[i]) if not taken[j] and (gone[:, j] == gone[:, i]).all()]
        taken[same] = True
        if len(same) > 1:
            groups.append([str(frame.columns[numeric[j]]) for j in same])
    return groups


def _missing(summaries: Sequence[ColumnSummary]) -> list[Finding]:
    gaps = sorted((s for s in summaries if s.n_missing), key=lambda s: -s.n_missing)
    if not gaps:
        return []
    n_rows = gaps[0].n + gaps[0].n_missing
    mostly = [s for s in gaps if s.n_missing > MOST_MISSING * n_rows]
    names = ", ".join(repr(s.name) for s in mostly[:5])
    return [
        finding(
            "missing-values",
            "warning" if mostly else "note",
            f"values are missing in {plural(len(gaps), 'column')}, most in {gaps[0].name!r}: "
            f"{percent(gaps[0].n_missing / n_rows)}",
            "Missing numbers become the median of the training rows, with a column beside them that says so; missing "
            "categories are a category of their own. Ask why they are missing: gaps that depend on the class or on "
            "the place of measurement are a cue that will not hold elsewhere.",
            f"drop the columns that are mostly empty ({names}), or find the values"
            if mostly
            else "nothing to do unless the gaps have a reason",
            items=[f"{s.name}: {s.n_missing:,} ({percent(s.n_missing / n_rows)})" for s in gaps],
        )
    ]


def _far_out(frame: pd.DataFrame, summaries: Sequence[ColumnSummary], ids: np.ndarray) -> list[Finding]:
    """Values that hardly belong: a repeated extreme is a code, a few wild ones are slips."""
    codes, wild = [], []
    for i, summary in enumerate(summaries):
        if not isinstance(summary, NumberSummary) or summary.q3 <= summary.q1 or not summary.n_outliers:
            continue
        values = frame.iloc[:, i].to_numpy(np.float64)
        code = _code(values, summary)
        if code is not None:
            codes.append(f"{summary.name}: {code:g} in {plural(int((values == code).sum()), 'row')}")
            continue
        rows = rows_beyond(values, summary, FAR_OUT)
        if len(values) >= LEAST_ROWS_FAR_OUT and 0 < len(rows) <= max(1, 0.001 * len(values)):
            wild += [f"{summary.name}: {values[row]:g} in row {ids[row]}" for row in rows[:5]]
    found = []
    if codes:
        found.append(
            finding(
                "code-for-missing",
                "warning",
                f"{plural(len(codes), 'column')} may hold a code for “missing”: {codes[0]}",
                "One extreme value is repeated far from all others. Taken as a number, it bends means, deviations and "
                "every distance.",
                "leave these fields empty if the value means “unknown”",
                items=codes,
            )
        )
    if wild:
        found.append(
            finding(
                "far-out-values",
                "warning",
                f"{plural(len(wild), 'value')} more than {FAR_OUT:g} interquartile ranges beyond the quartiles: "
                f"{wild[0]}",
                "So far out, a slip of the pen, of the decimal point or of the unit is likelier than a true value.",
                "look these values up; correct them or leave the fields empty",
                items=wild,
            )
        )
    return found


def _code(values: np.ndarray, summary: NumberSummary) -> float | None:
    for end in (summary.minimum, summary.maximum):
        beyond = max(summary.q1 - end, end - summary.q3) > CODE_BEYOND * (summary.q3 - summary.q1)
        count = int((values == end).sum())
        if beyond and count >= max(3, CODE_SHARE * summary.n) and _stands_alone(values, end, summary):
            return end
    return None


def _stands_alone(values: np.ndarray, end: float, summary: NumberSummary) -> bool:
    """Whether nothing else lies in the outer half between the extreme and the middle half of the values."""
    inner = summary.q1 if end < summary.q1 else summary.q3
    low, high = sorted((end, (end + inner) / 2))
    with np.errstate(invalid="ignore"):
        return not bool(((values >= low) & (values <= high) & (values != end)).any())


def _outliers(summaries: Sequence[ColumnSummary]) -> list[Finding]:
    found = sorted((s for s in summaries if isinstance(s, NumberSummary) and s.n_outliers), key=lambda s: -s.n_outliers)
    if not found:
        return []
    return [
        finding(
            "outliers",
            "note",
            f"values beyond the fences in {plural(len(found), 'column')}, most in {found[0].name!r}: "
            f"{percent(found[0].n_outliers / found[0].n)}",
            "The fences lie 1.5 interquartile ranges beyond the quartiles. Of perfectly normal values 0.7 % lie beyond "
            "them, and of skewed ones many more, so nothing is ever dropped for it.",
            "look at the box plots; for long tails, give the logarithm of the column",
            items=[f"{s.name}: {s.n_outliers:,} ({percent(s.n_outliers / s.n)})" for s in found],
        )
    ]
