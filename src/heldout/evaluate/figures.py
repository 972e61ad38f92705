"""Figures of curves and matrices with matplotlib: readable in grey, labelled, the same bytes for the same numbers.

Lines differ by dash and marker as well as by shade. No figure is shown or kept in a global state; `save` writes it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heldout.errors import SettingError, require
from heldout.evaluate.confusion import row_percent
from heldout.evaluate.curves import Curve, Reliability
from heldout.files import write_bytes

if TYPE_CHECKING:
    from heldout.evaluate.abstaining import Abstention
    from heldout.evaluate.learning_curve import ScoreCurve

__all__ = [
    "abstention_figure",
    "confusion_figure",
    "new_figure",
    "precision_recall_figure",
    "reliability_figure",
    "roc_figure",
    "save",
    "score_curve_figure",
    "threshold_figure",
]

STYLES = (
    {"color": "#0b4f8a", "linestyle": "-", "marker": "o"},
    {"color": "#c55a00", "linestyle": "--", "marker": "s"},
    {"color": "#4d4d4d", "linestyle": "-.", "marker": "^"},
    {"color": "#7a3b8f", "linestyle": ":", "marker": "D"},
    {"color": "#1b7f5c", "linestyle": (0, (5, 1, 1, 1, 1, 1)), "marker": "v"},
)
"""Dark enough to differ in grey print, by dash and marker anyway; used in turns."""

MARKED = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
"""Thresholds that are marked on a ROC curve."""

SUFFIXES = (".svg", ".png")


def new_figure(x: str, y: str, title: str, *, width: float = 6.0, height: float = 4.5) -> tuple[Any, Any]:
    """Make an empty figure of one pair of axes with their labels; width and height in inches."""
    require("matplotlib", extra="plots", needed_by="a figure")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, fontsize=11)
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def save(figure: Any, path: str | Path) -> Path:
    """Write a figure as SVG or PNG (150 dots an inch), whole or not at all.

    Raises
    ------
    SettingError
        For another ending.
    DiskError
        If it cannot be written.
    """
    import matplotlib

    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise SettingError(f"cannot write a figure as {path.suffix or path.name!r}", fix="name it .svg or .png")
    buffer = io.BytesIO()
    kind = path.suffix.lower()[1:]
    with matplotlib.rc_context({"svg.hashsalt": "heldout", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {"Software": None})
    write_bytes(path, buffer.getvalue())
    return path


def _style(number: int, **more: Any) -> dict[str, Any]:
    return {**STYLES[number % len(STYLES)], "linewidth": 1.6, "markersize": 4, **more}


def _legend(axes: Any, **more: Any) -> None:
    axes.legend(frameon=False, fontsize=9, **more)


def roc_figure(
    curves: Mapping[str, Curve], *, inset: bool = True, title: str = "Receiver operating characteristic"
) -> Any:
    """ROC curves with their areas, the diagonal of guessing, marked thresholds, and the upper left corner enlarged.

    Parameters
    ----------
    curves : mapping of str to Curve
        From `heldout.evaluate.curves.roc`, by name of the model.
    inset : bool, default=True
    """
    figure, axes = new_figure("false positive rate (1 - specificity)", "true positive rate (sensitivity)", title)
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=(0, (1, 2)), label="guessing (0.5)")
    zoom = axes.inset_axes((0.45, 0.14, 0.5, 0.5)) if inset else None
    for number, (name, curve) in enumerate(curves.items()):
        style = _style(number, marker="")
        axes.plot(curve.x, curve.y, label=f"{name} (AUC {curve.area:.4f})", **style)
        _mark_thresholds(axes, curve, number, named=number == 0 and not inset)
        if zoom is not None:
            zoom.plot(curve.x, curve.y, **style)
            _mark_thresholds(zoom, curve, number, named=number == 0)
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    if zoom is not None:
        zoom.set_xlim(0, 0.25)
        zoom.set_ylim(0.75, 1.0)
        zoom.tick_params(labelsize=7)
        zoom.grid(color="0.9", linewidth=0.5)
        axes.indicate_inset_zoom(zoom, edgecolor="0.5")
        _legend(axes, loc="lower center", bbox_to_anchor=(0.5, -0.42), ncols=1)
    else:
        _legend(axes, loc="lower right")
    return figure


def _mark_thresholds(axes: Any, curve: Curve, number: int, *, named: bool) -> None:
    style = _style(number, linestyle="")
    for threshold in MARKED:
        place = int(np.searchsorted(-curve.thresholds, -threshold, side="right")) - 1
        x, y = float(curve.x[place]), float(curve.y[place])
        axes.plot([x], [y], **style)
        if named:
            axes.annotate(f"{threshold:g}", (x, y), (4, -8), textcoords="offset points", fontsize=7, clip_on=True)


def precision_recall_figure(
    curves: Mapping[str, Curve], *, prevalence: float | None = None, title: str = "Precision and recall"
) -> Any:
    """Precision against recall as steps, with average precision; a line where guessing would be (the prevalence)."""
    figure, axes = new_figure("recall (sensitivity)", "precision (positive predictive value)", title)
    if prevalence is not None:
        axes.axhline(prevalence, color="0.6", linewidth=1, linestyle=(0, (1, 2)), label=f"guessing ({prevalence:.3f})")
    for number, (name, curve) in enumerate(curves.items()):
        label = f"{name} (AP {curve.area:.4f})"
        axes.step(curve.x, curve.y, where="pre", label=label, **_style(number, marker=""))
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(0, 1.02)
    _legend(axes, loc="lower left")
    return figure


def reliability_figure(found: Reliability, *, title: str = "Calibration") -> Any:
    """Accuracy against confidence, in bins; dot areas grow with the rows of the bin."""
    figure, axes = new_figure("stated confidence", "observed accuracy", title)
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=(0, (1, 2)), label="perfect calibration")
    label = f"the model (calibration error {found.error:.3f})"
    axes.plot(found.confidence, found.accuracy, label=label, **_style(0, marker=""))
    sizes = 15 + 150 * found.count / found.count.max()
    axes.scatter(found.confidence, found.accuracy, s=sizes, color=STYLES[0]["color"], edgecolor="white", zorder=3)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    _legend(axes, loc="upper left")
    return figure


def threshold_figure(
    table: Mapping[str, np.ndarray],
    *,
    show: Sequence[str] = ("mcc", "ppv"),
    chosen: float | None = None,
    title: str = "Scores by threshold",
) -> Any:
    """Rates against the threshold, from `heldout.evaluate.decisions.threshold_table`; a line at the chosen one."""
    figure, axes = new_figure("threshold", "score", title)
    usable = np.isfinite(table["threshold"])
    step = max(1, int(usable.sum()) // 20)
    for number, key in enumerate(show):
        style = _style(number, markevery=step)
        axes.plot(table["threshold"][usable], table[key][usable], label=key.upper(), **style)
    if chosen is not None:
        axes.axvline(chosen, color="0.2", linewidth=1)
        axes.annotate(
            f"chosen: {chosen:.3g}",
            (chosen, 0.03),
            (4, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            fontsize=9,
        )
    axes.set_xlim(0, 1)
    _legend(axes, loc="best")
    return figure


def confusion_figure(
    matrix: object, names: Sequence[str], *, percent: bool = True, title: str = "Confusion matrix"
) -> Any:
    """The confusion matrix as a heat map in greys; each row in percent of its class, or as counts."""
    counts = np.asarray(matrix)
    k = len(counts)
    shares = np.nan_to_num(row_percent(counts), nan=0.0)
    side = min(14.0, 2.5 + 0.5 * k)
    figure, axes = new_figure("predicted class", "true class", title, width=side + 0.5, height=side)
    axes.grid(visible=False)
    axes.imshow(np.sqrt(shares), cmap="Greys", vmin=0, vmax=11, aspect="equal")
    if k <= 30:
        for i, j in zip(*np.nonzero(counts), strict=True):
            words = f"{shares[i, j]:.1f}" if percent else f"{counts[i, j]:,}"
            colour = "white" if shares[i, j] > 30 else "black"
            axes.text(j, i, words, ha="center", va="center", fontsize=7 if k > 5 else 9, color=colour)
    step = 1 if k <= 60 else -(-k // 60)
    axes.set_xticks(range(0, k, step), list(names)[::step], rotation=90 if k > 3 else 0, fontsize=8)
    axes.set_yticks(range(0, k, step), list(names)[::step], fontsize=8)
    axes.set_title(title + (" (percent of each row)" if percent else " (rows)"), fontsize=11)
    return figure


def score_curve_figure(
    found: ScoreCurve,
    *,
    x: str = "training rows",
    y: str = "MCC",
    log: bool = False,
    title: str = "Does more data help?",
) -> Any:
    """A learning or validation curve: validation mean ± standard error, and the score on the training rows."""
    figure, axes = new_figure(x, y, title)
    numbers = all(isinstance(value, int | float) for value in found.x)
    places = np.asarray(found.x if numbers else range(len(found.x)), dtype=float)
    error = np.array([0.0 if se is None else se for se in found.se])
    axes.errorbar(places, found.mean, yerr=error, capsize=3, label="validation, mean ± SE", **_style(0))
    axes.plot(places, found.training_mean, label="training", **_style(1))
    if log:
        axes.set_xscale("log")
    if not numbers:
        axes.set_xticks(places, [str(value) for value in found.x])
    _legend(axes, loc="best")
    return figure


def abstention_figure(found: Abstention, *, title: str = "Accuracy of the answers that are kept") -> Any:
    """Accuracy against coverage with its interval."""
    figure, axes = new_figure("share of rows answered", "accuracy of the answers", title)
    axes.fill_between(found.coverage, found.low, found.high, color="0.85", linewidth=0, label="95 % interval")
    axes.plot(found.coverage, found.accuracy, label="accuracy", **_style(0, marker=""))
    axes.set_xlim(0, 1.01)
    _legend(axes, loc="best")
    return figure
