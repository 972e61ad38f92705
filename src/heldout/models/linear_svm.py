"""The linear support vector machine with squared hinge loss, by Newton's method on the primal objective.

One machine for each class against the rest, all side by side. The objective is that of liblinear and of scikit-learn's
``LinearSVC(loss="squared_hinge")``, with t = ±1 and the intercept b among the weights (a column of ones, penalised):

    (|w|² + b²) / 2 + C Σ max(0, 1 - t (w·x + b))²

It is quadratic while no row crosses its margin, so a Newton step with an exact line search is the optimum itself once
the set of rows inside the margin stays the same (Keerthi and DeCoste 2005, "A modified finite Newton method for fast
solution of large scale linear SVMs"). The Hessian is updated by the rows that cross; with many columns it is never
formed, and the step comes from conjugate gradients (Lin, Weng and Keerthi 2008, "Trust region Newton method for
large-scale logistic regression").
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from heldout.errors import SettingError

WIDEST_HESSIAN = 2_000
"""Columns up to which the Hessian is formed; beyond, conjugate gradients."""
HESSIAN_NUMBERS = 64 * 2**20
"""Numbers in the Hessians of machines that are fitted side by side (512 MiB)."""
MOST_CG_STEPS = 250


class LinearSVM(ClassifierMixin, BaseEstimator):
    """A linear support vector machine, each class against the rest; squared hinge loss, L2 penalty.

    Nothing in it is random, and features need no scaling for it to arrive (for the model to be good, they do).

    Parameters
    ----------
    C : float > 0, default=1.0
        Weight of the errors against the penalty.
    tol : float in (0, 1), default=1e-8
        A machine has arrived when its objective is at most this share above the optimum. The gap to the dual objective
        is half the squared gradient, so that this is known, not guessed.
    max_iter : int, default=1000
        Newton steps; about 10 where classes overlap, some hundred where they are far apart and C is large.

    Attributes
    ----------
    coef_ : float64 array, shape (n_machines, n_features)
        One machine for two classes (positive for the second), else one for each class.
    intercept_ : float64 array, shape (n_machines,)
    objective_ : float64 array, shape (n_machines,)
    n_iter_ : int
    """

    def __init__(self, C: float = 1.0, *, tol: float = 1e-8, max_iter: int = 1000) -> None:
        self.C = C
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> LinearSVM:
        """Fit on rows X (n_rows, n_features) of finite numbers and their classes y.

        Raises
        ------
        SettingError
            If a parameter is out of range.
        ValueError
            If the rows are not finite or there is one class only (scikit-learn's words).
        """
        _check_settings(self.C, self.tol, self.max_iter)
        X, y = validate_data(self, X, y, dtype=np.float64, order="C")
        check_classification_targets(y)
        self.classes_, column = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"the number of classes has to be greater than one; got {len(self.classes_)} class")
        machines = [1] if len(self.classes_) == 2 else list(range(len(self.classes_)))
        targets = np.where(column == np.array(machines)[:, None], 1.0, -1.0)
        rows = np.concatenate([X, np.ones((len(X), 1))], axis=1)
        weights, self.objective_, self.n_iter_ = _solve(rows, targets, float(self.C), self.tol, self.max_iter)
        self.coef_, self.intercept_ = weights[:, :-1].copy(), weights[:, -1].copy()
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Signed distances from the margins' middle in units of 1 / |w|: (n_rows,) for two classes, else by class."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        scores = X @ self.coef_.T + self.intercept_
        return np.asarray(scores.ravel() if len(self.classes_) == 2 else scores)

    def predict(self, X: Any) -> np.ndarray:
        """The class of the largest score; of two, the second where the score is above 0."""
        scores = self.decision_function(X)
        return np.asarray(self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)])


def _check_settings(C: Any, tol: Any, max_iter: Any) -> None:
    if isinstance(C, bool) or not isinstance(C, int | float | np.number) or not 0 < C < math.inf:
        raise SettingError(f"C is {C!r}", fix="a finite number above 0, such as C=1.0")
    if isinstance(tol, bool) or not isinstance(tol, int | float | np.number) or not 0 < tol < 1:
        raise SettingError(f"tol is {tol!r}", fix="a number between 0 and 1, such as tol=1e-8")
    if isinstance(max_iter, bool) or not isinstance(max_iter, int | np.integer) or max_iter < 1:
        raise SettingError(f"max_iter is {max_iter!r}", fix="a whole number from 1, such as max_iter=1000")


def _solve(x: np.ndarray, t: np.ndarray, C: float, tol: float, max_iter: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Weights (machines, columns), objectives and steps; machines go in groups whose Hessians fit into memory."""
    n, d = x.shape
    if n < d:  # the optimum is a sum of rows: look for it in an orthonormal basis of theirs
        basis, triangle = np.linalg.qr(x.T)
        weights, objective, steps = _solve(np.ascontiguousarray(triangle.T), t, C, tol, max_iter)
        return weights @ basis.T, objective, steps
    size = max(1, HESSIAN_NUMBERS // d**2) if d <= WIDEST_HESSIAN else len(t)
    shared = x.T @ x if d <= WIDEST_HESSIAN else None
    done = [_newton(x, t[i : i + size], C, tol, max_iter, shared) for i in range(0, len(t), size)]
    return np.concatenate([w for w, _, _ in done]), np.concatenate([f for _, f, _ in done]), max(s for _, _, s in done)


def _newton(
    x: np.ndarray, t: np.ndarray, C: float, tol: float, max_iter: int, shared: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, int]:
    """Newton steps of all machines side by side; `shared` is XᵀX, or None for conjugate gradients."""
    w = np.zeros((len(t), x.shape[1]))
    margin = np.zeros_like(t)  # t (w·x + b), (machines, rows)
    curvature = _Hessians(x, len(t), shared) if shared is not None else None
    for step in range(max_iter + 1):
        slack = np.maximum(1 - margin, 0)
        gradient = w - 2 * C * ((t * slack) @ x)
        objective = (w**2).sum(1) / 2 + C * (slack**2).sum(1)
        live = np.flatnonzero((gradient**2).sum(1) / 2 > tol * objective)
        if not len(live) or step == max_iter:
            break
        direction = np.zeros_like(w)
        if curvature is not None:
            for k in live:
                direction[k] = -curvature.solve(int(k), slack[k] > 0, C, gradient[k])
        else:
            direction[live] = -_conjugate_gradients(x, slack[live] > 0, C, gradient[live])
        change = t * (direction @ x.T)
        for k in live:
            length = _line_search(w[k], direction[k], margin[k], change[k], C)
            w[k] += length * direction[k]
            margin[k] += length * change[k]
    if len(live):
        words = f"{len(live)} of {len(t)} machines did not converge in {max_iter} Newton steps; increase max_iter"
        warnings.warn(words, ConvergenceWarning, stacklevel=4)
    return w, objective, step


class _Hessians:
    """XᵀX over the rows inside the margin of each machine, brought up to date by the rows that crossed it."""

    def __init__(self, x: np.ndarray, n_machines: int, shared: np.ndarray) -> None:
        self._x = x
        self._inside = [np.ones(len(x), bool)] * n_machines  # at zero weights all rows are
        self._products = [shared] * n_machines

    def solve(self, k: int, inside: np.ndarray, C: float, gradient: np.ndarray) -> np.ndarray:
        """(I + 2 C XᵀX)⁻¹ gradient for machine k, whose rows `inside` the margin are given."""
        entered, left = (np.flatnonzero(rows) for rows in (inside & ~self._inside[k], self._inside[k] & ~inside))
        if inside.sum() < len(entered) + len(left):
            self._products[k] = self._product(np.flatnonzero(inside))
        elif len(entered) or len(left):
            self._products[k] = self._products[k] + self._product(entered) - self._product(left)
        self._inside[k] = inside
        hessian = 2 * C * self._products[k]
        hessian.flat[:: len(hessian) + 1] += 1
        # Not SciPy's Cholesky: it brings threads of its own, which fight with NumPy's for the cores.
        return np.asarray(np.linalg.solve(hessian, gradient))

    def _product(self, rows: np.ndarray) -> np.ndarray:
        part = self._x[rows]
        return np.asarray(part.T @ part)


def _conjugate_gradients(x: np.ndarray, inside: np.ndarray, C: float, gradient: np.ndarray) -> np.ndarray:
    """(I + 2 C XᵀX)⁻¹ gradient for all machines, to a hundredth of the gradient; they share the passes over X."""
    found = np.zeros_like(gradient)
    rest, along = gradient.copy(), gradient.copy()
    square = (rest**2).sum(1)
    enough = 1e-4 * square
    for _ in range(MOST_CG_STEPS):
        bent = along + 2 * C * ((inside * (along @ x.T)) @ x)
        live = square > enough
        if not live.any():
            break
        length = np.where(live, square / np.maximum((along * bent).sum(1), 1e-300), 0)[:, None]
        found += length * along
        rest -= length * bent
        before, square = square, (rest**2).sum(1)
        along = rest + (square / np.maximum(before, 1e-300))[:, None] * along
    return found


def _line_search(w: np.ndarray, direction: np.ndarray, margin: np.ndarray, change: np.ndarray, C: float) -> float:
    """The step length of least objective: the root of its derivative, which is piecewise linear and rises."""
    along, square, change_square = float(w @ direction), float(direction @ direction), change**2
    low, high, length = 0.0, math.inf, 1.0
    for _ in range(60):
        slack = 1 - margin - length * change
        inside = slack > 0
        rise = along + length * square - 2 * C * float(change @ (slack * inside))
        bend = square + 2 * C * float(change_square @ inside)
        low, high = (low, length) if rise > 0 else (length, high)
        new = length - rise / bend
        if not low <= new <= high:
            new = (low + high) / 2
        if abs(new - length) <= 1e-12 * length:
            break
        length = new
    return new
