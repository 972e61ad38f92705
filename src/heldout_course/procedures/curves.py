"""Curves with their slopes and chords, and descent along them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from heldout_course.experiments.procedures import procedure


@procedure("tangent")
def tangent(
    coefficients: Sequence[float], at: float, rate: float = 0.02, steps: int = 500, reach: Sequence[float] = (-3.2, 3.8)
) -> dict[str, Any]:
    """Slope of a polynomial (lowest power first) at a point, and where steps against the slope lead from there."""
    f = Polynomial(coefficients)
    slope = f.deriv()
    path = descend(f, at, rate, steps)
    minima = minima_of(f)
    lowest = min(minima, key=f)
    x = np.linspace(reach[0], reach[1], 200)
    return {
        "slope": round(float(slope(at)), 5) + 0.0,
        "end": path[-1],
        "height_at_end": float(f(path[-1])),
        "slope_at_end": round(float(slope(path[-1])), 9) + 0.0,
        "lowest": lowest,
        "reaches_lowest": int(abs(path[-1] - lowest) < 1e-3),
        "at": at,
        "height": float(f(at)),
        "x": x,
        "y": f(x),
        "path": path[:: max(1, steps // 50)],
    }


def descend(f: Polynomial, at: float, rate: float, steps: int) -> list[float]:
    """Points of gradient descent, the first one included."""
    slope, path = f.deriv(), [float(at)]
    for _ in range(steps):
        path.append(float(path[-1] - rate * slope(path[-1])))
    return path


def minima_of(f: Polynomial) -> list[float]:
    """Where the slope is 0 and rises."""
    roots = f.deriv().roots()
    real = np.real(roots[np.abs(np.imag(roots)) < 1e-9])
    return [float(x) for x in real if f.deriv(2)(x) > 0]


@procedure("convexity")
def convexity(
    coefficients: Sequence[float],
    ends: Sequence[float],
    definition: str = "not cut",
    rate: float = 0.01,
    reach: Sequence[float] = (-3.0, 3.0),
) -> dict[str, Any]:
    """A curve and its chord, and which share of 61 starts finds the lowest point of the reach.

    Parameters
    ----------
    definition : 'not cut' or 'chord above'
        When a curve counts as convex: no chord cuts it between its ends (as published), or every chord lies on or above
        it. All chords between 25 points are tried.
    """
    f = Polynomial(coefficients)
    points = np.linspace(reach[0], reach[1], 25)
    cut, below = False, False
    for number, a in enumerate(points):
        for b in points[number + 1 :]:
            gap = _chord_gap(f, a, b)
            below |= bool(gap.min() < -1e-9)
            cut |= bool((gap > 1e-9).any() and (gap < -1e-9).any())
    gap = _chord_gap(f, *ends)
    x = np.linspace(reach[0], reach[1], 200)
    starts = np.linspace(reach[0], reach[1], 61)
    lowest = x[np.argmin(f(x))]
    found = np.abs(_bounded(f, starts, rate, reach) - lowest) < 0.05
    return {
        "called_convex": int(not (cut if definition == "not cut" else below)),
        "curvature_never_negative": int(f.deriv(2)(x).min() >= -1e-9),
        "this_chord_is_cut": int((gap > 1e-9).any() and (gap < -1e-9).any()),
        "starts_that_find_it": float(np.mean(found)),
        "ends": list(ends),
        "x": x,
        "y": f(x),
    }


def _chord_gap(f: Polynomial, a: float, b: float) -> np.ndarray:
    """Height of the chord less that of the curve, between the ends."""
    x = np.linspace(a, b, 41)[1:-1]
    return np.asarray(f(a) + (f(b) - f(a)) * (x - a) / (b - a) - f(x))


def _bounded(f: Polynomial, at: np.ndarray, rate: float, reach: Sequence[float]) -> np.ndarray:
    """Ends of gradient descent that stays within the reach."""
    slope = f.deriv()
    for _ in range(2000):
        at = np.clip(at - rate * slope(at), reach[0], reach[1])
    return at


@procedure("schedule")
def schedule(
    schedule: str, rate: float, curvature: float = 1.0, start: float = 1.0, steps: int = 100
) -> dict[str, Any]:
    """Descent along curvature w^2 / 2 at a rate that stays, falls as rate / sqrt(t), or is cut when the loss stays."""
    w, over = start, 0
    rates: list[float] = []
    losses: list[float] = []
    for now in islice(_rates(schedule, rate, losses), steps):
        losses.append(curvature * w**2 / 2)
        rates.append(now)
        before, w = w, w - now * curvature * w
        over += int(np.sign(w) != np.sign(before) and w != 0)
    return {
        "first_rate": rates[0],
        "last_rate": rates[-1],
        "final_loss": curvature * w**2 / 2,
        "steps_over": over,
        "losses": losses,
        "rates": rates,
    }


def _rates(
    schedule: str, rate: float, losses: Sequence[float], power: float = 0.5, tol: float = 1e-4
) -> Iterator[float]:
    """Rate of each step, as `losses` grows. Adaptive: divided by 5 after two losses in a row that are no better."""
    t, best, bad = 0, float("inf"), 0
    while True:
        t += 1
        if schedule == "invscaling":
            yield rate / t**power
            continue
        if schedule == "adaptive" and losses:
            bad = bad + 1 if losses[-1] > best - tol else 0
            best = min(best, losses[-1])
            if bad >= 2:
                rate, bad = rate / 5, 0
        yield rate
