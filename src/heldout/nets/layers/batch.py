"""What the layers need to know about the batch at hand."""

from __future__ import annotations

from typing import Any

Tensor = Any


class Batch:
    """What the layers need to know about the batch at hand.

    Attributes
    ----------
    training : bool
    keys : int64 tensor (n_random_layers, n_replicates), or None
        Keys of what is drawn at random.
    rates : tensor (n_random_layers, n_replicates)
        Dropout probabilities.
    mask : tensor (n_replicates, n_rows), or None
        1 for a real row and 0 for filling; None if all are real.
    active : bool tensor (n_replicates,), or None
        Replicates that take this step; None if all do.
    """

    def __init__(
        self,
        *,
        training: bool,
        keys: Tensor = None,
        rates: Tensor = None,
        mask: Tensor = None,
        active: Tensor = None,
    ) -> None:
        self.training, self.keys, self.rates, self.mask, self.active = training, keys, rates, mask, active
