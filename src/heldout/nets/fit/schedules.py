"""Schedules: what the learning rate is multiplied by, step by step."""

from __future__ import annotations

import numpy as np

from heldout.errors import SettingError

#: First and last factor of one-cycle (Smith and Topin 2018: a tenth to a 25th of the peak at first, then to nearly 0).
ONE_CYCLE_START = 1 / 25
ONE_CYCLE_END = 1e-4

_FORMS = {
    "constant": "constant",
    "step": "step [FACTOR=0.1] [EVERY=30 epochs]",
    "cosine": "cosine",
    "one-cycle": "one-cycle [PEAK=0.25 of the steps]",
}


def parse_schedule(text: object) -> tuple[str, tuple[float, ...]]:
    """Name and numbers of a schedule such as ``"cosine"``, ``"step 0.5 10"``, ``"one-cycle 0.3"``.

    Raises
    ------
    SettingError
        For an unknown name or impossible numbers.
    """
    words = str(text).split()
    name = words[0] if words else ""
    if name not in _FORMS:
        raise SettingError(f"schedule={text!r}: known are {'; '.join(_FORMS.values())}")
    defaults = {"step": (0.1, 30.0), "one-cycle": (0.25,)}.get(name, ())
    try:
        given = tuple(float(word) for word in words[1:])
    except ValueError:
        given = (-1.0,)
    ok = len(given) <= len(defaults) and all(0 < n < float("inf") for n in given)
    numbers = given + defaults[len(given) :]
    if not ok or (name == "one-cycle" and not 0 < numbers[0] < 1) or (name == "step" and numbers[1] < 1):
        raise SettingError(f"schedule={text!r}: expected {_FORMS[name]}")
    return name, numbers


def schedule_factors(
    text: str, *, n_epochs: int, steps_per_epoch: int, warmup: float, first: int, n: int
) -> np.ndarray:
    """Factors of the learning rate at steps ``first`` to ``first + n - 1``.

    Parameters
    ----------
    text : str
        The schedule.
    n_epochs, steps_per_epoch : int
        Length of the whole training.
    warmup : float
        Epochs over which the factor rises linearly to 1 at first; the schedule proper then has the rest.
    first, n : int
        Steps asked for, counted from the start of training.

    Returns
    -------
    float64 array, shape (n,), each in [0, 1] (but for ``step`` with a factor above 1).
    """
    name, numbers = parse_schedule(text)
    step = np.arange(first, first + n, dtype=np.float64)
    n_warm = warmup * steps_per_epoch
    rest = max(1.0, n_epochs * steps_per_epoch - n_warm)
    done = np.clip((step - n_warm) / rest, 0.0, 1.0)
    if name == "step":
        factor, every = numbers
        shape = factor ** np.floor(np.maximum(step - n_warm, 0.0) / (every * steps_per_epoch))
    elif name == "cosine":
        shape = 0.5 * (1 + np.cos(np.pi * done))
    elif name == "one-cycle":
        shape = _one_cycle(done, numbers[0])
    else:
        shape = np.ones(n)
    return shape * (np.minimum(1.0, (step + 1) / n_warm) if n_warm > 0 else 1.0)


def _one_cycle(done: np.ndarray, peak: float) -> np.ndarray:
    rise = ONE_CYCLE_START + (1 - ONE_CYCLE_START) * 0.5 * (1 - np.cos(np.pi * np.minimum(done / peak, 1.0)))
    fall_done = np.clip((done - peak) / (1 - peak), 0.0, 1.0)
    fall = ONE_CYCLE_END + (1 - ONE_CYCLE_END) * 0.5 * (1 + np.cos(np.pi * fall_done))
    return np.where(done < peak, rise, fall)
