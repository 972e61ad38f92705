"""Pictures of an experiment: curves and matrices as inline SVG, drawings of its own as images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup, escape

from heldout.errors import HeldoutError, SettingError
from heldout.files import write_bytes
from heldout.report.curve_plots import Axes
from heldout.report.matrix import shade
from heldout.report.page import resource
from heldout.report.svg import Drawing
from heldout_course.drawings.registry import draw_svg, embedded, find_drawing
from heldout_course.experiments.expand import Variant
from heldout_course.experiments.recipe import AS_PRINTED, RUN, Recipe
from heldout_course.experiments.values import Found

STYLES = 8
"""Curves differ in colour and dash; the ninth begins again."""
CSS = "\n".join(
    f"svg .s{i}{{fill:none;stroke:{colour};stroke-width:1.8;stroke-dasharray:{dash}}}svg .d{i}{{fill:{colour}}}"
    for i, (colour, dash) in enumerate(
        [
            ("#0067a8", "none"),
            ("#c04f00", "6 3"),
            ("#00795c", "2 3"),
            ("#a0458a", "8 3 2 3"),
            ("#8a6d00", "4 2"),
            ("#5d6670", "1 2"),
            ("#56b4e9", "10 4"),
            ("#d04030", "3 3"),
        ]
    )
)
CSS += "\n.figures figure:has(.drawn){grid-column:1/-1}.figures .drawn{max-width:100%;height:auto;background:#fff}"
MOST_POINTS = 250

Curve = tuple[str, Sequence[float], Sequence[float], Sequence[float] | None]


def pictures_of(found: Found) -> list[Markup]:
    """All drawings of an experiment: its plot, if it has one, and each matrix that is measured."""
    drawn = []
    plot = found.plan.recipe.plot
    if "draw" in plot:
        drawn += _own_drawing(found)
    curves = _curves(found, plot) if plot and "draw" not in plot else []
    if curves:
        drawn.append(_draw(curves, plot, found.plan.recipe.title))
    for measure in found.plan.recipe.measure:
        for variant in found.plan.variants:
            shown = found.shown(variant, measure)
            if isinstance(shown, list) and shown and isinstance(shown[0], list):
                drawn.append(matrix_picture(shown, f"{measure} {variant.name}".strip()))
    return drawn


def check_plot(recipe: Recipe) -> None:
    """Refuse a drawing that there is none of, with the line of the recipe; `SettingError`."""
    try:
        if "draw" in recipe.plot:
            find_drawing(recipe.plot["draw"])
    except SettingError as error:
        raise recipe.source.refuse(error.what, "plot", "draw", fix=error.fix) from None


def _own_drawing(found: Found) -> list[Markup]:
    """The recipe's drawing as an image, or why there is none."""
    try:
        svg = draw_svg(found)
    except HeldoutError as error:
        return [Markup("<figcaption>No drawing: {}; {}</figcaption>").format(error.what, error.fix)]
    recipe = found.plan.recipe
    return [] if svg is None else [embedded(svg, recipe.title, find_drawing(recipe.plot["draw"]).alt)]


def write_figures(found: Found, folder: Path) -> list[Path]:
    """Write an experiment's pictures as SVG files, named by its id.

    Raises
    ------
    MissingExtraError
        If its drawing needs matplotlib, which is not installed.
    DiskError
        If they cannot be written.
    """
    svg = draw_svg(found)
    inline = [picture for picture in pictures_of(found) if picture.startswith("<svg")]
    files = ([] if svg is None else [svg]) + [_standalone(picture) for picture in inline]
    paths = []
    for number, content in enumerate(files, 1):
        name = found.plan.recipe.id + ("" if len(files) == 1 else f"-{number}") + ".svg"
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / name, content)
        paths.append(folder / name)
    return paths


def _standalone(picture: Markup) -> bytes:
    """An inline drawing with the styles that the page gives it."""
    head, _, rest = str(picture).partition(">")
    head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    css = resource("style.css") + CSS
    return f"{head}><style>{escape(css)}</style>{rest}".encode()


def _printed_run(variant: Variant) -> bool:
    return variant.labels.get(RUN, AS_PRINTED) == AS_PRINTED


def _curves(found: Found, plot: dict[str, str] | object) -> list[Curve]:
    assert isinstance(plot, dict)
    x, y, by = plot.get("x", ""), plot.get("y", ""), plot.get("by")
    if x == "epoch":
        measure = "test_error_per_epoch" if "loss" not in y else "loss_per_epoch"
        curves: list[Curve] = []
        for variant in found.plan.variants:
            values = found.shown(variant, measure)
            if isinstance(values, list) and found.complete(variant):
                name = variant.name if by is None else f"{by}={variant.labels[by]}"
                name += "" if _printed_run(variant) else f" ({variant.labels[RUN]})"
                curves.append((name, *_thinned(np.arange(1, len(values) + 1), np.array(values)), None))
        return curves
    grouped: dict[str, list[tuple[float, float, float]]] = {}
    for variant in found.plan.variants:
        series = found.series(variant, y)
        if series is None or x not in variant.labels:
            continue
        try:
            at = float(variant.labels[x])
        except ValueError:
            continue
        name = f"{by}={variant.labels[by]}" if by else y
        name += "" if _printed_run(variant) else f" ({variant.labels[RUN]})"
        grouped.setdefault(name, []).append((at, series.mean, series.se or 0.0))
    return [(name, *map(list, zip(*sorted(points), strict=True))) for name, points in grouped.items()]  # type: ignore[misc]


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """Means over neighbouring epochs, so that a long curve stays a small drawing."""
    width = math.ceil(len(x) / MOST_POINTS)
    if width == 1:
        return x.tolist(), y.tolist()
    edges = range(0, len(x), width)
    return [float(x[i : i + width].mean()) for i in edges], [float(y[i : i + width].mean()) for i in edges]


def _draw(curves: list[Curve], plot: dict[str, str] | object, title: str) -> Markup:
    assert isinstance(plot, dict)
    is_log = plot.get("log") == "x"
    curves = [(n, [math.log10(v) if is_log else v for v in x if v > 0 or not is_log], y, e) for n, x, y, e in curves]
    all_x = [value for _, x, _, _ in curves for value in x]
    low_y = [v - (e[i] if e else 0) for _, _, y, e in curves for i, v in enumerate(y)]
    high_y = [v + (e[i] if e else 0) for _, _, y, e in curves for i, v in enumerate(y)]
    pad = 0.04 * ((max(high_y) - min(low_y)) or 1.0)
    name = f"log10 of {plot.get('x')}" if is_log else str(plot.get("x", ""))
    axes = Axes(
        _curves_in_words(curves, f"{title}: {plot.get('y', '')} by {plot.get('x', '')}".replace("_", " ")),
        name.replace("_", " "),
        str(plot.get("y", "")).replace("_", " "),
        x=(min(all_x), max(all_x)),
        y=(min(low_y) - pad, max(high_y) + pad),
        drawing=None,
        box=(54.0, 330.0, 10.0, 256.0),
    )
    axes.drawing.height = 300 + 17 * len(curves)
    for number, (label, x, y, errors) in enumerate(curves):
        axes.curve(x, y, f"s{number % STYLES}")
        for i, (a, b) in enumerate(zip(x, y, strict=True)):
            if errors:
                (left, top), (_, bottom) = axes.at(a, b + errors[i]), axes.at(a, b - errors[i])
                axes.drawing.line(left, top, left, bottom, f"s{number % STYLES}")
                axes.drawing.circle(*axes.at(a, b), 2.5, f"d{number % STYLES}")
        down = 308 + 17 * number
        axes.drawing.path([(54, down), (84, down)], f"s{number % STYLES}")
        axes.drawing.text(92, down + 4, label, "tick")
    return axes.drawing.done()


def _curves_in_words(curves: list[Curve], title: str) -> str:
    """What the curves show, for those who cannot see them."""
    ends = [f"{label} from {y[0]:.3g} to {y[-1]:.3g}" for label, _, y, _ in curves[:STYLES]]
    rest = [f"and {len(curves) - STYLES} more"] if len(curves) > STYLES else []
    return f"{title}; {', '.join([*ends, *rest])}"


def matrix_picture(matrix: list[list[float]], title: str) -> Markup:
    """A matrix of numbers, shaded by row (rows = actual, columns = assigned)."""
    values = np.array(matrix, float)
    rows, columns = values.shape
    cell = 42.0
    drawing = Drawing(40 + cell * columns, 44 + cell * rows, _matrix_in_words(values, title), "figure confusion")
    drawing.text(40, 12, f"{title}; rows: actual, columns: assigned", "tick")
    shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1e-12)
    digits = (
        0 if np.array_equal(values, values.round()) else max(len(f"{v:.4g}".partition(".")[2]) for v in values.flat)
    )
    for i in range(rows):
        drawing.text(30, 40 + (i + 0.6) * cell, str(i), "tick", anchor="end")
        for j in range(columns):
            css = "cell right" if i == j else "cell wrong"
            opacity, ink = shade(float(max(0.0, min(1.0, shares[i, j]))), i == j)
            drawing.rect(40 + j * cell, 36 + i * cell, cell, cell, css, opacity=opacity if shares[i, j] > 0 else 0.0)
            words = f"{values[i, j]:,.{digits}f}"
            drawing.text(40 + (j + 0.5) * cell, 40 + (i + 0.5) * cell, words, f"small {ink}", anchor="middle")
    for j in range(columns):
        drawing.text(40 + (j + 0.5) * cell, 30, str(j), "tick", anchor="middle")
    return drawing.done()


def _matrix_in_words(values: np.ndarray, title: str) -> str:
    """What the matrix shows, for those who cannot see it."""
    rows, columns = values.shape
    wrong = values.copy()
    np.fill_diagonal(wrong, -np.inf)
    i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
    size = f"{title}: matrix of {rows} actual by {columns} assigned classes"
    return f"{size}; the largest entry off the diagonal is {values[i, j]:.4g}, class {i} called {j}"
