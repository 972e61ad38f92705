"""The report: one HTML file that opens without a network and runs no script."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from heldout.evaluate.confusion import worst_pairs
from heldout.files import write_text
from heldout.report import figures, words
from heldout.report.content import Mistake, ReportContent, Scored
from heldout.report.pictures import png_data_uri

MOST_COLUMNS = 8
"""Columns of a table shown for each mistake."""

MOST_CLASSES_AS_MATRIX = 60
"""With more classes, cells shrink below what eyes can tell apart: the worst pairs and classes are listed."""

MOST_CLASSES_LISTED = 30
"""Classes in the table where there are too many for a matrix."""

METRICS = (
    ("accuracy", "Accuracy", "percent"),
    ("balanced_accuracy", "Balanced accuracy", "percent"),
    ("mcc", "MCC", "number"),
    ("kappa", "Cohen's kappa", "number"),
    ("f1_macro", "F1, mean over classes", "number"),
    ("auc", "AUC", "number"),
    ("log_loss", "Log loss", "number"),
    ("brier", "Brier score", "number"),
)
METRICS_OF_TWO = (
    ("tpr", "Sensitivity (TPR)", "percent"),
    ("tnr", "Specificity (TNR)", "percent"),
    ("ppv", "Positive predictive value", "percent"),
    ("npv", "Negative predictive value", "percent"),
    ("f1", "F1 of the positive class", "number"),
    ("informedness", "Informedness", "number"),
    ("markedness", "Markedness", "number"),
)


def write_report(path: Path, content: ReportContent) -> None:
    """Render and write the report, whole or not at all."""
    write_text(path, render_report(content))


def render_report(content: ReportContent) -> str:
    """The report as one self-contained HTML document.

    Every string is escaped, a content security policy forbids scripts and the network, figures are inline SVG
    and pictures are data URIs.

    Raises
    ------
    ShapeError
        If a mistake's picture isn't uint8 pixels.
    """
    shown = content.test or content.cross_validated
    values: dict[str, Any] = {
        "page": content,
        "css": Markup(_resource("style.css")),
        "verdict": words.verdict(content),
        "scale": figures.LadderScale(content.ladder),
        "shown": shown,
        "seal_words": _seal_words(content),
        "histories": [
            {"drawing": figures.history_plot(history), "caption": history.title} for history in content.histories
        ],
        "largest": max((rows for _, rows in content.data.classes), default=1) or 1,
        "smallest": min((rows for _, rows in content.data.classes), default=0),
    }
    values |= _mistakes(content)
    if shown is not None:
        values |= _measured(content, shown)
    values["sections"] = _sections(values)
    return _environment().from_string(_resource("template.html")).render(values)


def _resource(name: str) -> str:
    return files("heldout.report").joinpath(name).read_text(encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.clean,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "cell": _cell,
        "count": words.count,
        "duration": words.duration,
        "interval": words.interval,
        "milliseconds": words.milliseconds,
        "number": words.number,
        "percent": words.percent,
        "short": words.shorten,
        "unbroken": words.unbroken,
        "styled": lambda value, style: words.percent(value) if style == "percent" else words.number(value),
        "with_se": words.with_se,
    }
    return environment


def _cell(value: Any) -> str:
    """A value of a table, as short as it can be read."""
    if value is None or value != value:  # NaN
        return "missing"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return words.shorten(value, 24)


def _sections(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    has = [
        ("ladder", "Ladder", True),
        ("numbers", "Numbers", values["shown"]),
        ("confusion", "Confusion", values["shown"]),
        ("classes", "Classes", values["shown"]),
        ("curves", "Curves", values.get("curves")),
        ("mistakes", "Mistakes", values["page"].mistakes),
        ("training", "Training", values["histories"]),
        ("data", "Data", True),
        ("seal", "Seal", True),
        ("repeat", "Repeat", True),
    ]
    return [(anchor, title) for anchor, title, there in has if there]


def _measured(content: ReportContent, shown: Scored) -> dict[str, Any]:
    """Everything that needs a confusion matrix."""
    matrix = np.asarray(shown.metrics["confusion"])
    names = list(shown.metrics["per_class"])
    per_class = list(shown.metrics["per_class"].items())
    rows = words.ROWS.get(content.data.kind, "rows")
    n = words.count(shown.metrics["n"])
    by_recall = sorted(per_class, key=lambda item: 2.0 if item[1]["recall"] is None else item[1]["recall"])
    return {
        "metric_rows": METRICS + (METRICS_OF_TWO if len(names) == 2 else ()),
        "shown_from": f"The {n} sealed {rows}"
        if content.test is not None
        else f"The {n} training {rows}, each predicted by a model that had not seen it",
        "n_classes": len(names),
        "big": len(names) > figures.MOST_CLASSES_WITH_COUNTS,
        "matrix": None if len(names) > MOST_CLASSES_AS_MATRIX else figures.confusion_map(matrix, names),
        "pairs": _pairs(matrix, names),
        "per_class": per_class,
        "weakest": by_recall[: MOST_CLASSES_LISTED if len(names) > MOST_CLASSES_AS_MATRIX else 15],
        "curves": _curves(shown),
    }


def _pairs(matrix: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    most = 20 if len(names) > figures.MOST_CLASSES_WITH_PERCENT else 8
    support = matrix.sum(axis=1)
    return [
        {"truth": names[i], "predicted": names[j], "rows": rows, "share": rows / int(support[i])}
        for i, j, rows in worst_pairs(matrix, most)
    ]


def _curves(shown: Scored) -> list[dict[str, Any]]:
    found = []
    positive = shown.metrics.get("positive", "")
    if shown.roc is not None:
        caption = f"ROC: “{words.shorten(positive, 30)}” is the positive class; the dotted line is guessing."
        found.append({"drawing": figures.roc_plot(shown.roc), "caption": caption})
    if shown.precision_recall is not None:
        share = (shown.metrics["tp"] + shown.metrics["fn"]) / shown.metrics["n"]
        caption = f"Precision and recall; the dotted line is guessing ({words.percent(share)} are positive)."
        found.append({"drawing": figures.precision_recall_plot(shown.precision_recall, share), "caption": caption})
    if shown.reliability is not None:
        caption = "Reliability: dots below the dotted line are overconfident; larger dots hold more rows."
        found.append({"drawing": figures.reliability_plot(shown.reliability), "caption": caption})
    return found


def _mistakes(content: ReportContent) -> dict[str, Any]:
    pictured: list[tuple[Mistake, str]] = []
    plain: list[Mistake] = []
    for mistake in content.mistakes:
        if mistake.picture is None:
            plain.append(mistake)
        else:
            pictured.append((mistake, png_data_uri(mistake.picture)))
    columns = list(plain[0].row) if plain else []
    return {
        "pictures": pictured,
        "plain_mistakes": plain,
        "columns": columns[:MOST_COLUMNS],
        "hidden_columns": max(0, len(columns) - MOST_COLUMNS),
    }


def _seal_words(content: ReportContent) -> str:
    openings, rows = content.seal.openings, words.ROWS.get(content.data.kind, "rows")
    if not content.seal.intact:
        altered = "The ledger has been altered; its count of openings cannot be trusted."
        return altered if content.test is not None else f"This run has not opened the seal. {altered}"
    sealed = f"{words.count(content.data.n_test)} {rows}"
    if content.test is None and not openings:
        return f"{sealed} are sealed and have never been looked at."
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
        widened = f" The intervals above are widened to {words.percent(content.test.level)} for it."
    return f"The seal of these {sealed} has been opened {often}.{widened}"
