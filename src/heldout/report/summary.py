"""The report in a minute: the few things to know, each with the section that says more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from heldout.evaluate.confusion import worst_pairs
from heldout.evaluate.scoring import Scored
from heldout.report import words
from heldout.report.comparing import sentence
from heldout.report.content import ReportContent


@dataclass(frozen=True)
class Point:
    """One thing to know, and where the page says more."""

    anchor: str
    title: str
    text: str


def points(content: ReportContent) -> list[Point]:
    """What a reader in a hurry should take away, next to the verdict."""
    shown = content.test or content.cross_validated
    found = []
    if shown is not None:
        found.append(Point("confusion", "Gets wrong", mistakes_in_words(shown)))
        found.append(Point("numbers", "Baseline", _baseline(shown)))
    if content.rivals:
        found.append(Point("rivals", "Against others", sentence(content)))
    if content.looked:
        found.append(Point("data", "The data", _findings(content)))
    found.append(Point("seal", "The seal", seal_words(content)))
    return found


def mistakes_in_words(shown: Scored, n: int = 2) -> str:
    """The worst confusions in a sentence, as shares of their classes."""
    matrix, names = shown.metrics["confusion"], list(shown.metrics["per_class"])
    pairs: list[Any] = worst_pairs(matrix, n)
    if not pairs:
        return "No row was misclassified."
    texts = []
    for truth, guess, rows in pairs:
        of = sum(matrix[truth])
        texts.append(
            f"“{words.shorten(names[truth], 30)}” mistaken for “{words.shorten(names[guess], 30)}” {words.times(rows)} "
            f"({words.percent(rows / of)} of {words.count(of)})"
        )
    wrong = shown.metrics["n"] - sum(matrix[i][i] for i in range(len(names)))
    named = sum(rows for *_, rows in pairs)
    start = f"{words.count(wrong)} of {words.count(shown.metrics['n'])}"
    return f"{start}: {'; '.join(texts)}." if named == wrong else f"{start}. Most often {'; '.join(texts)}."


def _baseline(shown: Scored) -> str:
    support = [sum(row) for row in shown.metrics["confusion"]]
    name = list(shown.metrics["per_class"])[support.index(max(support))]
    return f"Always answering “{words.shorten(name, 40)}” is right on {words.percent(max(support) / sum(support))}."


def _findings(content: ReportContent) -> str:
    counts = {kind: sum(one.severity == kind for one in content.findings) for kind in ("error", "warning")}
    counted = [f"{n} {kind}{'s' if n > 1 else ''}" for kind, n in counts.items() if n]
    if not counted:
        return "No problem that would make scores wrong was found."
    return f"{' and '.join(counted)}; first: {words.shorten(content.findings[0].title, 160)}."


def seal_words(content: ReportContent) -> str:
    """How often the sealed rows were looked at, and by whom."""
    openings, rows = content.seal.openings, content.data.rows
    if not content.seal.intact:
        altered = "The ledger has been altered, so its count of openings cannot be trusted."
        return altered if content.test is not None else f"This run has not opened the seal. {altered}"
    sealed = f"{words.count(content.data.n_test)} {rows}"
    if content.test is None and not openings:
        return f"{sealed} are sealed and have never been opened."
    often = words.times(max(1, len(openings)))
    if content.test is None:
        others = "another run" if len(openings) == 1 else "other runs"
        last = f"{words.shorten(openings[-1].time, 40)}, run {words.shorten(openings[-1].run, 80)}"
        return (
            f"This run has not opened the seal; the seal of these {sealed} was opened {often} by {others} "
            f"(last: {last})."
        )
    widened = ""
    if len(openings) > 1 and content.test.level > 0.95:
        widened = f" The intervals above are widened to {words.percent(content.test.level)} for this."
    return f"The seal of these {sealed} has been opened {often}.{widened}"
