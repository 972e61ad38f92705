"""From a recipe to jobs: one for each variant and repeat, known by a hash of all that decides its result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from heldout.errors import SettingError
from heldout_course.experiments.data import DATA_KEYS, DataSpec
from heldout_course.experiments.jobs import Job, description, way_of, with_seeds
from heldout_course.experiments.measures import CURVES, MEASURES
from heldout_course.experiments.models import check_model, is_random
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.experiments.reading import RecipeError, label, near
from heldout_course.experiments.recipe import MOST_REPEATS, RUN, Recipe, whole_number


@dataclass(frozen=True)
class Variant:
    """A combination of values of the axes, and its jobs, one for each repeat (equal ones if nothing is random)."""

    labels: Mapping[str, str]
    jobs: tuple[Job, ...]

    @property
    def name(self) -> str:
        """``momentum=0.9, batch=64``; empty if nothing is varied."""
        return ", ".join(f"{axis}={value}" for axis, value in self.labels.items())


@dataclass(frozen=True)
class Plan:
    """All variants of a recipe in a profile."""

    recipe: Recipe
    profile: str
    variants: tuple[Variant, ...]

    @property
    def jobs(self) -> list[Job]:
        """Every job once."""
        return list({job.id: job for variant in self.variants for job in variant.jobs}.values())


def expand(recipe: Recipe, profile: str) -> Plan:
    """Make the jobs of a recipe.

    Raises
    ------
    SettingError
        If a variant is not possible, with file and line.
    """
    changes = dict(recipe.profiles[profile])
    only = _only(recipe, profile, changes.pop("only", {}))
    repeats = changes.pop("repeats", recipe.repeats)
    whole_number(repeats, "repeats", 1, MOST_REPEATS, recipe.source, ("profiles", profile, "repeats"))
    axes = {
        name: {key: settings for key, settings in values.items() if key in only.get(name, values)}
        for name, values in recipe.axes.items()
    }
    curve = any(name in CURVES for name in _wanted(recipe))
    _check_measures(recipe)
    variants = []
    for labels in product(*axes.values()):
        named = dict(zip(axes, labels, strict=True))
        data, model = {**recipe.data}, {**recipe.model}
        for settings in (changes, *(axes[axis][value] for axis, value in named.items())):
            data |= {key: value for key, value in settings.items() if key in DATA_KEYS}
            _change(model, {key: value for key, value in settings.items() if key not in DATA_KEYS})
        try:
            jobs = _jobs(data, model, curve, repeats)
        except SettingError as error:
            key = error.key if isinstance(error, RecipeError) else ""
            raise SettingError(
                f"{', '.join(f'{a}={v}' for a, v in named.items()) or 'The recipe'}: {error.what}",
                where=_place(recipe, profile, named, key),
                fix=error.fix,
            ) from None
        variants.append(Variant(named, jobs))
    return Plan(recipe, profile, tuple(variants))


def _check_measures(recipe: Recipe) -> None:
    """Refuse names of measures that models and nets do not have; procedures name their own."""
    if any("procedure" in s for s in (recipe.model, *(s for axis in recipe.axes.values() for s in axis.values()))):
        return
    named: list[tuple[str, tuple[Any, ...]]] = [(name, ("measure", i)) for i, name in enumerate(recipe.measure)]
    named += [(name, ("printed", name)) for name in recipe.printed]
    named += [(m.name, ("claims", i)) for i, claim in enumerate(recipe.claims) for m in claim.measures()]
    for name, path in named:
        if name not in MEASURES:
            raise recipe.source.refuse(f"Unknown measure {name!r}", *path, fix=near(name, MEASURES))


def _wanted(recipe: Recipe) -> set[str]:
    return {*recipe.measure, *(measure.name for claim in recipe.claims for measure in claim.measures())}


def _change(model: dict[str, Any], settings: Mapping[str, Any]) -> None:
    """Set a model's settings; another way of model takes the place of all that was said of the one before."""
    way = way_of(settings)
    if way is not None and way not in model:
        model.clear()
    model |= settings


def _only(recipe: Recipe, profile: str, only: Any) -> dict[str, set[str]]:
    """The values of axes that a profile keeps."""
    path = ("profiles", profile, "only")
    if not isinstance(only, dict):
        raise recipe.source.refuse("only is not a mapping", *path, fix="only: {axis: [values]}")
    found: dict[str, set[str]] = {}
    for axis, values in only.items():
        if axis not in recipe.axes:
            raise recipe.source.refuse(f"{axis!r} is not an axis", *path, axis, fix=near(axis, recipe.axes))
        for value in values if isinstance(values, list) else [values]:
            if label(value) not in recipe.axes[axis]:
                what = f"The axis {axis} has no value {label(value)}"
                raise recipe.source.refuse(what, *path, axis, fix=near(label(value), recipe.axes[axis]))
            found.setdefault(axis, set()).add(label(value))
    return found


def _place(recipe: Recipe, profile: str, named: Mapping[str, str], key: str) -> str:
    """The line that sets a key for a variant: the last that does; else that of the first axis, or of the model."""
    source = recipe.source
    for axis, value in reversed(list(named.items())):
        if key in recipe.axes[axis][value]:
            if axis != RUN:
                return source.at("vary", axis, value, key)
            number = [one.name for one in recipe.corrected].index(value)
            return source.at("corrected", number, "set", key)
    if key in recipe.profiles[profile]:
        return source.at("profiles", profile, key)
    for part in ("data", "model"):
        if key in getattr(recipe, part):
            return source.at(part, key)
    return source.at("vary", *list(named)[:1]) if named else source.at("model")


def _jobs(data: Mapping[str, Any], model: Mapping[str, Any], curve: bool, repeats: int) -> tuple[Job, ...]:
    check_model(model)
    way = way_of(model)
    described: DataSpec | None = None
    if way != "procedure" or data:
        given = DataSpec.of(data)
        given.check()
        if curve and way == "net" and given.folds is not None:
            raise RecipeError(
                "An error per epoch needs the same test rows each time", key="folds", fix="leave out folds"
            )
        described = DataSpec.of({**data, **content_of(given.name)})
    code = PROCEDURES[str(model["procedure"])].code if way == "procedure" else ""
    spec = description(described, model, curve=curve and way == "net", code=code)
    random = is_random(model) or (described is not None and described.is_drawn)
    return with_seeds(spec, range(1, repeats + 1)) if random else with_seeds(spec, [0]) * repeats


def content_of(name: str) -> dict[str, Any]:
    """Hash of a data file, or of the list of a folder's files: results of other data are other results."""
    from heldout.data.named import NAMED

    if name in NAMED:
        return {}
    path = Path(name)
    digest = hashlib.sha256()
    try:
        if path.is_dir():
            for file in sorted(p for p in path.rglob("*") if p.is_file()):
                status = file.stat()
                digest.update(f"{file.relative_to(path)}|{status.st_size}|{status.st_mtime_ns}\n".encode())
        elif path.is_file():
            with path.open("rb") as stream:
                while block := stream.read(2**20):
                    digest.update(block)
        else:
            raise RecipeError(f"There is no dataset, file or folder {name!r}", key="name", fix=near(name, NAMED))
    except OSError as error:
        raise RecipeError(f"Cannot read {name!r}: {error}", key="name", fix="check the path") from error
    return {"content": digest.hexdigest(), "name": str(path.resolve())}
