"""What a recipe says: data, model, what varies, what is measured, what the book publishes, what is claimed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heldout_course.experiments.data import DATA_KEYS
from heldout_course.experiments.execution import PROFILES
from heldout_course.experiments.expressions import Claim, parse_claim
from heldout_course.experiments.jobs import WAYS
from heldout_course.experiments.reading import Source, label, near, parse_yaml, read_yaml

KEYS = (
    "id",
    "title",
    "question",
    "data",
    "model",
    "vary",
    "repeats",
    "measure",
    "profiles",
    "printed",
    "claims",
    "plot",
    "corrected",
    "notes",
)
RUN = "run"
"""Axis that `corrected` adds: as published, and with each correction."""
AS_PRINTED = "printed"
EPOCH_CURVES = ("test_error", "test_error_per_epoch", "loss", "loss_per_epoch")
"""What can be drawn over epochs."""
MOST_VARIANTS = 2_000
MOST_REPEATS = 10_000


@dataclass(frozen=True)
class Correction:
    """A flaw of the course's own method, the settings that correct it, and what that changes, in one sentence."""

    name: str
    settings: Mapping[str, Any]
    says: str


@dataclass(frozen=True)
class Recipe:
    """A recipe, checked as far as its text goes.

    Attributes
    ----------
    axes : mapping of axis to mapping of label to settings
        In the order of the file; the settings of a value are what it changes.
    printed : mapping of measure to nested mapping
        Numbers as published, nested by the labels of the axes in their order; a leaf is a number, ``{mean, se}``, or a
        list (curve, matrix).
    """

    id: str
    title: str
    question: str
    data: Mapping[str, Any]
    model: Mapping[str, Any]
    axes: Mapping[str, Mapping[str, Mapping[str, Any]]]
    repeats: int
    measure: tuple[str, ...]
    profiles: Mapping[str, Mapping[str, Any]]
    printed: Mapping[str, Any]
    claims: tuple[Claim, ...]
    plot: Mapping[str, str]
    corrected: tuple[Correction, ...]
    notes: tuple[str, ...]
    source: Source = field(default_factory=lambda: Source(""))


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe's file.

    Raises
    ------
    heldout.errors.SettingError
        Naming file, line and remedy.
    """
    return build_recipe(*read_yaml(path))


def recipe_from_text(text: str, where: str = "recipe") -> Recipe:
    """`load_recipe` of a text."""
    return build_recipe(*parse_yaml(text, where))


def build_recipe(values: dict[str, Any], source: Source) -> Recipe:
    """Check plain values and make a recipe of them."""
    for key in values:
        if key not in KEYS:
            raise source.refuse(f"Unknown key {key!r}", key, fix=near(key, KEYS))
    for key in ("id", "title", "measure"):
        if not values.get(key):
            raise source.refuse(f"The key {key} is missing", fix=f"add a line `{key}: ...`")
    get = _Getter(values, source)
    identity = get.text("id")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", identity):
        raise source.refuse(f"id is {identity!r}", "id", fix="small letters, digits, dots and dashes")
    data, model = get.mapping("data"), get.mapping("model")
    _check_model(model, data, source)
    corrected = _corrections(get.items("corrected"), source)
    axes = _axes(get.mapping("vary"), source)
    if corrected:
        axes[RUN] = {AS_PRINTED: {}} | {one.name: dict(one.settings) for one in corrected}
    measure = get.names("measure")
    recipe = Recipe(
        id=identity,
        title=get.text("title"),
        question=get.text("question"),
        data=data,
        model=model,
        axes=axes,
        repeats=get.whole("repeats", 1, MOST_REPEATS),
        measure=measure,
        profiles=_profiles(get.mapping("profiles"), source),
        printed=get.mapping("printed"),
        claims=tuple(parse_claim(one, source, ("claims", i)) for i, one in enumerate(get.items("claims"))),
        plot=_plot(get.mapping("plot"), axes, measure, source),
        corrected=corrected,
        notes=get.names("notes"),
        source=source,
    )
    _check_labels(recipe)
    return recipe


class _Getter:
    """Values of the right kind, or an error with the line."""

    def __init__(self, values: dict[str, Any], source: Source) -> None:
        self.values, self.source = values, source

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        if not isinstance(value, str):
            raise self.source.refuse(f"{key} is {value!r}, not text", key, fix=f'{key}: "..."')
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.values.get(key) or {}
        if not isinstance(value, dict):
            raise self.source.refuse(f"{key} is {value!r}, not a mapping", key, fix=f"{key}: {{name: value}}")
        return value

    def items(self, key: str) -> list[Any]:
        value = self.values.get(key) or []
        if not isinstance(value, list):
            raise self.source.refuse(
                f"{key} is {value!r}, not a list", key, fix=f"{key}: [...], or a line with - for each"
            )
        return value

    def names(self, key: str) -> tuple[str, ...]:
        found = self.items(key)
        for number, one in enumerate(found):
            if not isinstance(one, str):
                raise self.source.refuse(f"{one!r} is not text", key, number, fix="quote it")
        return tuple(found)

    def whole(self, key: str, least: int, most: int) -> int:
        value = self.values.get(key, least)
        return whole_number(value, key, least, most, self.source, (key,))


def whole_number(value: Any, key: str, least: int, most: int, source: Source, path: tuple[Any, ...]) -> int:
    """A whole number within bounds, or an error with its line."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise source.refuse(f"{key} is {value!r}", *path, fix=f"a whole number from {least} to {most:,}")
    return value


def _check_model(model: dict[str, Any], data: dict[str, Any], source: Source) -> None:
    for key in data:
        if key not in DATA_KEYS:
            raise source.refuse(f"Unknown key {key!r} of data", "data", key, fix=near(key, DATA_KEYS))
    ways = [way for way in WAYS if way in model]
    if len(ways) > 1:
        raise source.refuse(f"The model has {' and '.join(ways)}", "model", fix="give one of net, kind or procedure")


def _axes(vary: dict[str, Any], source: Source) -> dict[str, dict[str, dict[str, Any]]]:
    """Each axis as label to settings; a list of values sets the key of that name."""
    axes: dict[str, dict[str, dict[str, Any]]] = {}
    n_variants = 1
    for name, values in vary.items():
        if name == RUN:
            raise source.refuse(
                "An axis cannot be called run", "vary", name, fix="list the corrections under `corrected`"
            )
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise source.refuse(f"{name!r} is not a name for an axis", "vary", name, fix="letters, digits and _")
        if isinstance(values, list) and values:
            found = {label(value): {name: value} for value in values}
            if len(found) < len(values):
                raise source.refuse(f"The axis {name} has a value twice", "vary", name, fix="leave one out")
        elif isinstance(values, dict) and values:
            found = {key: settings if settings is not None else {} for key, settings in values.items()}
            for key, settings in found.items():
                if not isinstance(settings, dict):
                    raise source.refuse(
                        f"The value {key!r} of the axis {name} is {settings!r}, not a mapping",
                        "vary",
                        name,
                        key,
                        fix=f"{key}: {{setting: value}}",
                    )
        else:
            raise source.refuse(f"The axis {name} has no values", "vary", name, fix=f"{name}: [a, b]")
        axes[name] = found
        n_variants *= len(found)
    if n_variants > MOST_VARIANTS:
        raise source.refuse(f"The axes make {n_variants:,} variants", "vary", fix=f"at most {MOST_VARIANTS:,}")
    return axes


def _profiles(profiles: dict[str, Any], source: Source) -> dict[str, dict[str, Any]]:
    for name, settings in profiles.items():
        if name not in PROFILES:
            raise source.refuse(f"Unknown profile {name!r}", "profiles", name, fix=near(name, PROFILES))
        if not isinstance(settings, dict):
            raise source.refuse(f"The profile {name} is not a mapping", "profiles", name, fix=f"{name}: {{repeats: 2}}")
    return {name: profiles.get(name, {}) for name in PROFILES}


def _plot(plot: dict[str, Any], axes: Mapping[str, Any], measure: Sequence[str], source: Source) -> dict[str, str]:
    for key, value in plot.items():
        if key not in ("x", "y", "by", "log", "draw"):
            raise source.refuse(f"Unknown key {key!r} of plot", "plot", key, fix="x, y, by or log; or draw")
        if key == "draw" and len(plot) > 1:
            raise source.refuse("The plot has draw and other keys", "plot", key, fix="a drawing needs no other key")
        if key == "by" and value not in axes:
            raise source.refuse(f"The plot is by {value!r}, which is not an axis", "plot", key, fix=near(value, axes))
        if key == "x" and value not in (*axes, "epoch"):
            raise source.refuse(
                f"The plot is over {value!r}, which is not an axis", "plot", key, fix=near(value, (*axes, "epoch"))
            )
        if key == "log" and value != "x":
            raise source.refuse(f"log is {value!r}", "plot", key, fix="log: x")
    _check_curve(plot, measure, source)
    return {key: str(value) for key, value in plot.items()}


def _check_curve(plot: dict[str, Any], measure: Sequence[str], source: Source) -> None:
    """A plot without a drawing needs x, and a y that there are numbers of."""
    if not plot or "draw" in plot:
        return
    known = EPOCH_CURVES if plot.get("x") == "epoch" else tuple(measure)
    for key, fix in (("x", "x: an axis, or epoch"), ("y", f"y: {' or '.join(known)}")):
        if key not in plot:
            raise source.refuse(f"The plot has no {key}", "plot", fix=fix)
    if plot["y"] not in known:
        raise source.refuse(
            f"The plot is of {plot['y']!r}, which is not measured", "plot", "y", fix=near(plot["y"], known)
        )


def _corrections(items: list[Any], source: Source) -> tuple[Correction, ...]:
    found = []
    for number, one in enumerate(items):
        path = ("corrected", number)
        if not isinstance(one, dict) or not {"name", "set", "says"} <= set(one):
            raise source.refuse(
                "A correction needs name, set and says", *path, fix="{name: ..., set: {...}, says: ...}"
            )
        for key in one:
            if key not in ("name", "set", "says"):
                raise source.refuse(f"Unknown key {key!r} of a correction", *path, key, fix="name, set, says")
        if not isinstance(one["set"], dict):
            raise source.refuse("set is not a mapping", *path, "set", fix="set: {setting: value}")
        found.append(Correction(label(one["name"]), one["set"], str(one["says"])))
    return tuple(found)


def _check_labels(recipe: Recipe) -> None:
    """Published numbers and claims must name what there is."""
    axes = {name: values for name, values in recipe.axes.items() if name != RUN}
    for measure, table in recipe.printed.items():
        _check_printed(table, list(axes.items()), recipe.source, ("printed", measure))
    for number, claim in enumerate(recipe.claims):
        for axis, value in claim.named():
            if axis not in recipe.axes:
                what = f"The claim names {axis!r}, which is not an axis"
                raise recipe.source.refuse(what, "claims", number, fix=near(axis, recipe.axes))
            if value not in recipe.axes[axis] and value != "each":
                what = f"The claim names {axis}={value}, which is not a value of the axis"
                raise recipe.source.refuse(what, "claims", number, fix=near(value, recipe.axes[axis]))


def _check_printed(
    table: Any, axes: list[tuple[str, Mapping[str, Any]]], source: Source, path: tuple[Any, ...]
) -> None:
    if isinstance(table, dict) and set(table) == {"mean", "se"}:
        return
    if not isinstance(table, dict):
        if axes and not isinstance(table, list):
            raise source.refuse(
                f"One published number for all values of {axes[0][0]}", *path, fix=f"name a value of {axes[0][0]}"
            )
        return
    if not axes:
        raise source.refuse("printed is nested deeper than there are axes", *path, fix="give a number")
    name, values = axes[0]
    for key, inner in table.items():
        if key not in values:
            raise source.refuse(
                f"printed names {name}={key}, which is not a value of the axis", *path, key, fix=near(key, values)
            )
        _check_printed(inner, axes[1:], source, (*path, key))
