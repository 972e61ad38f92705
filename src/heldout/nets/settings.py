"""Settings of a training, checked once, and the jobs that share one program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout.nets.layers.options import INITIALIZERS

#: Learning rate of each optimizer where none is given, as published (Adadelta as in Zeiler 2012, no extra rate).
DEFAULT_LR = {"sgd": 0.01, "rmsprop": 0.001, "adagrad": 0.01, "adadelta": 1.0, "adam": 0.001, "adamw": 0.001}
#: Decay of the running averages where none is given.
DEFAULT_RHO = {"rmsprop": 0.9, "adadelta": 0.95}
LOSSES = ("cross-entropy", "mse", "absolute")
PRECISIONS = ("float32", "float64", "mixed")
SCHEDULES = ("constant", "step", "cosine", "one-cycle")

#: What may differ between the jobs of one stack.
VARYING = ("lr", "momentum", "weight_decay", "dropout", "initializer", "label_noise", "epochs", "l2", "clip")

#: Settings that the first version did not have.
LATER = ("head",)

Event = dict[str, Any]
Progress = Callable[[Event], None]


@dataclass(frozen=True)
class Settings:
    """How a net is trained; the meaning of each is in `heldout.nets.classifier.NetClassifier`."""

    net: str = ""
    optimizer: str = "adam"
    lr: float | None = None
    momentum: float = 0.0
    nesterov: bool = False
    rho: float | None = None
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-7
    batch: int = 128
    epochs: int = 12
    schedule: str = "constant"
    warmup: float = 0.0
    weight_decay: float = 0.0
    l2: float = 0.0
    dropout: float | None = None
    loss: str = "cross-entropy"
    initializer: str = "glorot"
    label_smoothing: float = 0.0
    label_noise: float = 0.0
    augment: str = ""
    clip: float | None = None
    standardize: bool = False
    early_stopping: int | None = None
    history: str = "light"
    freeze: tuple[str, ...] = ()
    precision: str = "float32"
    head: str = ""

    def __post_init__(self) -> None:
        problems = [text for text in _problems(self) if text]
        if problems:
            raise SettingError("; ".join(problems), fix="see the parameters of NetClassifier")

    @property
    def rate(self) -> float:
        """Learning rate: the given one or the optimizer's own."""
        return DEFAULT_LR[self.optimizer] if self.lr is None else float(self.lr)

    @property
    def decay(self) -> float:
        """Decay of the running averages of RMSprop and Adadelta."""
        return DEFAULT_RHO.get(self.optimizer, 0.0) if self.rho is None else float(self.rho)

    def program(self) -> Settings:
        """These settings without what may differ within a stack: equal programs can be stacked."""
        plain = Settings()
        return replace(self, **{name: getattr(plain, name) for name in VARYING})


def _problems(s: Settings) -> list[str]:
    return [
        _one_of("optimizer", s.optimizer, tuple(DEFAULT_LR)),
        _one_of("loss", s.loss, LOSSES),
        _one_of("initializer", s.initializer, INITIALIZERS),
        _one_of("precision", s.precision, PRECISIONS),
        _one_of("history", s.history, ("light", "full")),
        _schedule_problem(s.schedule),
        "" if s.lr is None else _in_range("lr", s.lr, 0, 1e6, open_low=True),
        _in_range("momentum", s.momentum, 0, 1, open_high=True),
        "" if s.rho is None else _in_range("rho", s.rho, 0, 1, open_high=True),
        _in_range("beta1", s.beta1, 0, 1, open_high=True),
        _in_range("beta2", s.beta2, 0, 1, open_high=True),
        _in_range("epsilon", s.epsilon, 0, 1, open_low=True),
        _whole("batch", s.batch),
        _whole("epochs", s.epochs),
        _in_range("warmup", s.warmup, 0, 1e6),
        _in_range("weight_decay", s.weight_decay, 0, 1e6),
        _in_range("l2", s.l2, 0, 1e6),
        "" if s.dropout is None else _in_range("dropout", s.dropout, 0, 1, open_high=True),
        _in_range("label_smoothing", s.label_smoothing, 0, 1, open_high=True),
        _in_range("label_noise", s.label_noise, 0, 1),
        _augment_problem(s.augment),
        "" if s.clip is None else _in_range("clip", s.clip, 0, 1e12, open_low=True),
        "" if s.early_stopping is None else _whole("early_stopping", s.early_stopping),
    ]


def _one_of(name: str, value: object, known: tuple[str, ...]) -> str:
    if value in known:
        return ""
    from difflib import get_close_matches

    near = get_close_matches(str(value), known, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"{name}={value!r}{hint}: known are {', '.join(known)}"


def _in_range(
    name: str, value: object, low: float, high: float, *, open_low: bool = False, open_high: bool = False
) -> str:
    brackets = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return f"{name}={value!r}: a number in {brackets}"
    number = float(value)
    inside = isfinite(number) and (low < number if open_low else low <= number)
    inside = inside and (number < high if open_high else number <= high)
    return "" if inside else f"{name}={value!r} is outside {brackets}"


def _whole(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        return f"{name}={value!r}: a whole number from 1"
    return ""


def _schedule_problem(text: object) -> str:
    from heldout.nets.fit.schedules import parse_schedule

    try:
        parse_schedule(text)
    except SettingError as error:
        return error.what
    return ""


def _augment_problem(line: object) -> str:
    from heldout.augment.training import parse_augment

    try:
        parse_augment(line)
    except SettingError as error:
        return error.what
    return ""


@dataclass(frozen=True)
class Job:
    """One replicate to train: its seed, rows and settings.

    Attributes
    ----------
    seed : int
        Key of all its random draws: the same seed gives the same weights, whatever trains beside it.
    rows : int64 array
        Training rows, as positions in the data.
    validation : int64 array or None
        Rows that only measure (history, early stopping).
    settings : Settings
        Jobs of one stack agree on all but `VARYING`.
    start : mapping of str to array, or None
        First weights by name; arrays that are missing are drawn.
    """

    seed: int
    rows: np.ndarray
    settings: Settings
    validation: np.ndarray | None = None
    start: Mapping[str, np.ndarray] | None = None


@dataclass
class Trained:
    """A replicate after training.

    Attributes
    ----------
    arrays : mapping of str to float array
        Parameters and running statistics by name, and ``input.mean``, ``input.std`` if the input is standardised.
    history : list of dict
        A row per epoch.
    failed : str
        Why it failed (it diverged), or empty.
    threads : int
        Threads that computed it.
    checkpoint : str
        File that holds its end, for a resume of the whole training; empty if there is none.
    """

    arrays: dict[str, np.ndarray]
    history: list[dict[str, Any]] = field(default_factory=list)
    failed: str = ""
    threads: int = 1
    checkpoint: str = ""
