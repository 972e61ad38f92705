"""The page of a look at the data: one HTML file that opens without a network and runs no script."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from heldout.data.dataset import Dataset
from heldout.files import write_text
from heldout.kinds.registry import kind_named
from heldout.look.columns import NumberSummary, TextSummary
from heldout.look.findings import Finding, Severity
from heldout.look.survey import Look
from heldout.report import words
from heldout.report.look_figures import MOST_BOXES, box_plots
from heldout.report.page import environment, policy, resource
from heldout.report.pictures import picture_data_uri
from heldout.wording import plural

MOST_COLUMNS = 500
MOST_CLASSES = 200
MOST_PICTURES = 12


def write_look(path: Path, seen: Look, data: Dataset) -> None:
    """Render and write the page, whole or not at all."""
    write_text(path, render_look(seen, data))


def render_look(seen: Look, data: Dataset) -> str:
    """The page as one self-contained HTML document; every string in it is escaped.

    Parameters
    ----------
    seen : Look
    data : Dataset
        What was looked at, for pictures of the rows concerned.
    """
    numeric = [column for column in seen.columns if isinstance(column, NumberSummary)]
    css = resource("style.css") + resource("look.css")
    values: dict[str, Any] = {
        "seen": seen,
        "css": Markup(css),
        "policy": policy(css, ""),
        "sentence": sentence(seen),
        "evidence": _evidence(seen),
        "findings": [(each, _pictures_of(each, seen, data)) for each in seen.findings],
        "classes": sorted(seen.classes, key=lambda pair: -pair[1])[:MOST_CLASSES],
        "n_more_classes": max(0, len(seen.classes) - MOST_CLASSES),
        "largest": max((rows for _, rows in seen.classes), default=1) or 1,
        "numeric": numeric[:MOST_COLUMNS],
        "texts": [column for column in seen.columns if isinstance(column, TextSummary)][:MOST_COLUMNS],
        "n_more_boxes": max(0, len(numeric) - MOST_BOXES),
        "plots": [box_plots(numeric, standardized=flag) for flag in (False, True)] if numeric else [],
        "sheets": _sheets(seen),
    }
    templates = environment()
    templates.filters["measure"] = lambda value: f"{value:.4g}"
    return templates.get_template("look.html").render(values)


def sentence(seen: Look) -> str:
    """The first thing that the page says."""
    counts = {name: sum(each.severity is name for each in seen.findings) for name in Severity}
    kind = kind_named(seen.kind)
    many = f"{words.count(seen.n_rows)} {kind.row if seen.n_rows == 1 else kind.rows}"
    found = [plural(n, name.value) for name, n in counts.items() if n]
    if not found:
        return f"No problems found in {many} of {len(seen.classes)} classes."
    listed = found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
    return f"{listed[0].upper()}{listed[1:]} on {many} of {len(seen.classes)} classes."


def _evidence(seen: Look) -> str:
    grouped = f"{words.count(seen.copies.n_groups)} groups of copies" if seen.copies.n_groups else "no copies"
    return (
        f"Always answering the largest class is right in {words.percent(seen.baseline)}. There are {grouped} "
        "among the rows. The checks saw all rows as they came, before any split."
    )


def _pictures_of(each: Finding, seen: Look, data: Dataset) -> list[tuple[str, str, str]]:
    """Data URI, id and label of the first rows of a finding, where rows can be seen."""
    kind = kind_named(seen.kind)
    shown = [(row, kind.sample(data, row).picture) for row in each.rows[:MOST_PICTURES]]
    return [
        (picture_data_uri(picture), str(data.ids[row]), data.classes[data.y[row]])
        for row, picture in shown
        if picture is not None
    ]


def _sheets(seen: Look) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Title, and for each class its pictures as data URIs."""
    return [
        (
            title,
            [
                (name, [picture_data_uri(picture) for picture, _ in group])
                for name, group in groupby(shown, lambda p: p[1])
            ],
        )
        for title, shown in seen.pictures.items()
        if shown
    ]
