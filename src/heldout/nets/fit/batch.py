"""One batch of every replicate of a stack in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from heldout.nets.layers.batch import Batch

Tensor = Any


@dataclass
class StepBatch:
    """One batch of every replicate."""

    number: int
    positions: Tensor  # (n_replicates, n_rows)
    labels: Tensor
    weights: Tensor  # weight / number of real rows, 0 for filling: (n_replicates, n_rows)
    state: Batch
    counts: Tensor  # real rows of each replicate
    lr: Tensor  # (n_replicates, 1)
    t: Tensor  # steps done, this one included: (n_replicates, 1), float64
    idle: Tensor  # positions of the replicates that do not take the step, or None
    first: int  # place of the batch's first row in the epoch
    augment_keys: Tensor  # of each replicate, for this epoch
    others: Tensor = None  # classes that were mixed in, and the share of the own ones: (n_replicates, n_rows)
    shares: Tensor = None
