"""Numbers and text as a person reads them, and the verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from heldout.evaluate.intervals import wilson_interval
from heldout.evaluate.scoring import Scored
from heldout.report.content import ReportContent

UNDEFINED = "–"

# Control characters break HTML, lone surrogates break UTF-8, direction overrides turn text around.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def clean(value: Any) -> Any:
    """Text without characters that cannot be shown; anything else as it is."""
    if isinstance(value, Markup):
        return value
    return _UNSHOWABLE.sub("\ufffd", value) if isinstance(value, str) else value


def shorten(text: object, length: int = 60) -> str:
    """One line of at most ``length`` characters, an ellipsis for the rest."""
    line = " ".join(str(clean(str(text))).split()) or "(empty)"
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def number(value: float | None, digits: int = 3) -> str:
    """A score; never rounded up to a perfect 1."""
    if value is None:
        return UNDEFINED
    if value < 1 and float(f"{value:.{digits}f}") >= 1:
        return number(value, digits + 1) if digits < 5 else f"> {1 - 10**-digits:.{digits}f}"
    return f"{value:.{digits}f}".replace("-", "−")


def percent(value: float | None, digits: int = 1) -> str:
    """A share in percent; never rounded up to 100 or down to 0."""
    if value is None:
        return UNDEFINED
    if value in (0, 1):
        return f"{value * 100:.0f} %"
    text = f"{value * 100:.{digits}f}"
    if 0 < float(text) < 100:
        return f"{text} %"
    if digits < 2:
        return percent(value, digits + 1)
    return f"> {100 - 10**-digits:.{digits}f} %" if value > 0.5 else f"< {10**-digits:.{digits}f} %"


def unbroken(text: str) -> str:
    """Numbers stay on one line with their sign and unit."""
    return re.sub(r"(?<=\d) (%|± (?=\d))", lambda found: "\u00a0" + found[1].replace(" ", "\u00a0"), text)


def count(value: int | None) -> str:
    """A whole number with commas for thousands."""
    return UNDEFINED if value is None else f"{value:,}"


def duration(seconds: float | None) -> str:
    """A time in its natural unit."""
    if seconds is None:
        return UNDEFINED
    if seconds < 0.0995:
        return f"{seconds * 1000:.2g} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def milliseconds(seconds: float | None) -> str:
    """Seconds as milliseconds, two digits that count."""
    if seconds is None:
        return UNDEFINED
    value = seconds * 1000
    return f"{value:,.0f} ms" if value >= 9.95 else f"{value:.2g} ms"


def with_se(text: str, se: float | None, *, scale: float = 1.0, digits: int = 3, unit: str = "") -> str:
    """``text ± se``; nothing is added where no standard error is known."""
    if se is None or text == UNDEFINED:
        return text
    return f"{text.removesuffix(unit)} ± {se * scale:.{digits}f}{unit}"


def ordinal(value: int) -> str:
    """First to fifth in words, then 6th, 11th, 21st and so on."""
    words = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}
    if value in words:
        return words[value]
    ending = "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{ending}"


def times(value: int) -> str:
    """Once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(value, f"{value:,} times")


def interval(scored: Scored, key: str, style: str = "percent") -> str:
    """The interval of a metric: "96.4 to 99.5 %"; empty where there is none."""
    return between(*scored.intervals[key], style=style) if key in scored.intervals else ""


def between(low: float | None, high: float | None, *, style: str = "percent") -> str:
    """Two ends: "96.4 to 99.5 %", "0.912 to 0.987"; empty where there are none."""
    if low is None or high is None:
        return ""
    if style == "percent":
        return f"{percent(low).removesuffix(' %')} to {percent(high)}"
    return f"{number(low)} to {number(high)}"


def recall_interval(row: Mapping[str, Any], scored: Scored) -> str:
    """Wilson's interval of a class's recall in brackets; with groups, of the effective number of rows."""
    ends = wilson_interval(row["recall"], row["support"] * scored.independence, scored.level)
    return f"({between(*ends)})"


def level_words(level: float) -> str:
    """A confidence level: "95 %", "97.5 %"."""
    return percent(level).replace(".0", "")


def p_words(p: float) -> str:
    """A p-value, no more exact than it deserves."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


@dataclass(frozen=True)
class Verdict:
    """The first thing that a report says.

    Attributes
    ----------
    sentence : str
        One claim that the evidence carries.
    evidence : str
        Interval, rows, how often the seal was opened.
    caution : str
        Why the claim may be worth less than it seems; empty if nothing is known.
    """

    sentence: str
    evidence: str
    caution: str = ""


def verdict(content: ReportContent) -> Verdict:
    """The honest sentence at the top, from sealed rows if they were opened, else from cross-validation."""
    return _tested(content, content.test) if content.test is not None else _still_sealed(content)


def _tested(content: ReportContent, test: Scored) -> Verdict:
    rows, n = content.data.rows, test.metrics["n"]
    openings = max(1, len(content.seal.openings))
    sentence = f"{content.chosen} is right on {percent(test.metrics['accuracy'])} of unseen {rows}"
    between = interval(test, "accuracy")
    parts = [f"{level_words(test.level)} interval {between}"] if between else []
    parts += [f"{count(n)} sealed {rows}", f"{ordinal(openings)} opening"]
    evidence = f"{', '.join(parts)}. MCC {number(test.metrics['mcc'])}"
    if "mcc" in test.intervals:
        evidence += f" (interval {interval(test, 'mcc', 'number')})"
    evidence += _cross_validated(content, "; cross-validated ")
    return Verdict(f"{sentence}.", f"{evidence}.", _caution(test, openings))


def _still_sealed(content: ReportContent) -> Verdict:
    row, rows = content.chosen_row, content.data.rows
    sealed = f"The sealed test set of {count(content.data.n_test)} {rows} has not been opened"
    others = len(content.seal.openings)
    if not content.seal.intact:
        sealed += " by this run; how often others opened it is unknown because the ledger has been altered"
    elif others:
        sealed += f" by this run; {'another run' if others == 1 else 'other runs'} opened it {times(others)}"
    caution = _caution(content.cross_validated, 0) if content.cross_validated is not None else ""
    if row is None or row.mcc is None:
        return Verdict(f"{content.chosen or 'No model'} was chosen; its scores are unknown.", f"{sealed}.", caution)
    sentence = f"{content.chosen}: cross-validated MCC {with_se(number(row.mcc), row.mcc_se)}"
    if row.accuracy is not None:
        right = with_se(percent(row.accuracy), row.accuracy_se, scale=100, digits=1, unit=" %")
        sentence += f", accuracy {right} on validation {rows}"
    how = f" ({content.resampling})" if content.resampling else ""
    return Verdict(
        f"{sentence}.",
        f"{sealed}. Scores are means ± standard errors over folds{how}; the model was chosen by them, so "
        "expect slightly lower ones on new data.",
        caution,
    )


def _cross_validated(content: ReportContent, before: str) -> str:
    row = content.chosen_row
    return "" if row is None or row.mcc is None else before + with_se(number(row.mcc), row.mcc_se)


def _caution(scored: Scored, openings: int) -> str:
    """What speaks against the number: a constant answer does as well, or the seal was opened before."""
    matrix, found = scored.metrics["confusion"], []
    support = [sum(row) for row in matrix]
    constant = max(support) / max(1, sum(support))
    low = scored.intervals.get("accuracy", (scored.metrics["accuracy"], 0.0))[0]
    if low <= constant:
        name = list(scored.metrics["per_class"])[support.index(max(support))]
        found.append(
            f"Always answering “{shorten(name, 40)}” would be right on {percent(constant)} of the same rows: "
            "the evidence does not show that this model is better."
        )
    if openings > 1:
        found.append(
            f"The seal has been opened {times(openings)} for these data; choosing a model by what is seen there "
            "turns test rows into training rows."
        )
    return " ".join(found)
