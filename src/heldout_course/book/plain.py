"""Experiments as plain text: lines for a terminal, and Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from heldout.report.words import clean
from heldout_course.book.entries import Entry
from heldout_course.book.tables import cells, corrected_name, headings
from heldout_course.experiments.claims import State, Verdict

Style = State | Literal["plain", "title"]

LEAST_WIDTH = 40


class TextLine(NamedTuple):
    """A line for a terminal: `head` may be shown in a style, `rest` follows it."""

    head: str
    rest: str = ""
    style: Style = "plain"

    def __str__(self) -> str:
        return self.head + self.rest


def p_words(verdict: Verdict) -> str:
    """How a claim was tested, in words."""
    from heldout.evaluate.comparison import p_in_words

    sides = (
        f"{verdict.left:.4g} and {verdict.right:.4g}; " if verdict.left is not None and verdict.p is not None else ""
    )
    return sides + (f"{p_in_words(verdict.p)}, {verdict.test}" if verdict.p is not None else verdict.test)


def text_of(entry: Entry, width: int | None = None) -> Iterator[TextLine]:
    """An experiment as lines for a terminal.

    Parameters
    ----------
    entry : Entry
    width : int, optional
        Columns that lines are wrapped to; by default nothing is wrapped, so that each fact is one line.
    """
    for number, line in enumerate(_wrap(f"{entry.recipe.id}: {entry.recipe.title}", width)):
        yield TextLine(line, style="title" if number == 0 else "plain")
    yield from map(TextLine, _facts(entry, width))
    if entry.verdicts:
        yield TextLine("")
    for verdict in entry.verdicts:
        tag = f"[{verdict.state}]"
        first, *more = _wrap(f"{tag} {verdict.claim}: {p_words(verdict)}", width)
        yield TextLine(tag, first.removeprefix(tag), verdict.state)
        yield from map(TextLine, more)
    for note in entry.notes:
        yield from map(TextLine, _wrap(f"Note: {note}", width))
    if entry.recipe.plot and entry.found.n_finished:
        yield from map(TextLine, _wrap("Picture: --figures FOLDER writes it as SVG", width))


def _facts(entry: Entry, width: int | None) -> Iterator[str]:
    """Question, state, table and corrections."""
    yield from _wrap(entry.recipe.question, width)
    yield f"State: {entry.state}"
    yield from _table(entry, width)
    for one in entry.recipe.corrected:
        name = corrected_name(one.name)
        yield from _wrap(f"{name[0].upper()}{name[1:]}. {one.says}", width)


def _wrap(text: str, width: int | None) -> Iterator[str]:
    if width is None:
        yield from filter(None, [text])
        return
    yield from textwrap.wrap(text, max(LEAST_WIDTH, width), subsequent_indent="  ", break_on_hyphens=False)


def _table(entry: Entry, width: int | None) -> Iterator[str]:
    """Columns side by side; where they are too wide, the variant is on a line of its own above its measures."""
    rows = [headings(entry), *cells(entry)]
    keep = [j for j in range(len(rows[0])) if any(row[j] for row in rows[1:])]
    if not keep:
        return
    yield ""
    rows = [[row[j] for j in keep] for row in rows]
    if width is None or _width(rows) <= width or rows[0][0] != "variant":
        yield from _columns(rows, "", width)
        return
    inner = [row[1:] for row in rows]
    widths = [max(len(row[j]) for row in inner) for j in range(len(inner[0]))]
    yield _line(inner[0], widths, "  ", width)
    above = ""
    for row in rows[1:]:
        if row[0] != above:
            above = row[0]
            yield from _wrap(above, width)
        yield _line(row[1:], widths, "  ", width)


def _width(rows: list[list[str]]) -> int:
    return sum(max(len(row[j]) for row in rows) + 2 for j in range(len(rows[0]))) - 2


def _columns(rows: list[list[str]], indent: str, width: int | None) -> Iterator[str]:
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    for row in rows:
        yield _line(row, widths, indent, width)


def _line(row: list[str], widths: list[int], indent: str, width: int | None) -> str:
    """Cells in columns; a narrow line closes the gaps instead of breaking."""
    text = (indent + "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True))).rstrip()
    return text if width is None or len(text) <= width else indent + "  ".join(filter(None, row))


def markdown_of(entries: Sequence[Entry]) -> Iterator[str]:
    """Experiments as Markdown, without pictures."""
    yield "# The course's experiments, next to the book\n"
    for entry in entries:
        yield f"## {entry.recipe.id}: {escape(entry.recipe.title)}\n"
        yield f"{escape(entry.recipe.question)} ({entry.state})\n"
        rows = cells(entry)
        if any(line.ours for line in entry.lines):
            names = headings(entry)
            yield "| " + " | ".join(map(escape, names)) + " |"
            yield "| " + " | ".join("---" for _ in names) + " |"
            for row in rows:
                yield "| " + " | ".join(map(escape, row)) + " |"
            yield ""
        for one in entry.recipe.corrected:
            name = corrected_name(one.name)
            yield f"- **{escape(name[0].upper() + name[1:])}.** {escape(one.says)}"
        for verdict in entry.verdicts:
            yield f"- **{verdict.state}**: {escape(verdict.claim)} ({escape(p_words(verdict))})"
        for note in entry.notes:
            yield f"- {escape(note)}"
        yield ""


def escape(text: str) -> str:
    """Text that cannot end a table's cell or begin markup."""
    for sign in "\\|<>*_`[":
        text = text.replace(sign, "\\" + sign)
    return " ".join(str(clean(text)).split())
