"""Tables that define things: layouts, settings, numbers of schemes; and the first answers of a net."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure


@procedure("table-layout")
def table_layout() -> dict[str, Any]:
    """Where the four outcomes are in the course's table (rows: assigned) and in our matrix (rows: actual)."""
    from heldout.evaluate.confusion import confusion
    from heldout_course.scratch.two_classes import tally

    def name(assigned: int, actual: int) -> str:
        counts = tally(np.array([actual]), np.array([assigned]))._asdict()
        return next(word.upper() for word, n in counts.items() if n)

    places = {(a, b): np.argwhere(confusion(np.array([a]), np.array([b]), 2))[0] for a in (0, 1) for b in (0, 1)}
    ours = [["", ""], ["", ""]]
    for (actual, assigned), (row, column) in places.items():
        ours[row][column] = name(assigned, actual)
    return {
        "row_assigned_1": f"{name(1, 1)}, {name(1, 0)}",
        "row_assigned_0": f"{name(0, 1)}, {name(0, 0)}",
        "our_row_actual_0": ", ".join(ours[0]),
        "our_row_actual_1": ", ".join(ours[1]),
        "errors_off_the_diagonal": int({ours[0][1], ours[1][0]} == {"FP", "FN"}),
    }


@procedure("net-setting")
def net_setting(theirs: str, ours: str, course: str | float | bool) -> dict[str, Any]:
    """A setting of scikit-learn's net: its default there, what the course sets, and our name and default."""
    from sklearn.neural_network import MLPClassifier

    from heldout.nets.settings import Settings

    default = inspect.signature(MLPClassifier).parameters[theirs].default
    known = {field.name: field.default for field in fields(Settings)}
    return {
        "course": str(course),
        "toolkit_default": str(default),
        "is_changed": int(str(course) != str(default)),
        "ours": f"{ours}: {known[ours]}" if ours in known else ours,
    }


@procedure("scheme-by-number")
def scheme_by_number(number: int, inputs: int = 784, units: int = 100, *, seed: int) -> dict[str, Any]:
    """The course's number of an initializer, with what our scheme of that name draws.

    A uniform draw has a fourth moment of 1.8 squared variances, a normal one of 3.
    """
    from heldout.nets.layers.options import INITIALIZERS
    from heldout_course.scratch.initializers import INITIALIZERS as BY_HAND

    names = ("glorot", "small-uniform", "small-gaussian", "he", "xavier")
    name = names[number]
    weights = BY_HAND[name](inputs, units, np.random.default_rng(seed))
    moment = float((weights**4).mean() / (weights**2).mean() ** 2)
    return {
        "scheme": name,
        "is_known": int(name in INITIALIZERS),
        "std": float(weights.std()),
        "shape": "uniform" if moment < 2.4 else "normal",
    }


@procedure("first-answers", light=False)
def first_answers(
    hidden: Sequence[int], digits: Sequence[int], rows: int = 1000, epochs: int = 200, *, seed: int
) -> dict[str, Any]:
    """A net that separates odd digits from even ones, on the first test image of each of a list of digits."""
    from heldout.nets.classifier import NetClassifier
    from heldout_course.procedures.digits import mnist_rows

    x, y, x_test, y_test = mnist_rows()
    chosen = np.random.default_rng([seed, 117]).permutation(len(x))[:rows]
    net = NetClassifier(
        ", ".join(f"dense {n}, relu" for n in hidden),
        optimizer="sgd",
        lr=0.001,
        momentum=0.9,
        batch=64,
        epochs=epochs,
        l2=0.0001 / 128,
        initializer="glorot-biases",
        device="cpu",
        threads=1,
        seed=seed,
    )
    net.fit(x[chosen].astype(np.float32) / 256, y[chosen] % 2)
    shown, used = [], []
    for digit in digits:
        shown.append(next(row for row in np.flatnonzero(y_test == digit) if row not in used))
        used.append(shown[-1])
    p = net.predict_proba(x_test[shown].astype(np.float32) / 256)
    everything = net.predict(x_test.astype(np.float32) / 256)
    return {
        "right_of_shown": int(((p[:, 1] >= 0.5) == np.array(digits) % 2).sum()),
        "gap_from_1": float(np.abs(p.sum(axis=1) - 1).max()),
        "surest": float(p.max()),
        "least_sure": float(p.max(axis=1).min()),
        "accuracy": float((everything == y_test % 2).mean()),
        "table": "; ".join(f"{a:.6f} {b:.6f} {d}" for (a, b), d in zip(p, digits, strict=True)),
    }
