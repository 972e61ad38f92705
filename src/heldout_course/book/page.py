"""Experiments as one HTML page that needs no network and runs no script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from heldout.cli.words import plural
from heldout.files import write_text
from heldout.report.page import environment, policy, resource
from heldout.report.words import duration
from heldout_course.book.entries import Agreement, Entry
from heldout_course.book.overview import Overview, kind_of, summary_of
from heldout_course.book.pictures import CSS, pictures_of
from heldout_course.book.plain import markdown_of, p_words
from heldout_course.book.tables import corrected_name, lay_out

HERE = Path(__file__).parent


def write_page(path: Path, entries: Sequence[Entry]) -> list[Path]:
    """Write the HTML page, and a Markdown page of the same name next to it."""
    write_text(path, html_of(entries))
    markdown = path.with_suffix(".md")
    write_text(markdown, "\n".join(markdown_of(entries)) + "\n")
    return [path, markdown]


def html_of(entries: Sequence[Entry]) -> str:
    """The page: a summary, where we differ from the book, contents, and each experiment."""
    css = resource("style.css") + CSS + (HERE / "page.css").read_text(encoding="utf-8")
    overview = Overview(entries)
    values = {
        "facts": facts(overview),
        "off": overview.off,
        "chapters": [(name, title, [_shown(entry) for entry in found]) for name, title, found in overview.chapters],
        "made_with": overview.made_with,
        "corrected_name": corrected_name,
        "css": Markup(css),
        "policy": policy(css, ""),
    }
    return environment().from_string((HERE / "page.html").read_text(encoding="utf-8")).render(values)


def _shown(entry: Entry) -> dict[str, Any]:
    """What the template needs of an experiment."""
    kind, plan = kind_of(entry), entry.found.plan
    return {
        "entry": entry,
        "kind": kind,
        "tag": plan.profile
        if kind != "begun"
        else f"{plan.profile}: {entry.found.n_finished} of {len(plan.jobs)} runs",
        "summary": summary_of(entry),
        "grid": lay_out(entry),
        "pictures": pictures_of(entry.found),
        "claims": [(verdict, p_words(verdict)) for verdict in entry.verdicts],
    }


def facts(overview: Overview) -> list[tuple[str, str]]:
    """The summary, as names and sentences."""
    found = [("Experiments", _experiments(overview))]
    numbers, claims = overview.numbers, overview.claims
    if numbers:
        off = sum(n for agreement, n in numbers.items() if agreement.is_off)
        words = f"of {numbers.total():,} published numbers {numbers[Agreement.EQUAL]:,} came out equal, "
        words += f"{numbers[Agreement.NEAR]:,} lie within our interval, {off:,} differ"
        if overview.not_compared:
            words += f"; {overview.not_compared:,} more cannot be compared with these runs"
        found.append(("Numbers", words))
    if claims:
        words = f"of {claims.total():,} claims {claims['held']:,} held, {claims['not held']:,} did not, "
        found.append(("Claims", words + f"{claims['not decidable']:,} cannot be decided by these runs"))
    if overview.corrected:
        words = f"{plural(overview.corrected, 'experiment')} also ran with a flaw of the course's method corrected"
        found.append(("Corrected", words))
    if overview.seconds:
        found.append(("Computing", f"{duration(overview.seconds)} of one core in all"))
    return found


def _experiments(overview: Overview) -> str:
    """How many have run, in which profile."""
    states = overview.states
    parts = [f"{states['full']} as the course states them"] * bool(states["full"])
    parts += [f"{states['quick']} in the quick profile"] * bool(states["quick"])
    ran = f"{states['full'] + states['quick']} of {len(overview.entries)} have run"
    sentences = [ran + (": " if parts else "") + ", ".join(parts)]
    sentences += [f"{states['begun']} have begun"] * bool(states["begun"])
    sentences += [f"{states['not run']} have not run yet"] * bool(states["not run"])
    return "; ".join(sentences)
