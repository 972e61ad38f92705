"""The report: one HTML file that opens without a network, and says the same without its script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from heldout.evaluate.confusion import worst_pairs
from heldout.evaluate.metric_table import shown_metrics
from heldout.evaluate.scoring import Scored
from heldout.report import curve_plots, words
from heldout.report.board import used_threshold
from heldout.report.card import card
from heldout.report.cells import Panel, columns_of, encode, panels
from heldout.report.comparing import comparison_words
from heldout.report.content import ReportContent
from heldout.report.deciding import decision_words
from heldout.report.leaderboard import DifferenceScale, LeaderboardScale, signed
from heldout.report.learning_curve import learning_curve_plot, learning_curve_words
from heldout.report.matrix import (
    MOST_CLASSES_WITH_COUNTS,
    MOST_CLASSES_WITH_PERCENT,
    cell_id,
    confusion_map,
)
from heldout.report.summary import points, seal_words
from heldout.report.svg import Drawing

MOST_CLASSES_AS_MATRIX = 60
"""With more classes, cells become too small to see: the worst pairs and classes are listed."""

MOST_CLASSES_LISTED = 30
"""Classes in the table where there are too many for a matrix."""

MOST_SOUNDS = 8
"""Of the most confident mistakes that are sounds."""


def render_report(content: ReportContent) -> str:
    """The report as one self-contained HTML document.

    Every string is escaped. A content security policy forbids the network, and any script or style but the page's
    own, named by their hashes. Figures are inline SVG; pictures and sounds are data URIs.

    Raises
    ------
    ShapeError
        If a picture isn't uint8 pixels.
    """
    shown = content.test or content.cross_validated
    css, script = resource("style.css"), resource("script.js")
    values: dict[str, Any] = {
        "page": content,
        "css": Markup(css),
        "script": Markup(script),
        "policy": policy(css, script),
        "verdict": words.verdict(content),
        "points": points(content),
        "scale": LeaderboardScale(content.leaderboard),
        "differences": DifferenceScale(content.rivals) if content.rivals else None,
        "compared": comparison_words(content),
        "shown": shown,
        "seal_words": seal_words(content),
        "card": card(content),
        "decision": _with_safe_json(decision_words(content)),
        "histories": [
            {"drawing": curve_plots.history_plot(history), "caption": history.title} for history in content.histories
        ],
        "learning_curve": _learning_curve(content),
        "searches": [(found, [_picture(*picture) for picture in found.pictures]) for found in content.searches],
        "largest": max((rows for _, rows in content.data.classes), default=1) or 1,
        "smallest": min((rows for _, rows in content.data.classes), default=0),
        "columns_of": columns_of,
        "curves": [],
    }
    worst = [encode(mistake) for mistake in content.mistakes]
    heard = [one for one in worst if one.sound][:MOST_SOUNDS]
    values["worst_pictured"] = heard or [one for one in worst if one.picture]
    values["worst_plain"] = [one for one in worst if not one.picture]
    if shown is not None:
        values |= _measured(content, shown)
    values["sections"] = _sections(values)
    return environment().get_template("report.html").render(values)


def resource(name: str) -> str:
    """One of the page's parts."""
    return files("heldout.report").joinpath("pages", name).read_text(encoding="utf-8")


def policy(css: str, script: str) -> str:
    """The content security policy: no network, no script and no style but these two texts."""
    return (
        f"default-src 'none'; img-src data:; media-src data:; style-src {_source(css)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def environment() -> Environment:
    """Templates of the report, which escape everything."""
    made = Environment(
        loader=FunctionLoader(resource),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.clean,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "bar": _bar,
        "cell": _cell,
        "count": words.count,
        "duration": words.duration,
        "interval": words.interval,
        "milliseconds": words.milliseconds,
        "number": words.number,
        "percent": words.percent,
        "recall_interval": words.recall_interval,
        "short": words.shorten,
        "signed": signed,
        "unbroken": words.unbroken,
        "styled": lambda value, style: words.percent(value) if style == "percent" else words.number(value),
        "with_se": words.with_se,
    }
    return made


def _with_safe_json(decision: dict[str, Any]) -> dict[str, Any]:
    """The numbers for the script, marked as they are: digits and names of ours, nothing that data brought in."""
    return decision | {"json": Markup(decision["json"])} if decision else decision


def _bar(share: float) -> Markup:
    """A bar of a share of the largest class; a drawing, because the policy lets no style through."""
    drawing = Drawing(300, 10, words.percent(share), "share")
    drawing.rect(0, 0, max(1.0, 300 * share), 10, "right")
    return drawing.done()


def _cell(value: Any) -> str:
    """A value of a table, as short as it can be read."""
    if value is None or value != value:  # NaN
        return "missing"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return words.shorten(value, 24)


def _learning_curve(content: ReportContent) -> dict[str, Any] | None:
    if content.learning_curve is None:
        return None
    rows = content.data.rows
    return {
        "drawing": learning_curve_plot(content.learning_curve),
        "words": learning_curve_words(content.learning_curve, rows),
    }


def _picture(text: str, svg: str) -> tuple[str, str]:
    """Words for it, and an SVG file as a data URI: as an image, its styles are its own."""
    return text, "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _sections(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    has = [
        ("confusion", "Confusion", values["shown"]),
        ("mistakes", "Mistakes", values["page"].mistakes),
        ("leaderboard", "Leaderboard", True),
        ("rivals", "Differences", values["compared"]),
        ("numbers", "Numbers", values["shown"]),
        ("classes", "Classes", values["shown"]),
        ("decision", "Threshold", values["decision"]),
        ("curves", "Curves", values["curves"]),
        ("training", "Training", values["histories"]),
        ("learning-curve", "More data", values["learning_curve"]),
        ("search", "Search", values["searches"]),
        ("data", "Data", True),
        ("seal", "Seal", True),
        ("card", "Model card", True),
        ("repeat", "Repeat", True),
    ]
    return [(anchor, title) for anchor, title, there in has if there]


def _measured(content: ReportContent, shown: Scored) -> dict[str, Any]:
    """Everything that needs a confusion matrix."""
    matrix = np.asarray(shown.metrics["confusion"])
    names = list(shown.metrics["per_class"])
    per_class = list(shown.metrics["per_class"].items())
    rows = content.data.rows
    n = words.count(shown.metrics["n"])
    by_recall = sorted(per_class, key=lambda item: 2.0 if item[1]["recall"] is None else item[1]["recall"])
    many = len(names) > MOST_CLASSES_AS_MATRIX
    opened = panels(content.samples, names, matrix)
    pairs = _pairs(matrix, names, opened)
    if many:  # without a matrix, only the listed pairs lead to a panel
        opened = [panel for panel in opened if any(pair["target"] == panel.id for pair in pairs)]
    return {
        "metric_rows": [
            (metric.name, metric.title, "percent" if metric.is_share else "number")
            for metric in shown_metrics(len(names))
        ],
        "shown_from": f"The {n} sealed {rows}"
        if content.test is not None
        else f"The {n} training {rows}, each predicted by a model that was not fitted on it",
        "n_classes": len(names),
        "big": len(names) > MOST_CLASSES_WITH_COUNTS,
        "matrix": None if many else confusion_map(matrix, names, {panel.place for panel in opened}),
        "panels": opened,
        "pairs": pairs,
        "per_class": per_class,
        "weakest": by_recall[: MOST_CLASSES_LISTED if many else 15],
        "curves": _curves(content, shown),
    }


def _pairs(matrix: np.ndarray, names: list[str], opened: list[Panel]) -> list[dict[str, Any]]:
    most = 20 if len(names) > MOST_CLASSES_WITH_PERCENT else 8
    support = matrix.sum(axis=1)
    places = {panel.place for panel in opened}
    return [
        {
            "truth": names[i],
            "predicted": names[j],
            "rows": rows,
            "share": rows / int(support[i]),
            "target": cell_id(i, j),
            "linked": (i, j) in places,
        }
        for i, j, rows in worst_pairs(matrix, most)
    ]


def _curves(content: ReportContent, shown: Scored) -> list[dict[str, Any]]:
    found = []
    positive = words.shorten(shown.metrics.get("positive", ""), 30)
    used = used_threshold(content.rule)
    if shown.roc is not None:
        caption = (
            f"ROC: “{positive}” is the positive class; dots are thresholds, the dotted line is guessing. "
            "The frame, if any, enlarges the upper left corner."
        )
        at = used[0] if used is not None and used[1] == 1 else None
        ends = words.interval(shown, "auc", "number")
        found.append({"drawing": curve_plots.roc_plot(shown.roc, used=at, ends=ends), "caption": caption})
    if shown.precision_recall is not None:
        share = (shown.metrics["tp"] + shown.metrics["fn"]) / shown.metrics["n"]
        caption = f"Precision and recall; the dotted line is guessing ({words.percent(share)} are positive)."
        ends = words.interval(shown, "average_precision", "number")
        drawing = curve_plots.precision_recall_plot(shown.precision_recall, share, ends=ends)
        found.append({"drawing": drawing, "caption": caption})
    if shown.reliability is not None:
        caption = "Calibration: dots below the dotted line are overconfident; larger dots stand for more rows."
        found.append({"drawing": curve_plots.reliability_plot(shown.reliability), "caption": caption})
    if shown.abstention is not None:
        found.append({"drawing": curve_plots.coverage_plot(shown.abstention), "caption": _coverage_words(shown)})
    return found


def _coverage_words(shown: Scored) -> str:
    """What saying "I don't know" below some confidence would bring, at a round goal within reach."""
    assert shown.abstention is not None
    now = shown.metrics["accuracy"]
    caption = "Coverage: accuracy if only the most confident predictions count."
    goal = next((goal for goal in (0.9, 0.95, 0.98, 0.99, 0.995, 0.999) if goal > now + 0.002), None)
    met = None if goal is None else shown.abstention.at_accuracy(goal)
    if goal is None or met is None or met[1] < 0.05:
        return caption
    return f"{caption} {words.percent(met[1])} of the rows can be answered with {words.percent(goal)} accuracy here."
