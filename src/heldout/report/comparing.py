"""Whether the chosen model is really better than the others, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heldout.evaluate.comparison import Comparison
from heldout.report import words
from heldout.report.content import ReportContent
from heldout.report.leaderboard import signed


def comparison_words(content: ReportContent) -> dict[str, Any]:
    """What the page says on differences between the chosen model and the others; empty if there are none."""
    if not content.rivals:
        return {}
    titles = {row.model: row.title for row in content.leaderboard}
    first = content.rivals[0]
    return {
        "sentence": sentence(content),
        "method": f"Differences in cross-validated MCC, by the {first.test}, with Holm's correction for "
        f"{_comparisons(len(content.rivals))}.",
        "level": words.level_words(first.level),
        "rows": [
            {
                "found": pair,
                "title": titles.get(pair.b, pair.b),
                "p": words.p_words(pair.adjusted),
                "verdict": _verdict(pair),
                "css": "better" if pair.differs and pair.difference > 0 else "worse" if pair.differs else "open",
            }
            for pair in content.rivals
        ],
        "note": "Right of the line, the chosen model is better. “Not shown” does not prove that two models are equal. "
        "The model was chosen on these same folds, which is slightly optimistic; each interval is for one "
        "difference alone.",
    }


def sentence(content: ReportContent) -> str:
    """How the chosen model compares with the simpler and the more complex ones."""
    place = {row.model: number for number, row in enumerate(content.leaderboard)}
    titles = {row.model: words.shorten(row.title, 40) for row in content.leaderboard}
    if not content.rivals:
        return ""
    chosen = place.get(content.rivals[0].a, 0)
    simpler = [pair for pair in content.rivals if place.get(pair.b, 0) < chosen]
    complex_ = [pair for pair in content.rivals if place.get(pair.b, 0) > chosen]
    name = words.shorten(content.chosen, 60)
    parts = []
    if simpler:
        parts.append(_against_simpler(name, simpler, titles))
    else:
        parts.append(f"{name} is the simplest of the models")
    if complex_:
        better = [pair for pair in complex_ if pair.differs and pair.difference < 0]
        n = len(complex_)
        if better:
            listed = ", ".join(titles.get(pair.b, pair.b) for pair in better)
            parts.append(f"of the more complex ones, {listed} is shown to be better")
        else:
            parts.append(
                "the one more complex model is not shown to be better"
                if n == 1
                else f"none of the {n} more complex ones is shown to be better"
            )
    return "; ".join(parts) + "."


def _against_simpler(name: str, simpler: list[Comparison], titles: Mapping[str, str]) -> str:
    won = [pair for pair in simpler if pair.differs and pair.difference > 0]
    still_open = sorted((pair for pair in simpler if pair not in won), key=lambda pair: pair.difference)
    n = len(simpler)
    if not still_open:
        of = {1: "the one simpler model", 2: "both simpler models"}.get(n, f"all {n} simpler models")
        return f"{name} is shown to be better than {of}"
    nearest = still_open[0]
    rest = f"not than {titles.get(nearest.b, nearest.b)} ({signed(nearest.difference)} MCC)"
    if len(still_open) > 1:
        rest += f" and {len(still_open) - 1} more"
    if not won:
        return (
            f"{name} is not shown to be better than any simpler model (nearest: {titles.get(nearest.b, nearest.b)}, "
            f"{signed(nearest.difference)} MCC)"
        )
    return f"{name} is shown to be better than {len(won)} of {n} simpler models, {rest}"


def _verdict(pair: Comparison) -> str:
    if not pair.differs:
        return "not shown"
    return "better" if pair.difference > 0 else "worse"


def _comparisons(n: int) -> str:
    return "one comparison" if n == 1 else f"{n} comparisons"
