"""The table of drawings: functions from finished results to a figure, named by a recipe's ``plot: {draw: NAME}``."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from markupsafe import Markup

from heldout.errors import SettingError, require
from heldout_course.experiments.reading import near
from heldout_course.experiments.values import Found


@dataclass(frozen=True)
class Shown:
    """Finished results of a variant.

    Attributes
    ----------
    labels : mapping of str to str
        Its value on each axis.
    repeats : sequence of mapping
        What each repeat gave: a procedure's values by name (numbers, words, lists of numbers); of a model or net, what
        the recipe measures (means over repeats, once).
    """

    labels: Mapping[str, str]
    repeats: Sequence[Mapping[str, Any]]

    @property
    def values(self) -> Mapping[str, Any]:
        """What the first repeat gave."""
        return self.repeats[0]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True)
class Drawing:
    """A function from results (one for each variant, in the recipe's order) to a matplotlib figure."""

    name: str
    function: Callable[[Sequence[Shown]], Any]
    alt: str


DRAWINGS: dict[str, Drawing] = {}


def drawing(name: str, alt: str) -> Callable[[Callable[[Sequence[Shown]], Any]], Callable[[Sequence[Shown]], Any]]:
    """Register a function as a drawing; `alt` describes it to those who cannot see it."""

    def register(function: Callable[[Sequence[Shown]], Any]) -> Callable[[Sequence[Shown]], Any]:
        if name in DRAWINGS:
            raise SettingError(f"Two drawings are called {name!r}", fix="give one another name")
        DRAWINGS[name] = Drawing(name, function, alt)
        return function

    return register


def find_drawing(name: str) -> Drawing:
    """The drawing of a name; `SettingError` with the nearest names if there is none."""
    import heldout_course.drawings as package

    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    if name not in DRAWINGS:
        raise SettingError(f"Unknown drawing {name!r}", fix=near(name, DRAWINGS))
    return DRAWINGS[name]


def shown_of(found: Found) -> list[Shown]:
    """Results of all variants of a plan that is finished."""
    return [Shown(variant.labels, _repeats(found, variant)) for variant in found.plan.variants]


def _repeats(found: Found, variant: Any) -> list[Mapping[str, Any]]:
    by_name = [result.values for result in found.of(variant) if result.values is not None]
    if by_name:
        return by_name
    values: dict[str, Any] = {}
    for measure in found.plan.recipe.measure:
        series = found.series(variant, measure)
        values[measure] = series.mean if series else found.shown(variant, measure)
    return [values]


def draw_svg(found: Found) -> bytes | None:
    """A recipe's drawing as an SVG file; None if it has none, or not all of its jobs are finished.

    Raises
    ------
    SettingError
        If there is no drawing of that name, or the results lack what it draws (they may be of an older version).
    MissingExtraError
        If matplotlib is not installed.
    """
    name = found.plan.recipe.plot.get("draw")
    if not name or found.n_finished < len(found.plan.jobs):
        return None
    chosen = find_drawing(name)
    require("matplotlib", extra="plots", needed_by="this drawing")
    import matplotlib

    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "heldout", "svg.fonttype": "none", "path.simplify": True}):
        try:
            figure = chosen.function(shown_of(found))
        except (KeyError, StopIteration) as error:
            what = f"The drawing {name!r} needs {error}, which these results do not have"
            raise SettingError(what, fix="run the experiment again in a new store (--store)") from error
        figure.savefig(buffer, format="svg", dpi=110, metadata={"Date": None})
    return buffer.getvalue()


def embedded(svg: bytes, title: str, alt: str) -> Markup:
    """An SVG file as an image of the page, whose own styles and names cannot meet those of the page."""
    data = base64.b64encode(svg).decode("ascii")
    return Markup('<img class="drawn" src="data:image/svg+xml;base64,{}" alt="{}: {}">').format(data, title, alt)
