"""From a classifier's parameters and data to the jobs that train it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from heldout.augment.training import parse_augment
from heldout.errors import LabelError, SettingError, ShapeError
from heldout.lines import hint
from heldout.nets.fit.feed import check_rows
from heldout.nets.fit.machine import find_device
from heldout.nets.fit.parts import hold_out, row_weights
from heldout.nets.fit.planner import Data, Machine, place
from heldout.nets.fit.streams import replicate_key
from heldout.nets.net import Net
from heldout.nets.plan import OUTPUT, Plan
from heldout.nets.settings import Job, Options, Settings

_INPUT_KINDS = ("uint8", "int16", "float32", "float64")


@dataclass(frozen=True)
class Order:
    """What a classifier is to train.

    Attributes
    ----------
    settings : Settings
    options : Options
    classes : array, shape (n_classes,)
        The labels, sorted.
    last : sequence of mapping, or None
        Weights of the last training, for a warm start.
    """

    settings: Settings
    options: Options
    classes: np.ndarray
    last: Sequence[Mapping[str, np.ndarray]] | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any], classes: np.ndarray, last: Any = None) -> Order:
        """From the parameters of a classifier as they were given.

        Raises
        ------
        SettingError
            Naming all that are not possible.
        """
        values = {name: plain(value) for name, value in values.items()}
        net, freeze = Net(values["net"], values["head"]), values["freeze"]
        values |= {"net": net.spec, "head": net.head, "augment": parse_augment(values["augment"])[0]}
        values["freeze"] = (freeze,) if isinstance(freeze, str) else tuple(str(name) for name in freeze)
        made: dict[Any, Any] = {}
        wrong: list[SettingError] = []
        for record in (Settings, Options):
            try:
                made[record] = record(**{f.name: values[f.name] for f in fields(record)})
            except SettingError as error:
                wrong.append(error)
        if wrong:
            raise SettingError("; ".join(error.what for error in wrong), fix=wrong[0].fix)
        settings, options = made[Settings], made[Options]
        if settings.early_stopping is not None and options.validation is None:
            raise SettingError("early_stopping needs validation rows", fix="validation=0.1, or validation=(x, y)")
        return cls(settings, options, classes, last)


def machine_of(options: Options) -> Machine:
    """Where a classifier trains.

    Raises
    ------
    SettingError
        If the device is not there, or the folder for checkpoints cannot be made.
    """
    folder = options.checkpoint
    if folder is not None:
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(
                f"checkpoint={str(folder)!r}: {error}", fix="name a folder that can be written"
            ) from error
    place = None if folder is None else Path(folder)
    return Machine(find_device(options.device), options.threads, place, options.checkpoint_seconds)


def prepare_jobs(
    order: Order,
    x: np.ndarray,
    labels: np.ndarray,
    parts: Sequence[tuple[np.ndarray | None, int]],
    sample_weight: Any = None,
    groups: Any = None,
) -> tuple[Data, list[Job]]:
    """Jobs of a classifier for parts of the data: `replicates` jobs for each (rows, seed); rows None means all."""
    settings, options = order.settings, order.options
    plan = place(settings, tuple(x.shape[1:]), len(order.classes))
    parse_augment(settings.augment, tuple(x.shape[1:]))
    weights = row_weights(labels, order.classes, options.class_weight, sample_weight)
    given = options.validation
    share = float(given) if isinstance(given, int | float) and not isinstance(given, bool) else None
    outside = None if given is None or share is not None else _outside(order.classes, given, x)
    jobs = []
    start = _start(order, plan)
    for rows, seed in parts:
        training = np.arange(len(labels)) if rows is None else np.asarray(rows, np.int64)
        validation = None
        if share is not None:
            training, validation = hold_out(training, labels, share, seed, groups)
        elif outside is not None:
            validation = outside[2]
        for r in range(options.replicates):
            first = start[r % len(start)] if start else None
            jobs.append(Job(replicate_key(seed, r), training, settings, validation, first))
    validation_x, validation_labels = (None, None) if outside is None else outside[:2]
    return Data(x, labels, weights, validation_x, validation_labels), jobs


def _outside(classes: np.ndarray, given: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Validation rows that were given, with labels as class numbers."""
    if not isinstance(given, tuple) or len(given) != 2:
        raise SettingError(f"validation={type(given).__name__}", fix="a share such as 0.1, or a pair (x, y)")
    rows = numeric(check_array(given[0], dtype="numeric", allow_nd=True, ensure_all_finite=False))
    check_rows(rows, where="validation x")
    if rows.shape[1:] != x.shape[1:] or (rows.dtype.kind == "f") != (x.dtype.kind == "f") or len(rows) != len(given[1]):
        raise ShapeError(
            f"validation rows are {rows.dtype} {rows.shape} with {len(given[1])} labels, "
            f"training rows {x.dtype} {x.shape}",
            fix="give validation rows of the same kind",
        )
    unknown = sorted(set(np.asarray(given[1]).tolist()) - set(classes.tolist()), key=str)
    if unknown:
        raise LabelError(f"validation labels {unknown[:3]} do not occur in training", fix="drop these rows")
    numbers = np.asarray(np.searchsorted(classes, given[1]), dtype=np.int64)
    return rows, numbers, np.arange(len(rows))


def _start(order: Order, plan: Plan) -> list[dict[str, np.ndarray]]:
    """First weights that do not have to be drawn: those of the last training, or those that were given."""
    wanted = {p.name: p.shape for p in plan.parameters}
    inputs = {f"input.{name}": plan.shape[-1:] for name in ("mean", "std")} if order.settings.standardize else {}
    if order.last is None:
        given = order.options.start
        sets = [] if given is None else [given] if isinstance(given, Mapping) else list(given)
        return [checked_weights(one, wanted | inputs, where="start") for one in sets]
    last = [{name: a for name, a in one.items() if (wanted | inputs).get(name) == a.shape} for one in order.last]
    lost = [name for name in wanted if name not in last[0] and not name.startswith(f"{OUTPUT}.")]
    if lost:
        raise SettingError(
            f"warm_start: the net or the rows' shape changed, {lost[0]} does not fit", fix="warm_start=False"
        )
    return last


def checked_weights(
    weights: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], *, where: str = "weights"
) -> dict[str, np.ndarray]:
    """Weights by name as finite float arrays of the shapes that they must have.

    Raises
    ------
    SettingError
        For an unknown name, another shape, or a value that is not finite, or impossible for a variance.
    """
    if not isinstance(weights, Mapping):
        raise SettingError(f"{where} is {type(weights).__name__}, not a mapping", fix='{"conv 1.kernel": array}')
    found = {}
    for name, values in weights.items():
        if name not in shapes:
            problem = f"the net has no array {name!r}{hint(str(name), shapes)}"
            raise SettingError(problem, where=where, fix=f"arrays: {', '.join(shapes)}")
        array = np.array(values)
        if array.shape != shapes[name] or array.dtype.kind not in "fiu":
            problem = f"{name} is {array.dtype} {array.shape}, and has to be numbers of shape {shapes[name]}"
            raise SettingError(problem, where=where, fix="weights of the same layer")
        low = {"variance": 0.0, "std": np.finfo(np.float32).tiny}.get(name.rpartition(".")[2], -np.inf)
        if not np.isfinite(array).all() or (array < low).any():
            raise SettingError(f"{name} holds a value that is not possible", where=where, fix="finite numbers")
        found[name] = array
    return found


def numeric(x: Any) -> np.ndarray:
    """The array as it is if its type is one that batches are made from, else as float32 (float64 stays)."""
    if str(x.dtype) in _INPUT_KINDS:
        return x
    return x.astype(np.float32)


def plain(value: Any) -> Any:
    """Python's own number in place of NumPy's."""
    return value.item() if isinstance(value, np.generic) else value
