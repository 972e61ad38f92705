"""What came of a job, as it is kept: of a model or net by pairs of training and test rows, of a procedure by name."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

Matrix = list[list[int]]
_Record = TypeVar("_Record", "Part", "Result")


@dataclass(frozen=True)
class Part:
    """What came of one pair of training and test rows.

    Attributes
    ----------
    n_train, n_test : int
    confusion : list of lists of int
        Counts, rows = truth.
    right : str
        Which test rows were right: a bit each, in base 64.
    fit_seconds, predict_seconds : float, optional
        Missing where many fits were made at once.
    auc : float, optional
        Of two classes, where the model gives scores of both.
    at : mapping of str to matrix, optional
        Of nets of two classes: counts of calling class 1 from each threshold on, by the threshold in percent.
    unfinished : str
        Why the fit did not arrive, in words; empty if it did.
    """

    n_train: int
    n_test: int
    confusion: Matrix
    right: str
    fit_seconds: float | None = None
    predict_seconds: float | None = None
    auc: float | None = None
    at: Mapping[str, Matrix] | None = None
    unfinished: str = ""

    @property
    def right_rows(self) -> np.ndarray:
        """Which test rows were right, bool, shape (n_test,)."""
        bits = np.unpackbits(np.frombuffer(base64.b64decode(self.right), np.uint8))
        return np.asarray(bits[: self.n_test], bool)


def pack_right(right: np.ndarray) -> str:
    """Bools, shape (n,), as `Part.right` keeps them."""
    return base64.b64encode(np.packbits(right).tobytes()).decode()


@dataclass(frozen=True)
class Result:
    """What came of a job.

    Attributes
    ----------
    classes : list of str
        Names of the classes; empty of a procedure.
    parts : list of Part
        One, or one for each fold.
    values : mapping of str to object, optional
        What a procedure found: numbers, words, lists and mappings of them.
    parameters, final_loss : number, optional
        Of a net.
    test_error_per_epoch, loss_per_epoch : list of float, optional
        Of a net, where they are measured.
    """

    classes: list[str]
    parts: list[Part]
    values: Mapping[str, Any] | None = None
    parameters: int | None = None
    final_loss: float | None = None
    test_error_per_epoch: list[float] | None = None
    loss_per_epoch: list[float] | None = None

    @classmethod
    def of_procedure(cls, values: Mapping[str, Any]) -> Result:
        """The result of a procedure."""
        return cls([], [], values)

    def record(self) -> dict[str, Any]:
        """Plain values, ready for JSON; what there is not is left out."""
        if self.values is not None:
            return {"values": self.values}
        found = _filled(self)
        return {**found, "parts": [_filled(part) for part in self.parts]}

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Result:
        """The result of a record; what a newer version added is left out."""
        if "values" in record:
            return cls.of_procedure(record["values"])
        parts = [_known(Part, part) for part in record["parts"]]
        return _known(cls, {**record, "parts": parts})


def _filled(record: Part | Result) -> dict[str, Any]:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value for name, value in values.items() if value not in (None, "")}


def _known(kind: type[_Record], record: Mapping[str, Any]) -> _Record:
    names = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in record.items() if name in names})
