"""Experiments as text for a terminal, as one HTML page, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from heldout.book.entries import Entry
from heldout.book.pictures import CSS, pictures_of
from heldout.experiments.claims import Verdict
from heldout.files import write_text
from heldout.report.page import policy, resource
from heldout.report.words import clean

TEMPLATE = Path(__file__).with_name("page.html")


def headings(entry: Entry) -> list[str]:
    """Columns of an experiment's table."""
    printed = ["printed", "agreement"] if any(line.printed for line in entry.lines) else []
    right = [one.name for one in entry.recipe.corrected if any(one.name in line.right for line in entry.lines)]
    return ["variant", "measure", "ours", *printed, *right]


def cells(entry: Entry) -> list[list[str]]:
    """Rows of an experiment's table, as `headings` names them."""
    names = headings(entry)
    values = {"variant", "measure", "ours", "printed"}
    return [
        [
            getattr(line, name) if name in values else line.agrees if name == "agreement" else line.right.get(name, "")
            for name in names
        ]
        for line in entry.lines
    ]


def p_words(verdict: Verdict) -> str:
    """How a claim was tested, in words."""
    from heldout.evaluate.comparison import p_in_words

    sides = (
        f"{verdict.left:.4g} and {verdict.right:.4g}; " if verdict.left is not None and verdict.p is not None else ""
    )
    return sides + (f"{p_in_words(verdict.p)}, {verdict.test}" if verdict.p is not None else verdict.test)


def text_of(entry: Entry) -> Iterator[str]:
    """An experiment as lines for a terminal."""
    yield f"{entry.recipe.id}: {entry.recipe.title}"
    if entry.recipe.question:
        yield entry.recipe.question
    yield f"State: {entry.state}"
    rows = [headings(entry), *cells(entry)]
    keep = [j for j in range(len(rows[0])) if any(row[j] for row in rows[1:])]
    if keep:
        yield ""
        widths = [max(len(row[j]) for row in rows) for j in keep]
        for row in rows:
            yield "  ".join(f"{row[j]:<{width}}" for j, width in zip(keep, widths, strict=True)).rstrip()
    for one in entry.recipe.corrected:
        yield f"Done right ({one.name}): {one.says}"
    for verdict in entry.verdicts:
        yield f"[{verdict.state}] {verdict.claim}: {p_words(verdict)}"
    for note in entry.notes:
        yield f"Note: {note}"


def write_page(path: Path, entries: Sequence[Entry]) -> list[Path]:
    """Write the HTML page, and a Markdown page of the same name beside it."""
    write_text(path, html_of(entries))
    markdown = path.with_suffix(".md")
    write_text(markdown, "\n".join(markdown_of(entries)) + "\n")
    return [path, markdown]


def html_of(entries: Sequence[Entry]) -> str:
    """One page that needs no network and runs no script."""
    css = resource("style.css") + CSS
    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=clean, trim_blocks=True)
    shown = [
        {
            "entry": entry,
            "headings": headings(entry),
            "rows": cells(entry),
            "pictures": pictures_of(entry.found),
            "claims": [(verdict, p_words(verdict)) for verdict in entry.verdicts],
        }
        for entry in entries
    ]
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(shown=shown, css=Markup(css), policy=policy(css, ""))


def markdown_of(entries: Sequence[Entry]) -> Iterator[str]:
    """The same as Markdown, without pictures."""
    yield "# The course's experiments\n"
    for entry in entries:
        yield f"## {entry.recipe.id}: {_escape(entry.recipe.title)}\n"
        yield f"{_escape(entry.recipe.question)} ({entry.state})\n"
        rows = cells(entry)
        if any(line.ours for line in entry.lines):
            names = headings(entry)
            yield "| " + " | ".join(names) + " |"
            yield "| " + " | ".join("---" for _ in names) + " |"
            for row in rows:
                yield "| " + " | ".join(map(_escape, row)) + " |"
            yield ""
        for one in entry.recipe.corrected:
            yield f"- Done right ({_escape(one.name)}): {_escape(one.says)}"
        for verdict in entry.verdicts:
            yield f"- **{verdict.state}**: {_escape(verdict.claim)} ({_escape(p_words(verdict))})"
        for note in entry.notes:
            yield f"- {_escape(note)}"
        yield ""


def _escape(text: str) -> str:
    """Text that cannot end a table's cell or begin markup."""
    for sign in "\\|<>*_`[":
        text = text.replace(sign, "\\" + sign)
    return " ".join(str(clean(text)).split())
