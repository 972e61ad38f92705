"""Experiments as one HTML page that needs no network and runs no script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from heldout.files import write_text
from heldout.report.page import environment, policy, resource
from heldout.report.words import duration
from heldout_course.book.entries import Entry
from heldout_course.book.overview import OFF, Overview, kind_of, summary_of
from heldout_course.book.pictures import CSS, pictures_of
from heldout_course.book.plain import markdown_of, p_words
from heldout_course.book.tables import lay_out, mended_name

HERE = Path(__file__).parent


def write_page(path: Path, entries: Sequence[Entry]) -> list[Path]:
    """Write the HTML page, and a Markdown page of the same name beside it."""
    write_text(path, html_of(entries))
    markdown = path.with_suffix(".md")
    write_text(markdown, "\n".join(markdown_of(entries)) + "\n")
    return [path, markdown]


def html_of(entries: Sequence[Entry]) -> str:
    """The page: what all say together, where we differ from the print, contents, and each experiment."""
    css = resource("style.css") + CSS + (HERE / "page.css").read_text(encoding="utf-8")
    overview = Overview(entries)
    values = {
        "facts": facts(overview),
        "off": overview.off,
        "chapters": [(name, title, [_shown(entry) for entry in found]) for name, title, found in overview.chapters],
        "made_with": overview.made_with,
        "mended_name": mended_name,
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
    states, numbers, claims = overview.states, overview.numbers, overview.claims
    n = len(overview.entries)
    ran = states["full"] + states["quick"]
    parts = [f"{states['full']} as the course states them"] * bool(states["full"])
    parts += [f"{states['quick']} in the quick profile"] * bool(states["quick"])
    told = [f"{ran} of {n} have run" + (": " if parts else "") + ", ".join(parts)]
    told += [f"{states['begun']} have begun"] * bool(states["begun"])
    told += [f"{states['not run']} have not run yet"] * bool(states["not run"])
    found = [("Experiments", "; ".join(told))]
    if numbers:
        off = sum(numbers[name] for name in OFF)
        words = f"of {numbers.total():,} printed numbers {numbers['equal']:,} came out equal, "
        words += f"{numbers['within our interval']:,} lie within our interval, {off:,} differ"
        beside = overview.beside
        found.append(
            ("Numbers", words + (f"; {beside:,} more stand beside runs that cannot be compared" * bool(beside)))
        )
    if claims:
        words = f"of {claims.total():,} claims {claims['held']:,} held, {claims['not held']:,} did not, "
        found.append(("Claims", words + f"{claims['not decidable']:,} cannot be decided by these runs"))
    if overview.mended:
        word = "experiments have" if overview.mended > 1 else "experiment has"
        found.append(("Done right", f"{overview.mended} {word} a flaw that is mended beside it"))
    if overview.seconds:
        found.append(("Computing", f"{duration(overview.seconds)} of one core in all"))
    return found
