"""What a bundle knows about one estimator: a kind, plain settings, arrays and inner estimators.

`Parts` is what a writer gives, `Node` what a reader gets. A reader asks a node for each thing by name, type
and range; what it did not ask for is an error, so a file cannot carry anything that its reader does not know.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from heldout.deploy.rows import Features
from heldout.errors import ArtifactError, SettingError


@dataclass(frozen=True)
class Parts:
    """One estimator taken apart: plain JSON settings, arrays, and inner estimators by name."""

    params: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    children: dict[str, Any] = field(default_factory=dict)


class Node:
    """One estimator as it stands in a file; every access checks."""

    def __init__(
        self,
        kind: str,
        params: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        children: Mapping[str, Any],
        *,
        n_classes: int,
        where: str,
    ) -> None:
        self.kind, self.n_classes, self.where = kind, n_classes, where
        self.children = children
        self._params, self._arrays, self._asked = params, arrays, set[str]()

    def refuse(self, what: str) -> NoReturn:
        """Raise `ArtifactError` at this node."""
        raise ArtifactError(
            what, where=f"{self.where} ({self.kind})", fix="copy the model again from where it was made"
        )

    def check(self, condition: bool, what: str) -> None:
        """Refuse unless `condition`."""
        if not condition:
            self.refuse(what)

    def has_param(self, name: str) -> bool:
        """Whether a setting is there and not null."""
        self._asked.add(name)
        return self._params.get(name) is not None

    def has_array(self, name: str) -> bool:
        """Whether an array is there."""
        return name in self._arrays

    def integer(self, name: str, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        value = self._param(name)
        self.check(type(value) is int and low <= value <= high, f"{name} must be whole, {low} to {high}")
        return value

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number in [low, high]."""
        value = self._param(name)
        is_number = type(value) in (int, float) and abs(value) < 1e308
        self.check(is_number and low <= value <= high, f"{name} must be a number, {low} to {high}")
        return float(value)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._param(name)
        self.check(type(value) is bool, f"{name} must be true or false")
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """One of the allowed words."""
        value = self._param(name)
        self.check(isinstance(value, str) and value in allowed, f"{name} must be one of {', '.join(allowed)}")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of str."""
        value = self._param(name)
        self.check(
            isinstance(value, list) and all(type(text) is str for text in value),
            f"{name} must be a list of texts",
        )
        return value

    def items(self, name: str, of: type, length: int) -> list[Any]:
        """A list of `length` values of one type."""
        value = self._param(name)
        good = isinstance(value, list) and len(value) == length and all(type(item) is of for item in value)
        self.check(good, f"{name} must be a list of {length} {of.__name__}")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """A JSON object that a reader checks by itself."""
        value = self._param(name)
        self.check(isinstance(value, dict), f"{name} must be an object")
        return value

    def array(
        self,
        name: str,
        dtype: str | Sequence[str],
        shape: Sequence[int | None],
        *,
        finite: bool = True,
        low: float | None = None,
        high: float | None = None,
    ) -> np.ndarray:
        """An array of one of these types and this shape (None: any length of at least 1)."""
        self.check(name in self._arrays, f"array {name!r} is missing")
        self._asked.add(f"array {name}")
        value = self._arrays[name]
        allowed = [dtype] if isinstance(dtype, str) else list(dtype)
        self.check(value.dtype.name in allowed, f"{name} is {value.dtype}, expected {' or '.join(allowed)}")
        matches = value.ndim == len(shape) and all(
            size >= 1 if wanted is None else size == wanted for size, wanted in zip(value.shape, shape, strict=True)
        )
        self.check(matches, f"{name} has the shape {value.shape}, expected {tuple(shape)}")
        if finite and value.dtype.kind == "f":
            self.check(bool(np.isfinite(value).all()), f"{name} has values that are not finite")
        if value.size:
            self.check(low is None or bool((value >= low).all()), f"{name} has values below {low}")
            self.check(high is None or bool((value <= high).all()), f"{name} has values above {high}")
        return value

    def all_arrays(self) -> dict[str, np.ndarray]:
        """Every array, for a reader that checks them by itself."""
        self._asked |= {f"array {name}" for name in self._arrays}
        return dict(self._arrays)

    def child(self, name: str) -> Any:
        """An inner estimator, already read."""
        self.check(name in self.children, f"inner estimator {name!r} is missing")
        self._asked.add(f"child {name}")
        return self.children[name]

    def classes(self) -> np.ndarray:
        """Class numbers: increasing, each below the bundle's number of classes."""
        value = self.array("classes", "int64", (None,), low=0, high=self.n_classes - 1)
        self.check(bool((np.diff(value) > 0).all()), "classes are not in increasing order")
        return value.copy()

    def features(self) -> Features:
        """Number and names of the features, as `features_of` wrote them."""
        n = self.integer("n_features", 1, MAX_FEATURES)
        if not self.has_param("feature_names"):
            return Features(n)
        names = self.texts("feature_names")
        self.check(len(names) == n == len(set(names)), "feature_names must be different, one per feature")
        return Features(n, tuple(names))

    def finish(self) -> None:
        """Refuse if the file holds settings, arrays or children that nobody asked for."""
        there = set(self._params) | {f"array {name}" for name in self._arrays}
        there |= {f"child {name}" for name in self.children}
        extra = sorted(there - self._asked)
        self.check(not extra, f"unknown: {', '.join(extra)[:200]}")

    def _param(self, name: str) -> Any:
        self._asked.add(name)
        self.check(name in self._params, f"setting {name!r} is missing")
        return self._params[name]


def class_numbers(estimator: Any) -> np.ndarray:
    """The classes of a fitted classifier as int64, for a writer.

    Raises
    ------
    SettingError
        If they are not class numbers (whole, not negative).
    """
    classes = np.asarray(estimator.classes_)
    if classes.dtype.kind not in "iu" or (classes < 0).any():
        raise SettingError(
            f"{type(estimator).__name__} was fitted on labels of type {classes.dtype}, not on class numbers",
            fix="classes, y = np.unique(labels, return_inverse=True); fit on y, give `classes` to the bundle",
        )
    return classes.astype(np.int64)


def must(estimator: Any, condition: bool, what: str, fix: str) -> None:
    """Refuse to save an estimator whose settings a bundle does not cover.

    Raises
    ------
    SettingError
        Unless `condition`.
    """
    if not condition:
        raise SettingError(f"a bundle cannot hold {type(estimator).__name__} with {what}", fix=fix)


@dataclass(frozen=True)
class Kind:
    """One entry of the registry.

    Attributes
    ----------
    name : str
        What stands in the file.
    estimator : str
        Where the class that is written can be imported from, such as ``sklearn.svm.SVC``; exactly this class, a
        subclass is another one. Nothing is imported by this name: an estimator that exists was imported already.
    write : callable
        Fitted estimator to `Parts`.
    read : callable
        `Node` to an object with ``transform``, or with ``classes_`` and ``predict_proba`` or ``decision_function``.
        What it says about a row must not depend on the other rows, to the last bit.
    """

    name: str
    estimator: str
    write: Callable[[Any], Parts]
    read: Callable[[Node], Any]

    def is_of(self, model: Any) -> bool:
        """Whether `model` is an object of exactly this kind's class."""
        module, _, name = self.estimator.rpartition(".")
        return type(model).__name__ == name and getattr(sys.modules.get(module), name, None) is type(model)


FLOATS = ("float64", "float32")
MAX_FEATURES = 2**31 - 1


def features_of(estimator: Any) -> dict[str, Any]:
    """Settings for the number of features and, where it was fitted on a table, their names."""
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "n_features": int(estimator.n_features_in_),
        "feature_names": None if names is None else [str(name) for name in names],
    }
