"""New rows of a table: numbers move, categories stay or are swapped, and each row keeps its label and its source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.augment.drawing import draw, generator
from heldout.augment.features import PCANoise, mix_within_class, swap_categories
from heldout.augment.operations import Step, as_steps
from heldout.errors import SettingError


def augment_table(
    frame: Any,
    y: np.ndarray,
    operations: str | Sequence[Step] | None = None,
    *,
    copies: int = 1,
    seed: int = 0,
    ties: np.ndarray | None = None,
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Make `copies` new rows of each row of a table.

    Numbers are scaled by their deviations before noise or mixing. A number that is missing stays missing; a column of
    whole numbers stays whole; no column leaves the range it has.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of numbers (NaN: missing) and of text (None: missing); training rows only.
    y : int array, shape (n_rows,)
    operations : str or sequence of Step, optional
        Such as ``"pca-noise 0.1, smote 5, swap colour"``; see `heldout.augment.operations`.
    copies : int, default=1
    seed : int, default=0
    ties : int array, shape (n_rows,), optional
        See `heldout.augment.features.mix_within_class`.

    Returns
    -------
    made : pandas.DataFrame
        One of each row, then the next set.
    source, partner : int64 arrays, shape (n_rows * copies,)
        What each was made of; partner -1: of one row only.

    Raises
    ------
    SettingError
        If an operation needs a column that is not there.
    """
    import pandas as pd

    found = as_steps(operations, "table")
    numeric = [name for name in frame.columns if frame[name].dtype != object]
    _check(found, frame, numeric)
    n = len(frame)
    whole = frame[numeric].to_numpy(np.float64)
    filled = np.where(np.isnan(whole), _means(whole), whole)
    noise = {
        k: PCANoise(sigma=step["sigma"], scale=True).fit(filled)
        for k, step in enumerate(found)
        if step.name == "pca-noise"
    }
    draws = draw(found, n, copies, seed)
    sets, partners = [], []
    for copy in range(copies):
        numbers, partner = whole.copy(), np.full(n, -1)
        texts = {name: frame[name].to_numpy(object) for name in frame.columns if name not in numeric}
        for k, step in enumerate(found):
            on, random = draws.active[k, copy], generator(seed, f"rows {step.stream}", k, copy)
            if step.name == "swap":
                column = step["column"]
                swapped = swap_categories(texts[column], y, probability=1, seed=random)
                texts[column] = np.where(on, swapped, texts[column])
            elif step.name == "pca-noise":
                moved = noise[k].make(filled, copies=1, seed=random).x
                numbers[on] += (moved - filled)[on]
            else:
                mixed = mix_within_class(filled, y, neighbours=step["neighbours"], ties=ties, seed=random)
                numbers[on] += (mixed.x - filled)[on]
                partner = np.where(on, mixed.partner, -1)
        numbers = _kept_in_form(numbers, whole)
        columns = {name: numbers[:, numeric.index(name)] if name in numeric else texts[name] for name in frame.columns}
        sets.append(pd.DataFrame(columns))
        partners.append(partner)
    made = pd.concat(sets, ignore_index=True)
    return made, np.tile(np.arange(n), copies), np.concatenate(partners)


def _check(found: Sequence[Step], frame: Any, numeric: list[str]) -> None:
    for step in found:
        if step.name == "swap" and (step["column"] not in frame.columns or step["column"] in numeric):
            texts = [name for name in frame.columns if name not in numeric]
            raise SettingError(
                f"{step['column']!r} is not a column of categories",
                where="operations",
                fix=f"swap one of {', '.join(map(repr, texts[:12]))}" if texts else "leave out swap: all are numbers",
            )
        if step.name != "swap" and not numeric:
            raise SettingError(
                f"{step.name!r} needs a column of numbers, and there is none",
                where="operations",
                fix=f"'swap {frame.columns[0]}' is for categories",
            )


def _means(whole: np.ndarray) -> np.ndarray:
    known = ~np.isnan(whole)
    sums = np.where(known, whole, 0).sum(axis=0)
    return sums / np.maximum(known.sum(axis=0), 1)


def _kept_in_form(numbers: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Whole numbers stay whole, and no value leaves the range of its column."""
    known = ~np.isnan(original)
    is_whole = (np.floor(original) == original) | ~known
    numbers = np.where(is_whole.all(axis=0), np.round(numbers), numbers)
    low = np.where(known, original, np.inf).min(axis=0)
    high = np.where(known, original, -np.inf).max(axis=0)
    return np.clip(numbers, low, high)
