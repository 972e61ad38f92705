"""The results of a search as pictures: a score against one hyperparameter, or over the plane of two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from heldout.errors import SettingError
from heldout.evaluate.standard_errors import mean_and_se
from heldout.models.spaces import Options, Range, Space
from heldout.report.svg import Drawing
from heldout.select.search.points import Point

WIDTH, HEIGHT = 560.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 90.0, 20.0, 40.0, 60.0
_STYLE = (
    "text{font:12px sans-serif;fill:#222}.small{font-size:10px}.frame{fill:none;stroke:#888}.cell{fill:#1f4e79}"
    ".light{fill:#fff;font-size:10px}.dark{fill:#222;font-size:10px}.error{stroke:#1f4e79}.dot{fill:#1f4e79}"
    ".chosen{fill:none;stroke:#b00020;stroke-width:2.5}.paper{fill:#fff}"
)


def plot_search(
    points: Sequence[Point], space: Space, names: Sequence[str], *, chosen: int | None = None, metric: str = "MCC"
) -> str:
    """Draw the mean inner score against one hyperparameter, or over two.

    Parameters
    ----------
    points : sequence of Point
    space : Space
    names : one or two names of hyperparameters
    chosen : int, optional
        Number of the point to mark.
    metric : str

    Returns
    -------
    str
        An SVG file. Where points share a place (a third hyperparameter differs), the better one is on top.

    Raises
    ------
    SettingError
        If a name is unknown, or there are more than two.
    """
    if not 1 <= len(names) <= 2 or any(name not in space for name in names):
        raise SettingError(
            f"{', '.join(names)}: cannot be drawn", where="names", fix="one or two of " + ", ".join(space)
        )
    good = sorted((point for point in points if math.isfinite(point.mean)), key=lambda point: point.mean)
    label = f"{metric} of the inner folds against {' and '.join(names)}, {len(good)} settings"
    drawing = Drawing(WIDTH, HEIGHT, label)
    drawing.rect(0, 0, WIDTH, HEIGHT, "paper")
    drawing.rect(LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM, "frame")
    drawing.text(WIDTH / 2, 22, f"{metric} of the inner folds (maximised, so not to be reported)", anchor="middle")
    drawing.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 15, names[0], anchor="middle")
    if good:
        _ticks_below(drawing, space, names[0], good)
        draw = _plane if len(names) == 2 else _line
        draw(drawing, good, space, names, chosen)
    body = str(drawing.done())
    return body.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(
        ">", f"><style>{_STYLE}</style>", 1
    )


def _is_even(space: Space, name: str) -> bool:
    """Whether values are drawn as steps of equal width: options are, whatever numbers they are."""
    return isinstance(space[name], Options)


def _share(space: Space, name: str, value: Any) -> float:
    """Where a value is drawn along its axis, 0 to 1, with room at both ends."""
    dimension = space[name]
    place = dimension.place(value)
    n = len(dimension.values_) if isinstance(dimension, Options) else 0
    return (place * (n - 1) + 0.5) / n if n else 0.04 + 0.92 * place


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _marks(space: Space, name: str) -> list[Any]:
    dimension = space[name]
    return dimension.values(5) if isinstance(dimension, Range) else list(dimension.values_)


def _ticks_below(drawing: Drawing, space: Space, name: str, points: Sequence[Point]) -> None:
    for value in _marks(space, name):
        x = _x(_share(space, name, value))
        drawing.line(x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 5, "error")
        drawing.text(x, HEIGHT - BOTTOM + 19, _word(value), "small", anchor="middle")


def _line(drawing: Drawing, points: Sequence[Point], space: Space, names: Sequence[str], chosen: int | None) -> None:
    spread = [(point, mean_and_se(point.scores)[1] or 0.0) for point in points]
    low = min(point.mean - se for point, se in spread)
    high = max(point.mean + se for point, se in spread)
    if high - low < 1e-9:
        low, high = low - 0.01, high + 0.01

    def height(score: float) -> float:
        return _y(0.05 + 0.9 * (score - low) / (high - low))

    for score in (low, (low + high) / 2, high):
        drawing.text(LEFT - 8, height(score) + 4, f"{score:.3f}", "small", anchor="end")
    for point, se in spread:
        x = _x(_share(space, names[0], point.setting[names[0]]))
        drawing.line(x, height(point.mean - se), x, height(point.mean + se), "error")
        drawing.circle(x, height(point.mean), 4, "dot")
        if point.number == chosen:
            drawing.circle(x, height(point.mean), 8, "chosen")


def _plane(drawing: Drawing, points: Sequence[Point], space: Space, names: Sequence[str], chosen: int | None) -> None:
    across, up = names
    for value in _marks(space, up):
        drawing.text(LEFT - 8, _y(_share(space, up, value)) + 4, _word(value), "small", anchor="end")
    drawing.text(18, (TOP + HEIGHT - BOTTOM) / 2, up, anchor="middle", turn=-90)
    ranks = {score: i for i, score in enumerate(sorted({point.mean for point in points}))}
    is_grid = _is_even(space, across) and _is_even(space, up)
    wide = (WIDTH - LEFT - RIGHT) / len(_marks(space, across)) if is_grid else 0.0
    tall = (HEIGHT - TOP - BOTTOM) / len(_marks(space, up)) if is_grid else 0.0
    for point in points:
        x = _x(_share(space, across, point.setting[across]))
        y = _y(_share(space, up, point.setting[up]))
        shade = 0.08 + 0.92 * ranks[point.mean] / max(1, len(ranks) - 1)  # by rank: a few zeros would hide the rest
        mark = point.number == chosen
        if is_grid:
            drawing.rect(x - wide / 2, y - tall / 2, wide, tall, "paper")
            drawing.rect(x - wide / 2, y - tall / 2, wide, tall, "cell", opacity=shade)
            tone = "light" if shade > 0.5 else "dark"
            drawing.text(x, y + 4, f"{point.mean:.3f}".replace("0.", "."), tone, anchor="middle")
        else:
            drawing.circle(x, y, 3 + 7 * shade, "dot")
            drawing.text(x + 11, y + 3, f"{point.mean:.3f}", "dark")
        if mark:
            drawing.circle(x, y, 13 if not is_grid else min(wide, tall) / 2, "chosen")


def _word(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
