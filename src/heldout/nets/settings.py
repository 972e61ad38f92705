"""Settings of nets, each declared once: the constructor, the checks, the docs and what files hold follow from it.

A new setting is one more field of `Settings` (how a net is made and trained; kept with the net) or `Options` (how the
training is run; not kept). The default of a new one must be what earlier versions did, since nets of theirs lack it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from heldout import settings as declared
from heldout.errors import SettingError
from heldout.nets.layers.options import INITIALIZERS
from heldout.settings import Range, Setting, setting

#: Learning rate of each optimizer where none is given, as published (Adadelta as in Zeiler 2012, no extra rate).
DEFAULT_LR = {"sgd": 0.01, "rmsprop": 0.001, "adagrad": 0.01, "adadelta": 1.0, "adam": 0.001, "adamw": 0.001}
#: Decay of the running averages where none is given.
DEFAULT_RHO = {"rmsprop": 0.9, "adadelta": 0.95}
LOSSES = ("cross-entropy", "mse", "absolute")
PRECISIONS = ("float32", "float64", "mixed")

#: What may differ between the jobs of one stack.
VARYING = ("lr", "momentum", "weight_decay", "dropout", "initializer", "label_noise", "epochs", "l2", "clip")

#: Settings that the first version did not have.
LATER = ("head",)

Event = dict[str, Any]
Progress = Callable[[Event], None]

_SHARE = Range(0, 1)
_BELOW_1 = Range(0, 1, open_high=True)
_FROM_0 = Range(0, 1e6)


def _schedule(text: Any) -> Any:
    from heldout.nets.fit.schedules import parse_schedule

    parse_schedule(text)
    return text


def _augment(line: Any) -> str:
    from heldout.augment.training import parse_augment

    return parse_augment(line)[0]


@dataclass(frozen=True)
class Settings:
    """How a net is made and trained."""

    net: str = setting("dense 100, relu", "The layers in the layer language; the output layer is implied.")
    optimizer: str = setting("adam", "Rule by which the weights change.", choices=tuple(DEFAULT_LR))
    lr: float | None = setting(
        None,
        "Learning rate.",
        within=Range(0, 1e6, open_low=True),
        unset="the optimizer's published one: 0.001; sgd and adagrad 0.01, adadelta 1",
    )
    momentum: float = setting(0.0, "Share of the last step that sgd adds to the next.", within=_BELOW_1)
    nesterov: bool = setting(False, "Momentum of sgd as Nesterov's (Sutskever et al. 2013).")
    rho: float | None = setting(
        None,
        "Decay of the running averages of rmsprop and adadelta.",
        within=_BELOW_1,
        unset="rmsprop 0.9, adadelta 0.95",
    )
    beta1: float = setting(0.9, "Decay of the mean gradient of adam and adamw.", within=_BELOW_1)
    beta2: float = setting(0.999, "Decay of the mean squared gradient of adam and adamw.", within=_BELOW_1)
    epsilon: float = setting(1e-7, "What adaptive optimizers add to the divisor.", within=Range(0, 1, open_low=True))
    batch: int = setting(
        128, "Rows a step, in a new order each epoch; the last batch has what is left.", within=Range(1)
    )
    epochs: int = setting(12, "How often the training rows are gone through.", within=Range(1))
    schedule: str = setting(
        "constant",
        "How the learning rate changes: constant, step [FACTOR=0.1] [EVERY=30], cosine or one-cycle [PEAK=0.25].",
        read=_schedule,
    )
    warmup: float = setting(0.0, "Epochs in which the learning rate first rises from 0.", within=_FROM_0)
    weight_decay: float = setting(
        0.0,
        "Each step takes lr * weight_decay of every kernel away, with any optimizer (decoupled: Loshchilov and Hutter "
        "2019).",
        within=_FROM_0,
    )
    l2: float = setting(
        0.0,
        "Adds l2 * (sum of squares of the kernels) to the loss, as in Keras (scikit-learn's alpha is 2 * batch * l2); "
        "a layer's own l2 overrules it.",
        within=_FROM_0,
    )
    dropout: float | None = setting(
        None, "Probability of every dropout layer.", within=_BELOW_1, unset="as the net says"
    )
    loss: str = setting(
        "cross-entropy", "What is minimised; mse and absolute compare probabilities with labels.", choices=LOSSES
    )
    initializer: str = setting(
        "glorot",
        "How first weights are drawn (see `heldout.nets.initializers.first_values`); a layer's own init overrules it.",
        choices=INITIALIZERS,
    )
    label_smoothing: float = setting(
        0.0, "Share of a label that is spread over all classes (Szegedy et al. 2016).", within=_BELOW_1
    )
    label_noise: float = setting(
        0.0,
        "Share of the training rows whose label is exchanged for another, to study what noise does.",
        within=_SHARE,
    )
    augment: str = setting(
        "",
        'What training rows undergo, each time anew: "flip, shift 4px, mixup 0.2" (see docs/augment-training.md).',
        read=_augment,
    )
    clip: float | None = setting(
        None, "Largest norm of a replicate's gradient.", within=Range(0, 1e12, open_low=True), unset="no limit"
    )
    standardize: bool = setting(
        False,
        "Subtract the mean and divide by the standard deviation of the training rows, by channel or feature.",
    )
    early_stopping: int | None = setting(
        None,
        "Stop a replicate after this many epochs without a lower validation loss, and keep its best weights.",
        within=Range(1),
        unset="never",
    )
    history: str = setting(
        "light",
        "full also measures the training rows in inference mode after each epoch, which takes about a third longer.",
        choices=("light", "full"),
    )
    freeze: tuple[str, ...] = setting(
        (),
        'Names of layers that keep their weights, as Net.summary shows them; "body" are all but the head.',
        unset="none",
    )
    precision: str = setting("float32", "mixed multiplies in bfloat16.", choices=PRECISIONS)
    head: str = setting(
        "", "Layers between those of net and the output layer that count as its head.", unset="the output layer alone"
    )

    def __post_init__(self) -> None:
        declared.check(self, fix="see the parameters of NetClassifier")

    @property
    def rate(self) -> float:
        """Learning rate: the given one or the optimizer's own."""
        return DEFAULT_LR[self.optimizer] if self.lr is None else float(self.lr)

    @property
    def decay(self) -> float:
        """Decay of the running averages of RMSprop and Adadelta."""
        return DEFAULT_RHO.get(self.optimizer, 0.0) if self.rho is None else float(self.rho)

    def program(self) -> tuple[Any, ...]:
        """The settings that may not differ within a stack: equal programs can be stacked."""
        return tuple(value for name, value in vars(self).items() if name not in VARYING)


@dataclass(frozen=True)
class Options:
    """How a training is run, and what it starts from."""

    validation: float | tuple[Any, Any] | None = setting(
        None,
        "Rows that only measure and are not trained on: a share of the training rows, by class (and by groups), or "
        "rows and labels.",
        metavar="number between 0 and 1, or (x, y)",
        unset="none",
    )
    class_weight: Mapping[Any, float] | str | None = setting(
        None,
        "Weight of each class in the loss; weights are scaled to mean 1.",
        metavar="dict, or 'balanced'",
        unset="all alike",
    )
    replicates: int = setting(
        1, "Nets trained from different seeds; probabilities are averaged over them.", within=Range(1)
    )
    warm_start: bool = setting(
        False,
        "Begin fit with the weights of the last one (a new output layer if the classes changed; a fresh optimizer).",
    )
    start: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = setting(
        None,
        "First weights by name, as weights() gives them, or a list of them for the replicates in turn.",
        metavar="dict, or list of dict",
        unset="all are drawn",
    )
    device: str = setting("auto", "Where it computes: auto, cpu, cuda, cuda:1 or mps.")
    threads: int | None = setting(
        None,
        "Threads on the CPU; the same number gives the same bits.",
        within=Range(1),
        unset="by the size of a step: 1 for small nets, 2 for larger ones",
    )
    checkpoint: str | Path | None = setting(
        None,
        "Folder in which fit keeps its state; after an interruption, fit with the same data and settings goes on from "
        "there to the same bits.",
        metavar="path",
        unset="nothing is kept",
    )
    checkpoint_seconds: float = setting(60.0, "Seconds between two writings of it.", within=Range(0))
    seed: int = setting(0, "Same seed, same data, same machine: same weights, bit for bit.", within=Range(0))
    callback: Progress | None = setting(
        None, "Gets a dict of progress after each epoch, and now and then in between.", metavar="callable", unset="none"
    )
    should_stop: Callable[[], bool] | None = setting(
        None,
        "Asked before each batch; True ends fit with TrainingStopped.",
        metavar="callable",
        unset="none",
    )

    hooks: Sequence[Any] = setting(
        (),
        "Objects that act within the steps of training: see `heldout.nets.fit.hooks.Hook`.",
        metavar="list of Hook",
        unset="none",
    )

    def __post_init__(self) -> None:
        plain = [one for one in declared.settings_of(self) if not one.metavar]
        found = [text for one in plain if (text := one.problem(getattr(self, one.name)))]
        if found:
            raise SettingError("; ".join(found), fix="see the parameters of NetClassifier")


def parameters() -> tuple[Setting, ...]:
    """Everything that `NetClassifier` takes: `Settings`, then `Options`."""
    return (*declared.settings_of(Settings), *declared.settings_of(Options))


def rows_of_table() -> list[tuple[str, str, str, str]]:
    """Name, values, default and meaning of each parameter, for the docs."""
    return [(one.name, one.metavar or one.values_text, one.default_text, one.help) for one in parameters()]


def parameters_text(indent: str) -> str:
    """The parameters as a section of a docstring."""
    lines = [f"{indent}Parameters", f"{indent}----------"]
    for one in parameters():
        default = f"default={one.default!r}" if one.default is not None else "optional"
        values = "{" + ", ".join(map(repr, one.choices)) + "}" if one.choices else one.metavar or one.values_text
        lines.append(f"{indent}{one.name} : {values}, {default}")
        unset = f" Otherwise {one.unset}." if one.unset and one.default is None else ""
        lines += wrap(one.help + unset, 116, initial_indent=f"{indent}    ", subsequent_indent=f"{indent}    ")
    return "\n".join(lines)


@dataclass(frozen=True)
class Job:
    """One replicate to train: its seed, rows and settings.

    Attributes
    ----------
    seed : int
        Key of all its random draws: the same seed gives the same weights, whatever else is in the stack.
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
