"""From a recipe to jobs: one for each variant and repeat, known by a hash of all that decides its result."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from heldout.errors import SettingError
from heldout_course.experiments.measures import CURVES, MEASURES
from heldout_course.experiments.models import check_model, is_random
from heldout_course.experiments.parts import DATA_DEFAULTS, check_data, is_drawn
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.experiments.reading import label, near
from heldout_course.experiments.recipe import DATA_KEYS, MOST_REPEATS, Recipe, whole_number
from heldout_course.experiments.store import to_json

MEANING = 2
"""Part of every job's hash: raised when the same description comes to mean another computation."""


@dataclass(frozen=True)
class Job:
    """One computation: plain JSON, and the hash of it."""

    spec: Mapping[str, Any]

    @cached_property
    def id(self) -> str:
        """SHA-256 of the description."""
        return hashlib.sha256(to_json(self.spec).encode()).hexdigest()

    @property
    def seed(self) -> int:
        """Seed of all that is random in it; 0 if nothing is."""
        return int(self.spec["seed"])


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
            place = _place(recipe, named, error)
            raise SettingError(
                f"{', '.join(f'{a}={v}' for a, v in named.items()) or 'the recipe'}: {error.what}",
                where=place,
                fix=error.fix,
            ) from None
        variants.append(Variant(named, jobs))
    return Plan(recipe, profile, tuple(variants))


def _check_measures(recipe: Recipe) -> None:
    """Refuse names of measures that models and nets do not have; procedures name their own."""
    if "procedure" in recipe.model or any("procedure" in s for axis in recipe.axes.values() for s in axis.values()):
        return
    named: list[tuple[str, tuple[Any, ...]]] = [(name, ("measure", i)) for i, name in enumerate(recipe.measure)]
    named += [(name, ("printed", name)) for name in recipe.printed]
    named += [(m.name, ("claims", i)) for i, claim in enumerate(recipe.claims) for m in claim.measures()]
    for name, path in named:
        if name not in MEASURES:
            raise recipe.source.refuse(f"there is no measure {name!r}", *path, fix=near(name, MEASURES))


def _wanted(recipe: Recipe) -> set[str]:
    return {*recipe.measure, *(measure.name for claim in recipe.claims for measure in claim.measures())}


def _change(model: dict[str, Any], settings: Mapping[str, Any]) -> None:
    """Set a model's settings; another kind of model takes the place of all that was said of the one before."""
    kinds = {"net", "kind", "procedure"}
    if kinds & set(settings) and not kinds & set(settings) & set(model):
        model.clear()
    model |= settings


def _only(recipe: Recipe, profile: str, only: Any) -> dict[str, set[str]]:
    """The values of axes that a profile keeps."""
    path = ("profiles", profile, "only")
    if not isinstance(only, dict):
        raise recipe.source.refuse("only is no mapping", *path, fix="only: {axis: [values]}")
    found: dict[str, set[str]] = {}
    for axis, values in only.items():
        if axis not in recipe.axes:
            raise recipe.source.refuse(f"{axis!r} is not varied", *path, axis, fix=near(axis, recipe.axes))
        for value in values if isinstance(values, list) else [values]:
            if label(value) not in recipe.axes[axis]:
                what = f"{axis} has no value {label(value)}"
                raise recipe.source.refuse(what, *path, axis, fix=near(label(value), recipe.axes[axis]))
            found.setdefault(axis, set()).add(label(value))
    return found


def _place(recipe: Recipe, named: Mapping[str, str], error: SettingError) -> str:
    """The line that most likely holds what is wrong: a word of the message that is a key, else the axes'."""
    words = re.findall(r"\w+", error.what)
    for path in recipe.source.lines:
        if len(path) > 1 and path[0] in ("data", "model", "vary", "profiles") and str(path[-1]) in words:
            return recipe.source.at(*path)
    return recipe.source.at("vary", *list(named)[:1]) if named else recipe.source.at("model")


def _jobs(data: Mapping[str, Any], model: Mapping[str, Any], curve: bool, repeats: int) -> tuple[Job, ...]:
    check_model(model)
    is_procedure = "procedure" in model
    described: dict[str, Any] = {}
    if not is_procedure or data:
        check_data(data)
        if curve and "net" in model and data.get("folds") is not None:
            raise SettingError("an error per epoch needs the same test rows each time", fix="leave out folds")
        described = {**DATA_DEFAULTS, **data, **content_of(str(data.get("name", "")))}
    spec: dict[str, Any] = {
        "meaning": MEANING,
        "data": described,
        "model": dict(model),
        "curve": curve and "net" in model,
    }
    if is_procedure:
        spec["code"] = PROCEDURES[str(model["procedure"])].code
    random = is_random(model) or (bool(described) and is_drawn(described))
    return with_seeds(spec, range(1, repeats + 1)) if random else with_seeds(spec, [0]) * repeats


def with_seeds(spec: Mapping[str, Any], seeds: Iterable[int]) -> tuple[Job, ...]:
    """Jobs that differ only by their seed; what they have in common is hashed once."""
    start = hashlib.sha256(to_json(spec)[:-1].encode())  # the key "seed" sorts behind all others
    jobs = []
    for seed in seeds:
        job, digest = Job({**spec, "seed": seed}), start.copy()
        digest.update(f',"seed":{seed}}}'.encode())
        job.__dict__["id"] = digest.hexdigest()  # where a cached property keeps its value
        jobs.append(job)
    return tuple(jobs)


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
            raise SettingError(f"there is no dataset, file or folder {name!r}", fix=near(name, NAMED))
    except OSError as error:
        raise SettingError(f"cannot read {name!r}: {error}", fix="check the path") from error
    return {"content": digest.hexdigest(), "name": str(path.resolve())}
