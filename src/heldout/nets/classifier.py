"""Nets as a scikit-learn classifier."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from heldout.errors import DataError, LabelError, SettingError, ShapeError, TrainingError
from heldout.lines import hint
from heldout.nets import artifact
from heldout.nets.features import NetFeatures
from heldout.nets.fit.feed import check_rows
from heldout.nets.fit.jobs import Order, checked_weights, machine_of, numeric, plain, prepare_jobs
from heldout.nets.fit.machine import describe, find_device
from heldout.nets.fit.planner import Machine, place
from heldout.nets.fit.ways import train_jobs
from heldout.nets.fitted import FittedNet
from heldout.nets.maps import ProbabilityMaps
from heldout.nets.net import Net
from heldout.nets.plan import INPUT
from heldout.nets.settings import Settings, Trained, parameters, parameters_text


class NetClassifier(ClassifierMixin, BaseEstimator):
    """A net, or the mean of several, trained from random weights.

    Rows are vectors (n, features), signals (n, length, channels) or images (n, height, width, channels). uint8 is
    divided by 255 and int16 by 32768 on the device; other types become float32.

    {parameters}

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

    def __init__(self, net: str | Sequence[str] | Net = "dense 100, relu", **settings: Any) -> None:
        self.net = net
        for one in parameters()[1:]:
            setattr(self, one.name, settings.pop(one.name, one.default))
        for name in settings:
            known = [one.name for one in parameters()]
            raise TypeError(f"NetClassifier has no parameter {name!r}{hint(name, known)}")

    if TYPE_CHECKING:  # the parameters are declared in `heldout.nets.settings`

        def __getattr__(self, name: str) -> Any: ...

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
        order = self._order()
        data, jobs = prepare_jobs(order, x, y, [(None, self.seed)], sample_weight, groups)
        machine = machine_of(order.options)
        trained = train_jobs(
            data,
            jobs,
            n_classes=len(self.classes_),
            machine=machine,
            progress=self.callback,
            should_stop=self.should_stop,
            hooks=self.hooks,
        )
        return self._accept(trained, order.settings, data.x, machine)

    def _order(self) -> Order:
        """What is to be trained, checked."""
        values = {one.name: getattr(self, one.name) for one in parameters()}
        last = self.replicates_ if self.warm_start and hasattr(self, "replicates_") else None
        return Order.of(values, self.classes_, last)

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

    def replicate_probabilities(self, x: Any, *, rows_together: int | None = None) -> np.ndarray:
        """Probabilities of each replicate, float64, (n_replicates, n_rows, n_classes).

        `rows_together` rows are computed at a time. With 1, a row's answer has the same bits whatever rows are asked
        about with it, and costs more; with more, the products of a batch may round it in another way. A single row is
        too little for more than one thread.
        """
        x = self._check_rows(x)
        return self._fitted().probabilities(x, 1 if rows_together == 1 else self.threads, rows_together)

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


def _signature() -> inspect.Signature:
    """What `NetClassifier` takes, for scikit-learn and for help: everything declared, `net` by place as well."""
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    first = inspect.Parameter("self", kinds[0])
    rest = [inspect.Parameter(one.name, kinds[n > 0], default=one.default) for n, one in enumerate(parameters())]
    return inspect.Signature([first, *rest])


NetClassifier.__init__.__signature__ = _signature()  # type: ignore[attr-defined]
NetClassifier.__doc__ = (NetClassifier.__doc__ or "").replace("    {parameters}", parameters_text("    "))
