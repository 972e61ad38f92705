"""A multilayer perceptron, trained by stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heldout_course.scratch.backpropagation import backward, forward
from heldout_course.scratch.descent import SGD, dropout_mask, minibatches
from heldout_course.scratch.initializers import INITIALIZERS, glorot
from heldout_course.scratch.losses import binary_cross_entropy, cross_entropy, cross_entropy_slope, one_hot


class MLP:
    """Fully connected classifier: one sigmoid output for two classes, a softmax for more; cross-entropy loss.

    Parameters
    ----------
    hidden : sequence of int
        Nodes of each hidden layer.
    activation : 'relu', 'tanh', 'sigmoid' or 'identity'
    initializer : str
        A name of `heldout_course.scratch.initializers`.
    rate, momentum, nesterov, l2
        See `heldout_course.scratch.descent.SGD`.
    dropout : float
        Share of hidden outputs dropped in training.
    batch_size, n_epochs, seed : int
    is_shuffled : bool
        Whether rows are shuffled anew in each epoch.

    Attributes
    ----------
    weights_, biases_ : lists of float arrays, shapes (f_out, f_in) and (f_out,)
    losses_ : list of float
        Mean loss of the batches of each epoch, without the penalty.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (100,),
        *,
        activation: str = "relu",
        initializer: str = "glorot",
        rate: float = 0.01,
        momentum: float = 0.9,
        nesterov: bool = False,
        l2: float = 0.0,
        dropout: float = 0.0,
        batch_size: int = 32,
        n_epochs: int = 100,
        is_shuffled: bool = True,
        seed: int = 0,
    ) -> None:
        self.hidden, self.activation, self.initializer = tuple(hidden), activation, initializer
        self.rate, self.momentum, self.nesterov, self.l2, self.dropout = rate, momentum, nesterov, l2, dropout
        self.batch_size, self.n_epochs, self.is_shuffled, self.seed = batch_size, n_epochs, is_shuffled, seed

    def start(self, n_features: int, classes: np.ndarray) -> MLP:
        """Draw the first weights."""
        if len(classes) < 2:
            raise ValueError(f"{len(classes)} class: there is nothing to separate")
        random = np.random.default_rng(self.seed)
        self.classes_, n_outputs = classes, 1 if len(classes) == 2 else len(classes)
        self.activations_ = [self.activation] * len(self.hidden) + ["sigmoid" if n_outputs == 1 else "softmax"]
        sizes = [n_features, *self.hidden, n_outputs]
        self.weights_ = []
        for f_in, f_out, name in zip(sizes, sizes[1:], self.activations_, strict=False):
            if self.initializer == "glorot":
                self.weights_.append(glorot(f_in, f_out, random, before_sigmoid=name == "sigmoid"))
            else:
                self.weights_.append(INITIALIZERS[self.initializer](f_in, f_out, random))
        self.biases_ = [np.zeros(f_out) for f_out in sizes[1:]]
        return self

    def fit(self, X: np.ndarray, y: np.ndarray) -> MLP:
        """Start anew and train."""
        return self.start(X.shape[1], np.unique(y)).train(X, y)

    def train(self, X: np.ndarray, y: np.ndarray) -> MLP:
        """Go on from the present weights: forward, loss, backward, step, batch by batch."""
        X, targets = np.asarray(X, dtype=float), self.targets(y)
        random = np.random.default_rng((self.seed, 1))
        descent = SGD(self.rate, momentum=self.momentum, nesterov=self.nesterov, l2=self.l2)
        self.losses_: list[float] = []
        for _ in range(self.n_epochs):
            total = 0.0
            for rows in minibatches(len(X), self.batch_size, random if self.is_shuffled else None):
                masks = [dropout_mask((len(rows), size), self.dropout, random) for size in self.hidden]
                loss, gradients = self.loss_and_gradients(X[rows], targets[rows], masks if self.dropout else None)
                descent.step([*self.weights_, *self.biases_], gradients)
                total += loss * len(rows)
            self.losses_.append(total / len(X))
        return self

    def targets(self, y: np.ndarray) -> np.ndarray:
        """What the outputs should be: 0 or 1 for two classes, else one-hot rows."""
        numbers = np.searchsorted(self.classes_, y)
        return numbers[:, None].astype(float) if len(self.classes_) == 2 else one_hot(numbers, len(self.classes_))

    def loss_and_gradients(
        self, X: np.ndarray, targets: np.ndarray, masks: list[np.ndarray] | None = None
    ) -> tuple[float, list[np.ndarray]]:
        """Mean loss of a batch, and its slopes along all weights, then along all biases."""
        z, a = forward(X, self.weights_, self.biases_, self.activations_, masks)
        loss = binary_cross_entropy if targets.shape[1] == 1 else cross_entropy
        delta = cross_entropy_slope(a[-1], targets)
        of_weights, of_biases = backward(z, a, self.weights_, self.activations_, delta, masks)
        return loss(a[-1], targets), of_weights + of_biases

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of the classes, shape (n_rows, n_classes). No dropout here."""
        _, a = forward(np.asarray(X, dtype=float), self.weights_, self.biases_, self.activations_)
        return np.hstack([1 - a[-1], a[-1]]) if a[-1].shape[1] == 1 else a[-1]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Most probable class; of equals the lowest."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
