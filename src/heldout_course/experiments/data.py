"""What a recipe says of its data: which, as what, scaled how, and which rows train and test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout.settings import Range, setting, settings_of
from heldout.split.rows import RowsWord, parse_rows
from heldout.split.words import FOLDS
from heldout_course.experiments.reading import RecipeError

FIXED_SCALES = {"none": 1.0, "1/256": 1 / 256, "1/255": 1 / 255}
FITTED_SCALES = ("standardize", "standardize-epsilon", "standardize-all")
EACH = "each"


def _train(value: Any) -> str:
    if parse_rows(value).way == "rest":
        raise SettingError("train is 'rest'", fix="say which rows train; test: rest takes the others")
    return str(value)


def _test(value: Any) -> str:
    parse_rows(value)
    return str(value)


def _shuffle(value: Any) -> int | str:
    if value == EACH or (isinstance(value, int) and value >= 0):
        return value
    raise SettingError(f"shuffle is {value!r}", fix="a seed, or `each` for another order at each repeat")


def _folds(value: Any) -> int | str:
    if value in FOLDS or (isinstance(value, int) and value >= 2):
        return value
    raise SettingError(f"folds is {value!r}", fix=f"a whole number from 2, or {' or '.join(FOLDS)}")


def _classes(value: Any) -> Any:
    if len(value) < 2:
        raise SettingError(f"classes is {list(value)!r}", fix="a list of two or more of the data's classes")
    return value


@dataclass(frozen=True)
class DataSpec:
    """A recipe's ``data``; each key of the recipe is a field (``as`` is `as_`)."""

    name: str = setting("", "Named dataset, file or folder.")
    as_: str = setting("vectors", "What a model gets of images.", choices=("vectors", "images"))
    scale: str = setting(
        "none",
        "Factor of the values, or standardization fitted on the training rows (`-all`: on all rows, as published).",
        choices=(*FIXED_SCALES, *FITTED_SCALES),
    )
    pca: int | None = setting(
        None, "Principal components, fitted on the training rows.", within=Range(1), unset="no PCA"
    )
    classes: tuple[str, ...] | None = setting(None, "Only rows of these classes.", read=_classes, unset="all")
    labels: str | None = setting(None, "Other labels for digits.", choices=("even-odd",), unset="the data's own")
    scramble: bool = setting(False, "Move the pixels of all images in one fixed way.")
    shuffle: int | str | None = setting(
        None,
        "Seed of the order of the rows before train and folds are cut, or `each`.",
        read=_shuffle,
        unset="as it is",
    )
    train: str = setting("all", "Rows that train: all, first N, last N, random N or N%.", read=_train)
    test: str = setting("all", "Rows that test: all, rest, first N, last N, random N or N%.", read=_test)
    folds: int | str | None = setting(
        None, "Folds in place of train and test: a number, loo-group or published.", read=_folds, unset="one split"
    )
    stratify: bool = setting(False, "Cut the folds by class.")
    target: str | None = setting(None, "Column with the labels (tables).")
    group: str | None = setting(None, "Column that names the source of each row (tables); groups stay whole.")
    content: str = setting("", "Hash of a file's content, or of the list of a folder's files.")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> DataSpec:
        """Make one of a recipe's values, or of what `record` gave; nothing is checked."""
        found = {_field(key): value for key, value in values.items()}
        if isinstance(found.get("classes"), list):
            found["classes"] = tuple(found["classes"])
        return cls(**found)

    def record(self) -> dict[str, Any]:
        """Plain values, ready for JSON: what jobs are known by."""
        found = {_key(one.name): getattr(self, one.name) for one in settings_of(self)}
        if self.classes is not None:
            found["classes"] = list(self.classes)
        if not self.content:
            del found["content"]
        return found

    def check(self) -> None:
        """Refuse values that mean nothing.

        Raises
        ------
        RecipeError
            Naming the key.
        """
        if not isinstance(self.name, str) or not self.name:
            raise RecipeError(
                "The data have no name", key="name", fix="data: {name: mnist}, or the path of a file or folder"
            )
        for one in settings_of(self):
            key, value = _key(one.name), getattr(self, one.name)
            problem = replace(one, name=key, read=None).problem(value)
            if problem:
                raise RecipeError(problem, key=key, fix=f"{key}: {one.help}")
            if one.read is not None and value is not None:
                try:
                    one.read(value)
                except SettingError as error:
                    raise RecipeError(error.what, key=key, fix=error.fix) from None

    @cached_property
    def train_rows(self) -> RowsWord:
        """`train`, read."""
        return parse_rows(self.train)

    @cached_property
    def test_rows(self) -> RowsWord:
        """`test`, read."""
        return parse_rows(self.test)

    def order(self, draw: np.random.Generator) -> np.random.Generator:
        """What shuffles the rows: `draw`, the job's own, unless the recipe gives a seed."""
        return np.random.default_rng([self.shuffle, 2]) if isinstance(self.shuffle, int) else draw

    @property
    def is_drawn(self) -> bool:
        """Whether rows are drawn anew at each repeat."""
        each_order = isinstance(self.folds, int) and self.shuffle is None
        return each_order or self.shuffle == EACH or self.train_rows.is_drawn or self.test_rows.is_drawn

    @property
    def is_fixed(self) -> bool:
        """Whether nothing is fitted on the training rows before the model."""
        return self.scale in FIXED_SCALES and self.pca is None


def _field(key: str) -> str:
    return "as_" if key == "as" else key


def _key(field: str) -> str:
    return field.removesuffix("_")


DATA_KEYS = tuple(_key(one.name) for one in settings_of(DataSpec) if one.name != "content")
"""What a recipe may say of its data."""


def rows_of_table() -> list[tuple[str, str, str, str]]:
    """Each key: name, values, default and meaning, for the documentation."""
    return [
        (_key(one.name), one.values_text, one.default_text, one.help)
        for one in settings_of(DataSpec)
        if _key(one.name) in DATA_KEYS
    ]
