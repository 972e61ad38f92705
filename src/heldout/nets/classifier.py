"""Nets as a scikit-learn classifier."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from heldout.errors import DataError, LabelError, SettingError, ShapeError, TrainingError
from heldout.nets import artifact
from heldout.nets.features import NetFeatures
from heldout.nets.fit.feed import check_rows
from heldout.nets.fit.jobs import checked_weights, machine_of, numeric, plain, prepare_jobs
from heldout.nets.fit.machine import describe, find_device
from heldout.nets.fit.planner import Machine, place
from heldout.nets.fit.ways import train_jobs
from heldout.nets.fitted import FittedNet
from heldout.nets.maps import ProbabilityMaps
from heldout.nets.net import Net
from heldout.nets.plan import INPUT
from heldout.nets.settings import Progress, Settings, Trained


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
    start : mapping of str to array, or list of them, optional
        First weights by name, as `weights` gives them, for every replicate or for the replicates in turn; arrays that
        are not given are drawn.
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
        start: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
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
        self.start = start
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
        x = self._check_rows(x)
        return self._fitted().probabilities(x, self.threads)

    def _fitted(self) -> FittedNet:
        """The net, ready to compute on the device."""
        check_is_fitted(self, "replicates_")
        device = find_device(self.device)
        if str(device) not in self._cache:
            settings = self.settings_
            made = FittedNet(self.plan_, self.replicates_, self.input_dtype_, settings.precision, device)
            self._cache[str(device)] = made
        return self._cache[str(device)]

    def _check_rows(self, x: Any) -> np.ndarray:
        """Rows of the shape and kind of training."""
        check_is_fitted(self, "replicates_")
        if len(self.shape_) == 1:
            x = validate_data(self, x, reset=False, dtype="numeric", ensure_all_finite=False)
        else:
            x = check_array(x, dtype="numeric", allow_nd=True, ensure_all_finite=False)
        if tuple(x.shape[1:]) != self.shape_:
            raise ShapeError(
                f"rows of shape {tuple(x.shape[1:])}, but the net was trained on {self.shape_}",
                fix="resize or resample the rows to the shape of training",
            )
        return self._check_values(x)

    def _check_values(self, x: Any) -> np.ndarray:
        """Rows of the kind of training, finite."""
        x = numeric(check_array(x, dtype="numeric", allow_nd=True, ensure_all_finite=False))
        if (x.dtype.kind == "f") != (self.input_dtype_[0] == "f"):
            raise DataError(
                f"rows are {x.dtype}, but the net was trained on {self.input_dtype_}",
                fix=f"x.astype({self.input_dtype_!r}) in the scale of training",
            )
        check_rows(x)
        return x

    # Opened

    def outputs(
        self, x: Any, layers: str | Sequence[str], *, replicate: int | None = None
    ) -> np.ndarray | dict[str, np.ndarray]:
        """What layers give for rows, in inference mode.

        Parameters
        ----------
        x : array, shape (n_rows, ...)
            As in `predict`.
        layers : str, or sequence of str
            Names as `Net.summary` shows them: ``"dense 1"``, ``"residual 1 conv 2"``; ``"input"`` is what the first
            layer gets (the rows, scaled and standardised), ``"output"`` comes before the softmax.
        replicate : int, optional
            Which of the replicates; all, if not given.

        Returns
        -------
        array (n_replicates, n_rows, *shape), or (n_rows, *shape) with `replicate`; float32 (float64 with that
        precision). Images are (height, width, channels), signals (length, channels). For a sequence of names, a dict.

        Raises
        ------
        SettingError
            If there is no such layer or replicate.
        """
        x = self._check_rows(x)
        names = [layers] if isinstance(layers, str) else list(layers)
        known = {name: name if name == INPUT else self.plan_.find(name).name for name in names}
        chosen = slice(None) if replicate is None else self._replicate(replicate)
        found = self._fitted().outputs(x, list(dict.fromkeys(known.values())), self.threads)
        arrays = {name: found[known[name]][chosen] for name in names}
        return arrays[layers] if isinstance(layers, str) else arrays

    def without_head(self, layer: str | None = None, *, replicate: int | None = None) -> NetFeatures:
        """The net up to a layer, as a transformer of rows to features.

        Parameters
        ----------
        layer : str, optional
            The last layer of the body, if not given.
        replicate : int, optional
            Which replicate's features; those of all side by side, if not given.
        """
        check_is_fitted(self, "replicates_")
        body = self.plan_.body
        name = layer or (body[-1].name if body else INPUT)
        if replicate is not None:
            self._replicate(replicate)
        return NetFeatures(self, name if name == INPUT else self.plan_.find(name).name, replicate)

    def with_head(self, head: str | Sequence[str] = "", *, after: str | None = None) -> NetClassifier:
        """A classifier that begins with the weights of this one, and has another head.

        It is not fitted. `fit` trains all of it, or only its head after ``set_params(freeze="body")``. Its other
        parameters are those of this one, but for `freeze` and `warm_start`.

        Parameters
        ----------
        head : str or list of str
            Layers between the body and the new output layer.
        after : str, optional
            Name of the layer after which the body ends; all later ones are dropped.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> x, y = load_iris(return_X_y=True)
        >>> two = NetClassifier("dense 16, relu, dense 8, relu", epochs=5).fit(x, y).with_head(after="relu 1")
        >>> two.set_params(freeze="body", epochs=3).fit(x, y > 0).plan_.names
        ('dense 1', 'relu 1', 'output')
        """
        check_is_fitted(self, "replicates_")
        net = Net(self.settings_.net)
        if after is not None:
            net = net.cut(self.plan_.find(after).name)
        kept = {p.name for p in net.parameters(self.shape_)}
        start = [
            {name: array for name, array in arrays.items() if name in kept or name.startswith(f"{INPUT}.")}
            for arrays in self.replicates_
        ]
        head = Net("", head).head
        made: NetClassifier = clone(self)
        return made.set_params(net=net.spec, head=head, start=start, freeze=(), warm_start=False)

    def convolutional(self) -> ProbabilityMaps:
        """The net in convolutional form: on images larger than those of training it gives maps of probabilities.

        Raises
        ------
        SettingError
            If the net reads vectors, or a layer has no such form.
        """
        net = self._fitted()
        return ProbabilityMaps(net, self.classes_, self._check_values, self.threads)

    def torch_module(self, replicate: int = 0) -> Any:
        """One replicate as a plain `torch.nn.Module` with copies of the weights, in evaluation mode on the CPU.

        It takes rows as `predict` does (bytes as bytes), but with channels first, as tensors (n, channels, height,
        width), (n, channels, length) or (n, features), and gives what comes before the softmax, equal to this net's
        to float tolerance. Its parts have the names of the layers: ``module.get_submodule("conv 1")``,
        ``"residual 1.body.conv 2"``; ``"input"`` scales and standardises.
        """
        self._replicate(replicate)
        return self._fitted().module(replicate)

    def weights(self, replicate: int = 0) -> dict[str, np.ndarray]:
        """Copies of the arrays of a replicate by layer and role, such as ``conv 1.kernel``.

        Kernels of convolutions are (filters, height, width, channels), of dense layers (units, inputs); ``bias``,
        ``scale``, ``shift``, ``mean`` and ``variance`` have a value a channel. Of a standardised input there are also
        ``input.mean`` and ``input.std``.
        """
        check_is_fitted(self, "replicates_")
        return {name: array.copy() for name, array in self.replicates_[self._replicate(replicate)].items()}

    def set_weights(self, weights: Mapping[str, Any], replicate: int = 0) -> Self:
        """Replace arrays of a replicate by name; those that are not given stay.

        Raises
        ------
        SettingError
            If there is no array of a name, or its shape differs, or a value is not finite.
        """
        check_is_fitted(self, "replicates_")
        arrays = self.replicates_[self._replicate(replicate)]
        changed = checked_weights(weights, {name: array.shape for name, array in arrays.items()})
        arrays.update({name: array.astype(arrays[name].dtype) for name, array in changed.items()})
        self._cache = {}
        return self

    def _replicate(self, number: int) -> int:
        check_is_fitted(self, "replicates_")
        n = len(self.replicates_)
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < n:
            raise SettingError(f"replicate={number!r}", fix=f"a whole number from 0 to {n - 1}, as there are {n}")
        return int(number)

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
