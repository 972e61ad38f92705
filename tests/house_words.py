"""Words of this house that are not the field's: none of them stands in anything that a user reads."""

from __future__ import annotations

import re

INSTEAD = {
    r"rungs?": "candidate",
    r"climb(s|ed|ing)?": "cross-validates, model selection",
    r"ladders?": "leaderboard, candidates",
    r"wish(es)?": "decision rule",
    r"(is|are|was|were) brought to": "resized, resampled, cut or padded to",
    r"besides?(?! that)": "next to, with, as well as",
    r"in a way that it should not": "Internal error",
    r"is (told|no way)": "an active, plain sentence",
    r"tells? (what|whether|how|where|which|that)": "says, reports, shows",
    r"(is|are|be|been|was|were) told(?! apart)": "said, reported, shown",
    r"so many": "this many, up to N",
    r"most rows that": "maximum rows",
    r"flatters?": "optimistic",
    r"goes on with": "continues",
}
"""Regular expression of whole words, and what to write instead."""


def house_words(text: str) -> list[str]:
    """Every word of the list that a text holds, with what to write instead."""
    found = []
    for pattern, instead in INSTEAD.items():
        found += [f"{hit.group()!r} -> {instead}" for hit in re.finditer(rf"(?i)\b(?:{pattern})\b", text)]
    return found
