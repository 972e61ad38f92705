"""Rows on their way to the net: gathered in whole batches, converted and standardised on the device."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

from heldout.errors import DataError
from heldout.nets.fit.machine import sum_dtype

Tensor = Any
#: Rows as stored and as floats, by their number.
Memory = dict[int, tuple[Tensor, Tensor]]

#: Integer inputs are divided by this: bytes to [0, 1], samples of sound to [-1, 1].
DIVISORS = {"uint8": 255.0, "int16": 32768.0}

#: Share of the device's free memory that the rows may take.
MEMORY_SHARE = 0.5


class Feed:
    """Rows and labels, ready to be gathered by position.

    Parameters
    ----------
    x : array, shape (n_rows, ...)
        uint8, int16 or float; may be memory-mapped.
    labels : int64 array, shape (n_rows,), or None
    weights : float array, shape (n_rows,), or None
        Weight of each row in the loss.
    device, dtype
        Where and in what form batches are wanted.
    """

    def __init__(
        self,
        x: np.ndarray,
        labels: np.ndarray | None,
        weights: np.ndarray | None,
        device: torch.device,
        dtype: Any,
    ) -> None:
        self.shape = tuple(x.shape[1:])
        self.device, self.dtype = device, dtype
        self.divisor = DIVISORS.get(str(x.dtype))
        self.n_rows = len(x)
        self.rows = self._place(x.reshape(len(x), -1))
        self.labels: Any = None if labels is None else torch.from_numpy(np.asarray(labels, np.int64)).to(device)
        self.weights: Any = None if weights is None else torch.from_numpy(np.asarray(weights)).to(device, dtype)

    def _place(self, x: np.ndarray) -> Tensor:
        """The rows as a tensor: shared with NumPy on the CPU, copied once to a device if they fit."""
        if not x.dtype.isnative:
            x = x.astype(x.dtype.newbyteorder("="))
        if x.dtype == np.float64 and self.dtype == torch.float32:
            x = x.astype(np.float32)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            rows = torch.from_numpy(x)  # never written to
        if self.device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self.device)
            if rows.numel() * rows.element_size() < MEMORY_SHARE * free:
                return rows.to(self.device)
        return rows if self.device.type in ("cpu", "cuda") else rows.to(self.device)

    def gather(self, positions: Tensor, memory: Memory | None = None) -> Tensor:
        """Rows at these positions, shape (*positions.shape, n_values), as floats on the device.

        With `memory` the answer lies in memory that the next call with it writes over.
        """
        flat = positions.reshape(-1)
        if memory is not None and self.device.type == "cpu":
            return self._gather_into(flat, memory).view(*positions.shape, -1)
        taken = self.rows.index_select(0, flat.to(self.rows.device))
        taken = taken.to(self.device).to(self.dtype)
        if self.divisor is not None:
            taken.mul_(1.0 / self.divisor)
        return taken.view(*positions.shape, -1)

    def _gather_into(self, flat: Tensor, memory: Memory) -> Tensor:
        """Rows in memory that stays: fresh memory of this size costs as much as the rows themselves."""
        if len(flat) not in memory:
            shape = (len(flat), self.rows.shape[1])
            memory[len(flat)] = (torch.empty(shape, dtype=self.rows.dtype), torch.empty(shape, dtype=self.dtype))
        taken, floats = memory[len(flat)]
        torch.index_select(self.rows, 0, flat, out=taken)
        if self.divisor is not None:
            return torch.mul(taken, 1.0 / self.divisor, out=floats)
        return taken if self.rows.dtype == self.dtype else floats.copy_(taken)


class Standardizer:
    """Mean and standard deviation of each replicate's own training rows, by channel (vectors: by feature)."""

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        self.mean, self.std = mean, std  # (n_replicates, n_channels)
        self.factor = 1.0 / std
        self.offset = -mean / std

    def apply(self, batch: Tensor) -> Tensor:
        """Standardise rows of shape (n_replicates, n, n_values), in place where possible."""
        n_channels = self.mean.shape[1]
        by_channel = batch.view(*batch.shape[:2], -1, n_channels)
        scaled = torch.addcmul(self.offset[:, None, None], by_channel, self.factor[:, None, None])
        return scaled.view(len(self.mean), *batch.shape[1:])


def mean_and_std(feed: Feed, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation by channel over these rows, in float64; a constant channel gets 1.

    Vectors have a channel a feature.
    """
    n_channels = feed.shape[-1]
    total, square = np.zeros(n_channels), np.zeros(n_channels)
    count = 0
    for part in np.array_split(rows, max(1, -(-len(rows) // 4096))):
        values = feed.gather(torch.from_numpy(part)).to(sum_dtype(feed.device)).view(-1, n_channels)
        if not count:
            pivot = values.mean(0)
        values = values - pivot  # keeps the sum of squares small where the mean is large
        total += values.sum(0).cpu().numpy()
        square += (values * values).sum(0).cpu().numpy()
        count += len(values)
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 0.0))
    std[std < 1e-12] = 1.0
    return pivot.cpu().numpy() + mean, std


def check_rows(x: np.ndarray, *, where: str = "x") -> None:
    """Refuse NaN and infinity, naming the first place."""
    if x.dtype.kind != "f":
        return
    step = max(1, 2**22 // max(1, int(np.prod(x.shape[1:]))))
    for first in range(0, len(x), step):
        part = np.asarray(x[first : first + step])
        if not np.isfinite(part).all():
            place = np.argwhere(~np.isfinite(part))[0]
            value = part[tuple(place)]
            row = first + int(place[0])
            name = "NaN" if np.isnan(value) else "infinity"
            raise DataError(
                f"Input X contains {name}",
                where=f"{where}, row {row}, position {tuple(int(i) for i in place[1:])}",
                fix="impute or drop such rows first, for example with SimpleImputer in a Pipeline",
            )
