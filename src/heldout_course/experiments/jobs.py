"""One computation of a recipe, described by plain values and known by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from heldout_course.experiments.data import DataSpec
from heldout_course.experiments.store import to_json

SPEC_VERSION = 2
"""Part of every job's hash: raised when the same description comes to mean another computation."""
Way = Literal["net", "kind", "procedure"]
WAYS: tuple[Way, ...] = ("net", "kind", "procedure")
"""What a recipe's model is: a net, a classical model of the table, or a procedure."""


def way_of(model: Mapping[str, Any]) -> Way | None:
    """Which of `WAYS` a recipe's model is; None if it says none."""
    return next((way for way in WAYS if way in model), None)


def description(data: DataSpec | None, model: Mapping[str, Any], *, curve: bool, code: str = "") -> dict[str, Any]:
    """A job's description without its seed.

    Parameters
    ----------
    data : DataSpec or None
        None for a procedure that needs none.
    model : mapping
        As in the recipe.
    curve : bool
        Whether the test error after each epoch is wanted.
    code : str
        Hash of a procedure's code.
    """
    spec: dict[str, Any] = {
        "meaning": SPEC_VERSION,
        "data": {} if data is None else data.record(),
        "model": dict(model),
        "curve": curve,
    }
    return {**spec, "code": code} if code else spec


@dataclass(frozen=True)
class Job:
    """A description, and what it says.

    Attributes
    ----------
    spec : mapping
        Plain JSON: see `description`, and ``seed``.
    """

    spec: Mapping[str, Any]

    @cached_property
    def id(self) -> str:
        """SHA-256 of the description."""
        return hashlib.sha256(to_json(self.spec).encode()).hexdigest()

    @property
    def seed(self) -> int:
        """Seed of all that is random in it; 0 if nothing is."""
        return int(self.spec["seed"])

    @property
    def model(self) -> Mapping[str, Any]:
        """Settings of the model, as in the recipe."""
        return self.spec["model"]

    @property
    def way(self) -> Way:
        """What the model is."""
        found = way_of(self.model)
        assert found is not None, "a job was checked before it was made"
        return found

    @cached_property
    def data(self) -> DataSpec:
        """Description of the data; without a name if a procedure needs none."""
        return DataSpec.of(self.spec["data"])

    @property
    def curve(self) -> bool:
        """Whether the test error after each epoch is wanted."""
        return bool(self.spec["curve"])


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
