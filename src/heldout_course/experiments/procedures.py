"""Procedures: Python functions that recipes may name where an experiment is neither a model nor a net.

They are registered here by decorator; a name in a file is looked up in this table and nowhere else.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from heldout.errors import SettingError
from heldout_course.experiments.reading import RecipeError, near

Values = dict[str, Any]


@dataclass(frozen=True)
class Procedure:
    """A function from settings (and a seed, if it is random) to named values: numbers, words, lists of numbers."""

    name: str
    function: Callable[..., Values]
    random: bool
    light: bool = True

    @cached_property
    def code(self) -> str:
        """Hash of its module as it is written: another text may give other values."""
        path = inspect.getsourcefile(self.function)
        text = Path(path).read_text("utf-8") if path else self.function.__qualname__
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def settings(self) -> dict[str, Any]:
        """What it takes, with the defaults."""
        parameters = inspect.signature(self.function).parameters
        return {name: spec.default for name, spec in parameters.items() if name != "seed"}

    def check(self, given: Mapping[str, Any]) -> None:
        """Refuse settings that it does not take, and the lack of those that it needs."""
        for key in given:
            if key not in self.settings:
                fix = near(key, self.settings) if self.settings else "it takes none"
                raise RecipeError(f"Unknown setting {key!r} of the procedure {self.name}", key=key, fix=fix)
        for key, default in self.settings.items():
            if default is inspect.Parameter.empty and key not in given:
                fix = f"model: {{procedure: {self.name}, {key}: ...}}"
                raise RecipeError(f"The procedure {self.name} needs {key}", key="procedure", fix=fix)

    def run(self, given: Mapping[str, Any], seed: int) -> Values:
        """Call it."""
        return self.function(**given, **({"seed": seed} if self.random else {}))


PROCEDURES: dict[str, Procedure] = {}


def procedure(name: str, *, light: bool = True) -> Callable[[Callable[..., Values]], Callable[..., Values]]:
    """Register a function as a procedure.

    One that has a parameter ``seed`` is random. A light one takes less time than the start of a worker process.
    """

    def register(function: Callable[..., Values]) -> Callable[..., Values]:
        if name in PROCEDURES:
            raise SettingError(f"Two procedures are called {name!r}", fix="give one another name")
        PROCEDURES[name] = Procedure(name, function, "seed" in inspect.signature(function).parameters, light)
        return function

    return register
