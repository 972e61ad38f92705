"""A fitted net in convolutional form: on images larger than those of its training it gives a map of probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from heldout.errors import SettingError, ShapeError
from heldout.nets.fitted import FittedNet
from heldout.nets.layers.base import Shape
from heldout.nets.layers.placing import spread_all
from heldout.nets.plan import Plan


class ProbabilityMaps:
    """The same net, with convolutions in place of its dense layers (Long, Shelhamer, Darrell 2015, section 3.1).

    Each position of the map holds the probabilities of the part of the image that begins `stride` times the position
    from the top left, and is as large as the images of training (`window`). They equal those of the classifier on that
    part, to float tolerance, if no convolution or pool is ``same``: zeros at the edges of a part are image within it.
    The last part may reach beyond the image by what the strides of the net leave over.

    Parameters
    ----------
    net : FittedNet
        For rows of the trained shape.
    classes : array, shape (n_classes,)
    check : callable
        Turns rows into an array of a type that the net takes, and refuses others.
    threads : int, optional

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
    window : tuple of int
        Size of the trained images (of signals: their length).
    stride : tuple of int
        Positions of the image from one position of the map to the next.
    """

    def __init__(
        self, net: FittedNet, classes: np.ndarray, check: Callable[[Any], np.ndarray], threads: int | None = None
    ) -> None:
        shape = net.plan.shape
        if len(shape) == 1:
            raise SettingError(
                f"a net of vectors of {shape[0]} has no form for larger images",
                fix="train on images (n, height, width, channels), with 'flatten' in the net",
            )
        self.net, self.classes_, self.window = net, classes, shape[:-1]
        self._check, self._threads = check, threads
        self._cache: dict[Shape, FittedNet] = {}
        self.stride = net.plan.describe()[-1].stride
        self._at(shape)  # refuses now what has no such form

    def predict_proba(self, x: Any) -> np.ndarray:
        """Maps of probabilities: the mean over the replicates, float64.

        Parameters
        ----------
        x : array, shape (n_rows, height, width, channels) or (n_rows, length, channels)
            At least as large as the images of training, of the same type and scale.

        Returns
        -------
        (n_rows, height of the map, width of the map, n_classes), or (n_rows, length of the map, n_classes)

        Raises
        ------
        ShapeError
            If the images are smaller than those of training, or have other channels.
        """
        x = self._check(x)
        shape, trained = tuple(x.shape[1:]), self.net.plan.shape
        is_large = len(shape) == len(trained) and all(n >= m for n, m in zip(shape, trained, strict=True))
        if not is_large or shape[-1] != trained[-1]:
            raise ShapeError(
                f"images of shape {shape}, but the net was trained on {trained}",
                fix="images of at least this size, with as many channels",
            )
        return self._at(shape).probabilities(x, self._threads).mean(0)

    def predict(self, x: Any) -> np.ndarray:
        """Most probable class at each position of the map."""
        return self.classes_[self.predict_proba(x).argmax(-1)]

    def _at(self, shape: Shape) -> FittedNet:
        """The net for rows of a shape."""
        if shape not in self._cache:
            old, net = self.net.plan, self.net
            n_axes = len(shape) - 1
            plan = Plan(shape, spread_all(old.steps, shape, (1,) * n_axes)[0])
            shapes = {p.name: p.shape for p in plan.parameters}
            replicates = [{n: a.reshape(shapes.get(n, a.shape)) for n, a in one.items()} for one in net.replicates]
            self._cache = {shape: FittedNet(plan, replicates, net.input_dtype, net.precision, net.device)}
        return self._cache[shape]
