"""Nets as a scikit-learn classifier."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from heldout.errors import DataError, LabelError, ShapeError, TrainingError
from heldout.nets import artifact
from heldout.nets.fit.feed import Feed, Standardizer, check_rows
from heldout.nets.fit.jobs import machine_of, numeric, plain, prepare_jobs
from heldout.nets.fit.machine import DTYPES, describe, find_device, sum_dtype, use_threads
from heldout.nets.fit.measure import infer, rows_per_batch, widest
from heldout.nets.fit.planner import Machine, has_convolutions, place
from heldout.nets.fit.ways import train_jobs
from heldout.nets.net import Net
from heldout.nets.settings import Progress, Settings, Trained
from heldout.nets.stack import Stack

_INPUT_KINDS = ("uint8", "int16", "float32", "float64")


class NetClassifier(ClassifierMixin, BaseEstimator):
    """A net, or the mean of several, trained from random weights.

    Rows are vectors (n, features), signals (n, length, channels) or images (n, height, width, channels). uint8 is
    divided by 255 and int16 by 32768 on the device; other types become float32.

    Parameters
    ----------
    net : str, list of str or Net
        The layers in the layer language; the output layer is implied.
    head : str or list of str
        Layers between those and the output layer that count as its head (see `heldout.nets.net.Net`).
    optimizer : {'adam', 'adamw', 'sgd', 'rmsprop', 'adagrad', 'adadelta'}
    lr : float, optional
        Learning rate; the optimizer's published one if not given (0.001; sgd and adagrad 0.01, adadelta 1).
    momentum, nesterov
        Of sgd.
    rho : float, optional
        Decay of rmsprop (0.9) and adadelta (0.95).
    beta1, beta2, epsilon
        Of adam and adamw; epsilon of all adaptive optimizers.
    batch : int
        Rows a step. The last batch of an epoch has what is left; rows are drawn in a new order each epoch.
    epochs : int
    schedule : str
        ``constant``, ``step [FACTOR=0.1] [EVERY=30]``, ``cosine`` or ``one-cycle [PEAK=0.25]``.
    warmup : float
        Epochs in which the learning rate first rises from 0.
    weight_decay : float
        Each step takes lr * weight_decay of every kernel away, with any optimizer (decoupled: Loshchilov and Hutter
        2019). Biases and norms are spared.
    l2 : float
        Adds l2 * (sum of squares of the kernels) to the loss (Keras's meaning; scikit-learn's alpha is
        2 * batch * l2). A layer's own ``l2`` in the net overrules it.
    dropout : float, optional
        Overrules the probability of every dropout layer.
    loss : {'cross-entropy', 'mse', 'absolute'}
    initializer : {'glorot', 'glorot-biases', 'he', 'xavier', 'small-uniform', 'small-gaussian'}
        See `heldout.nets.initializers.first_values`. A layer's own ``init`` overrules it.
    label_smoothing : float
    label_noise : float
        Share of the training rows whose label is exchanged for another (to study what noise does).
    augment : str
        What training rows undergo, each time anew: ``"flip, shift 4px, mixup 0.2"``. Validation rows stay as they are.
        Images: flip, shift, rotate, brightness, contrast, erase, mixup, cutmix; spectrograms: also timeshift,
        stretch, pitch, specaugment, noise, gain; signals: flip, shift, erase, timeshift, noise, gain, mixup, cutmix;
        vectors: mixup. See `heldout.augment.operations`.
    class_weight : dict or 'balanced', optional
        Weight of each class in the loss. Weights are scaled to mean 1.
    clip : float, optional
        Largest norm of a replicate's gradient.
    standardize : bool
        Subtract the mean and divide by the standard deviation of the training rows, by channel (vectors: by feature).
    validation : float or (x, y), optional
        Rows that only measure: a share of the training rows, by class (and by `groups`, if given to `fit`), or rows
        given. They are not trained on.
    early_stopping : int, optional
        Stop a replicate after this many epochs without a lower validation loss, and keep its best weights.
    history : {'light', 'full'}
        ``full`` also computes loss and error on the training rows in inference mode after each epoch, so that they
        compare with those on the validation rows; this costs about a third more time.
    replicates : int
        Nets trained from different seeds; probabilities are averaged over them.
    warm_start : bool
        Begin `fit` with the weights of the last one (a new output layer if the classes changed; a fresh optimizer).
    freeze : sequence of str
        Names of layers that keep their weights, as `Net.summary` shows them: ``("conv 1", "dense 2")``; ``"body"`` are
        all but the head.
    precision : {'float32', 'float64', 'mixed'}
        ``mixed`` multiplies in bfloat16.
    device : {'auto', 'cpu', 'cuda', 'cuda:1', 'mps'}
    threads : int, optional
        Threads on the CPU (all cores if not given). The same number gives the same bits.
    checkpoint : path, optional
        Folder in which `fit` keeps its state. After an interruption, `fit` with the same data and settings goes on
        from there and ends with the same bits (on the same machine); files of finished trainings are removed.
    checkpoint_seconds : float
        Time between two writings.
    seed : int
        Same seed, same data, same machine: same weights, bit for bit.
    callback : callable, optional
        Gets a dict of progress after each epoch, and now and then in between.
    should_stop : callable, optional
        Asked before each batch; True ends `fit` with `TrainingStopped`.

    Attributes
    ----------
    classes_ : array of the labels
    history_ : list of dict
        A row per replicate and epoch: ``replicate``, ``epoch``, ``loss`` (running mean, dropout on), and
        ``validation_loss``, ``validation_error``, ``train_loss``, ``train_error`` where computed.
    plan_ : Plan
        The layers in their places (see `heldout.nets.plan.Plan`).
    n_parameters_ : int
        Of one replicate.
    replicates_ : list of dict of arrays
        Weights of each replicate by name.
    failed_ : list of str
        For each replicate, why it failed; empty if it did not. Failed replicates take no part in predictions.
    machine_ : dict
        Device, threads and PyTorch version of the training.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> x, y = load_iris(return_X_y=True)
    >>> clf = NetClassifier("dense 16, relu", epochs=40, batch=16, lr=0.01, standardize=True).fit(x, y)
    >>> bool(clf.score(x, y) > 0.9)
    True
    """

    def __init__(
        self,
        net: str | Sequence[str] | Net = "dense 100, relu",
        *,
        head: str | Sequence[str] = "",
        optimizer: str = "adam",
        lr: float | None = None,
        momentum: float = 0.0,
        nesterov: bool = False,
        rho: float | None = None,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-7,
        batch: int = 128,
        epochs: int = 12,
        schedule: str = "constant",
        warmup: float = 0.0,
        weight_decay: float = 0.0,
        l2: float = 0.0,
        dropout: float | None = None,
        loss: str = "cross-entropy",
        initializer: str = "glorot",
        label_smoothing: float = 0.0,
        label_noise: float = 0.0,
        augment: str = "",
        class_weight: Mapping[Any, float] | str | None = None,
        clip: float | None = None,
        standardize: bool = False,
        validation: float | tuple[Any, Any] | None = None,
        early_stopping: int | None = None,
        history: str = "light",
        replicates: int = 1,
        warm_start: bool = False,
        freeze: Sequence[str] = (),
        precision: str = "float32",
        device: str = "auto",
        threads: int | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_seconds: float = 60.0,
        seed: int = 0,
        callback: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self.net = net
        self.head = head
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.nesterov = nesterov
        self.rho = rho
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.batch = batch
        self.epochs = epochs
        self.schedule = schedule
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.l2 = l2
        self.dropout = dropout
        self.loss = loss
        self.initializer = initializer
        self.label_smoothing = label_smoothing
        self.label_noise = label_noise
        self.augment = augment
        self.class_weight = class_weight
        self.clip = clip
        self.standardize = standardize
        self.validation = validation
        self.early_stopping = early_stopping
        self.history = history
        self.replicates = replicates
        self.warm_start = warm_start
        self.freeze = freeze
        self.precision = precision
        self.device = device
        self.threads = threads
        self.checkpoint = checkpoint
        self.checkpoint_seconds = checkpoint_seconds
        self.seed = seed
        self.callback = callback
        self.should_stop = should_stop

    # Training

    def fit(self, x: Any, y: Any, sample_weight: Any = None, *, groups: Any = None) -> Self:
        """Train on rows and labels.

        Parameters
        ----------
        x : array, shape (n_rows, features), (n_rows, length, channels) or (n_rows, height, width, channels)
        y : array of labels, shape (n_rows,)
        sample_weight : array, shape (n_rows,), optional
            Weight of each row in the loss; scaled to mean 1.
        groups : array, shape (n_rows,), optional
            Rows of one group stay together when `validation` is a share.

        Raises
        ------
        SettingError, DataError, LabelError
            If the settings or the data are not possible.
        TrainingError
            If every replicate diverged.
        """
        x, y = self._check_training(x, y)
        data, jobs, settings = prepare_jobs(self, x, y, [(None, self.seed)], sample_weight, groups)
        machine = machine_of(self)
        trained = train_jobs(
            data,
            jobs,
            n_classes=len(self.classes_),
            machine=machine,
            progress=self.callback,
            should_stop=self.should_stop,
        )
        return self._accept(trained, settings, data.x, machine)

    def _check_training(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        x, y = validate_data(self, x, y, dtype="numeric", allow_nd=True, ensure_all_finite=False, ensure_min_samples=1)
        x = numeric(x)
        check_rows(x)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            only = self.classes_.tolist()[0]
            raise LabelError(
                f"Classifier can't train when only one class is present: all {len(y)} rows are {only!r}",
                fix="give rows of at least two classes",
            )
        return x, numbers.astype(np.int64)

    def _accept(self, trained: Sequence[Trained], settings: Settings, x: np.ndarray, machine: Machine) -> Self:
        """Take over what was trained."""
        self.failed_ = [t.failed for t in trained]
        self.history_ = [{"replicate": r, **row} for r, t in enumerate(trained) for row in t.history]
        good = [t for t in trained if not t.failed]
        if not good:
            raise TrainingError(
                f"all {len(trained)} replicates diverged; the first {trained[0].failed}",
                fix=f"a smaller learning rate (lr={settings.rate / 10:g}), clip=1.0, or standardize=True",
            )
        if len(good) < len(trained):
            first = next(t.failed for t in trained if t.failed)
            warnings.warn(
                f"{len(trained) - len(good)} of {len(trained)} replicates failed and are left out; the first {first}",
                stacklevel=3,
            )
        self.replicates_ = [t.arrays for t in good]
        self._set_form(settings, tuple(x.shape[1:]), str(x.dtype))
        self.machine_ = describe(machine.device, trained[0].threads)
        return self

    def _set_form(self, settings: Settings, shape: tuple[int, ...], input_dtype: str) -> None:
        self.settings_, self.shape_, self.input_dtype_ = settings, shape, input_dtype
        self.plan_ = place(settings, shape, len(self.classes_))
        self.n_parameters_ = sum(p.size for p in self.plan_.parameters)
        self.n_features_in_ = shape[0]
        self._cache: dict[str, Any] = {}  # nets ready to compute, by device

    # Prediction

    def predict_proba(self, x: Any) -> np.ndarray:
        """Probabilities: the mean over the replicates, (n_rows, n_classes); rows in inference mode."""
        return self.replicate_probabilities(x).mean(0)

    def predict(self, x: Any) -> np.ndarray:
        """Most probable class of each row."""
        best = self.predict_proba(x).argmax(1)
        return self.classes_[best]

    def replicate_probabilities(self, x: Any) -> np.ndarray:
        """Probabilities of each replicate, float64, (n_replicates, n_rows, n_classes)."""
        check_is_fitted(self, "replicates_")
        x = self._check_rows(x)
        stacks, device = self._stacks()
        feed = Feed(x, None, None, device, DTYPES[self.settings_.precision])
        parts = []
        with use_threads(self.threads), torch.inference_mode():
            for stack, standardizer in stacks:
                size = rows_per_batch(widest(stack), stack.n_replicates)
                found = [
                    torch.softmax(
                        infer(stack, feed, rows[None], standardizer, self._context(device)).to(sum_dtype(device)), -1
                    ).cpu()
                    for rows in torch.arange(len(x)).to(device).split(size)
                ]
                parts.append(torch.cat(found, 1))
        return torch.cat(parts).to(torch.float64).numpy()

    def _context(self, device: torch.device) -> Any:
        mixed = self.settings_.precision == "mixed"
        return torch.autocast(device.type, dtype=torch.bfloat16) if mixed else nullcontext()

    def _stacks(self) -> tuple[list[tuple[Stack, Standardizer | None]], torch.device]:
        """The net, ready to compute: all replicates at once, or one after the other where that is faster."""
        device = find_device(self.device)
        if str(device) in self._cache:
            return self._cache[str(device)], device
        plan = self.plan_
        together = device.type != "cpu" or not has_convolutions(plan)
        sets = [self.replicates_] if together else [[arrays] for arrays in self.replicates_]
        dtype = DTYPES[self.settings_.precision]
        stacks = []
        for arrays in sets:
            stack = Stack(plan, len(arrays), device, dtype)
            for number, one in enumerate(arrays):
                stack.load(number, one)
            stacks.append((stack, _standardizer(arrays, device, dtype)))
        self._cache[str(device)] = stacks
        return stacks, device

    def _check_rows(self, x: Any) -> np.ndarray:
        if len(self.shape_) == 1:
            x = validate_data(self, x, reset=False, dtype="numeric", ensure_all_finite=False)
        else:
            x = check_array(x, dtype="numeric", allow_nd=True, ensure_all_finite=False)
        x = numeric(x)
        if tuple(x.shape[1:]) != self.shape_:
            raise ShapeError(
                f"rows of shape {tuple(x.shape[1:])}, but the net was trained on {self.shape_}",
                fix="bring the rows to the shape of training",
            )
        if (x.dtype.kind == "f") != (self.input_dtype_[0] == "f"):
            raise DataError(
                f"rows are {x.dtype}, but the net was trained on {self.input_dtype_}",
                fix=f"x.astype({self.input_dtype_!r}) in the scale of training",
            )
        check_rows(x)
        return x

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        return {**state, "_cache": {}} if "_cache" in state else state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # As data

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Everything that prediction needs, as plain JSON and arrays (named ``<replicate>/<array>``)."""
        check_is_fitted(self, "replicates_")
        labels = self.classes_.tolist()
        settings = asdict(self.settings_)
        meta = {
            "schema": artifact.SCHEMA,
            "settings": {k: plain(v) for k, v in {**settings, "freeze": list(settings["freeze"])}.items()},
            "shape": [int(n) for n in self.shape_],
            "input_dtype": self.input_dtype_,
            "classes": labels,
            "class_kind": type(labels[0]).__name__,
            "replicates": len(self.replicates_),
            "machine": self.machine_,
        }
        return artifact.pack(meta, self.replicates_)

    @classmethod
    def from_arrays(cls, meta: Any, arrays: Mapping[str, np.ndarray]) -> NetClassifier:
        """The classifier that `to_arrays` described; predictions are equal bit for bit.

        Raises
        ------
        heldout.errors.ArtifactError
            If anything differs from what the net's text asks for.
        """
        settings, shape, classes, replicates = artifact.unpack(meta, arrays)
        made = cls(replicates=len(replicates), **settings)
        kind = {"str": str, "int": np.int64, "bool": bool, "float": np.float64}[meta["class_kind"]]
        made.classes_ = np.array(classes, dtype=kind)
        made.replicates_, made.failed_, made.history_ = replicates, [""] * len(replicates), []
        made.machine_ = meta["machine"]
        made._set_form(Settings(**settings), shape, meta["input_dtype"])
        return made


def _standardizer(arrays: Sequence[Mapping[str, np.ndarray]], device: torch.device, dtype: Any) -> Standardizer | None:
    if "input.mean" not in arrays[0]:
        return None
    mean, std = (np.stack([a[f"input.{name}"] for a in arrays]) for name in ("mean", "std"))
    return Standardizer(*(torch.from_numpy(a).to(device, dtype) for a in (mean, std)))
