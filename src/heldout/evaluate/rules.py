"""How probabilities become a decision: a rule as plain data, and the request that one is chosen by."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.errors import ArtifactError, LabelError, SettingError

RATES = ("tpr", "tnr", "ppv", "npv")
HELP = "mcc, tpr>=0.95 (or tnr, ppv, npv), cost:fp=1,fn=5, or cost:0 1 5; 1 0 1; 2 1 0 (a row for each true class)"


@dataclass(frozen=True)
class Rule:
    """How probabilities become a decision.

    Attributes
    ----------
    kind : 'threshold' or 'costs'
        Two classes: class `positive` if its probability is `threshold` or more. Or the class of least expected cost.
    chosen : str
        What was asked for, such as ``"tpr>=0.95"``.
    threshold : float in [0, 1]
    positive : int
        Class number.
    costs : tuple of tuples of float, shape (n_classes, n_classes)
        Cost of each decision (column) for each truth (row).
    """

    kind: str
    chosen: str
    threshold: float = 0.5
    positive: int = 1
    costs: tuple[tuple[float, ...], ...] = ()

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Class numbers, int64, shape (n_rows,), for probabilities (n_rows, n_classes)."""
        given = np.asarray(probabilities, dtype=float)
        if self.kind == "threshold":
            return np.where(given[:, self.positive] >= self.threshold, self.positive, 1 - self.positive).astype(
                np.int64
            )
        return np.asarray((given[:, :, None] * np.asarray(self.costs)).sum(axis=1).argmin(axis=1), dtype=np.int64)

    def record(self) -> dict[str, Any]:
        """Plain values for a bundle or `metrics.json`."""
        if self.kind == "threshold":
            return {
                "kind": self.kind,
                "chosen": self.chosen,
                "threshold": self.threshold,
                "positive": self.positive,
            }
        return {"kind": self.kind, "chosen": self.chosen, "costs": [list(row) for row in self.costs]}


def rule_from(values: Any, n_classes: int, *, where: str = "") -> Rule:
    """Read a rule that `Rule.record` wrote, checking everything.

    Raises
    ------
    ArtifactError
        If it is damaged, or is not for this number of classes.
    """
    wrong = ArtifactError("the decision rule is damaged", where=where, fix="train again, or restore the file")
    if not isinstance(values, dict) or not isinstance(values.get("chosen"), str) or len(values["chosen"]) > 1000:
        raise wrong
    if values.get("kind") == "threshold" and set(values) == {"kind", "chosen", "threshold", "positive"}:
        at, positive = values["threshold"], values["positive"]
        if type(at) is float and 0 <= at <= 1 and type(positive) is int and positive in (0, 1) and n_classes == 2:
            return Rule("threshold", values["chosen"], at, positive)
    if values.get("kind") == "costs" and set(values) == {"kind", "chosen", "costs"}:
        try:
            costs = check_costs(values["costs"], n_classes)
        except SettingError as error:
            raise wrong from error
        return Rule("costs", values["chosen"], costs=costs)
    raise wrong


def check_costs(costs: object, n_classes: int) -> tuple[tuple[float, ...], ...]:
    """Costs as a square table, or a `SettingError`: one row for each true class, 0 or more, right answers cheapest."""
    try:
        table = np.asarray(costs, dtype=float)
    except (TypeError, ValueError):
        raise SettingError("the costs are not a table of numbers", where="--threshold", fix=HELP) from None
    if table.shape != (n_classes, n_classes):
        raise SettingError(
            f"the costs have shape {table.shape} for {n_classes} classes",
            where="--threshold",
            fix=f"give {n_classes} rows (what is true) of {n_classes} numbers (what is decided)",
        )
    if not np.isfinite(table).all() or (table < 0).any() or (table < np.diag(table)[:, None]).any() or not table.any():
        raise SettingError(
            "costs must be 0 or more, not all 0, and a correct answer must not cost more than a wrong one",
            where="--threshold",
            fix="put 0 where row and column are the same class",
        )
    return tuple(tuple(float(cell) for cell in row) for row in table)


@dataclass(frozen=True)
class RuleSpec:
    """What a decision rule should achieve, read from text by `parse_rule`."""

    text: str
    rate: str = ""
    least: float = 0.0
    positive: str = ""
    false_positive: float = 0.0
    false_negative: float = 0.0
    costs: tuple[tuple[float, ...], ...] = ()

    def positive_number(self, classes: Sequence[str]) -> int:
        """Number of the class that is called positive: the named one, else the second."""
        if not self.positive:
            return 1
        if self.positive not in classes:
            raise LabelError(
                f"Unknown class {self.positive!r}", where="--threshold", fix="use one of " + ", ".join(classes)
            )
        return list(classes).index(self.positive)


def parse_rule(text: str) -> RuleSpec:
    """Read ``mcc``, ``tpr>=0.95``, ``tpr[ill]>=0.95``, ``cost:fp=1,fn=5`` or ``cost:`` and a table.

    Raises
    ------
    SettingError
        If it is none of these, or a number is out of range.
    """
    plain = text.strip()
    if plain.lower() == "mcc":
        return RuleSpec("mcc")
    match = re.fullmatch(r"mcc\[(.+)\]", plain, re.IGNORECASE)
    if match:
        return RuleSpec(plain, positive=match[1])
    match = re.fullmatch(r"(tpr|tnr|ppv|npv)(?:\[(.+)\])?\s*>=\s*([0-9.]+)", plain, re.IGNORECASE)
    if match:
        least = _number(match[3], text)
        if not 0 < least <= 1:
            raise SettingError(f"{text!r} requires a rate outside 0 to 1", where="--threshold", fix="tpr>=0.95")
        return RuleSpec(plain, rate=match[1].lower(), least=least, positive=match[2] or "")
    match = re.fullmatch(r"costs?:\s*fp=([0-9.eE+-]+)\s*,\s*fn=([0-9.eE+-]+)", plain)
    if match:
        fp, fn = _number(match[1], text), _number(match[2], text)
        if not (math.isfinite(fp) and math.isfinite(fn) and fp > 0 and fn > 0):
            raise SettingError(f"{text!r} has a cost that is not above 0", where="--threshold", fix="cost:fp=1,fn=5")
        return RuleSpec(plain, false_positive=fp, false_negative=fn)
    if re.match(r"costs?:", plain):
        rows = [row.split() for row in plain.partition(":")[2].split(";")]
        table = [[_number(cell, text) for cell in row] for row in rows]
        if len({len(row) for row in table}) != 1:
            raise SettingError(f"the rows of {text!r} differ in length", where="--threshold", fix=HELP)
        return RuleSpec(plain, costs=check_costs(table, len(table)))
    raise SettingError(f"{text!r} is not a decision rule", where="--threshold", fix="write " + HELP)


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingError(f"{text!r} in {whole!r} is not a number", where="--threshold", fix="write " + HELP) from None
