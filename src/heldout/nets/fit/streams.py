"""Random draws without state: every draw is a function of the replicate's seed and of what it is for.

So a replicate draws the same numbers alone or in any stack, before or after a resume, on any number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

# Streams of a replicate; the numbers are part of what a seed means, so they never change.
WEIGHTS, ORDER, DROPOUT, NOISE, VALIDATION, AUGMENT = 1, 2, 3, 4, 5, 6

_MASK64 = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_MIX1 = 0xBF58476D1CE4E5B9
_MIX2 = 0x94D049BB133111EB


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


def replicate_key(seed: int, replicate: int) -> int:
    """Seed of one replicate of a training with this seed (63 bits)."""
    state = np.random.SeedSequence([int(seed) & _MASK64, int(replicate)]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def generator(seed: int, stream: int, index: int = 0) -> np.random.Generator:
    """A NumPy generator for one purpose of one replicate (Philox, counter-based: Salmon et al. 2011)."""
    key = np.array([int(seed) & _MASK64, (stream << 48) + index], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def dropout_keys(seeds: np.ndarray, *, epoch: int, n_steps: int, n_layers: int) -> np.ndarray:
    """Keys of the dropout masks of an epoch: int64, shape (n_steps, n_layers, n_replicates)."""
    step = np.arange(n_steps, dtype=np.uint64)[:, None, None] + np.uint64(epoch << 32)
    layer = np.arange(1, n_layers + 1, dtype=np.uint64)[None, :, None]
    keys = _mix(seeds.astype(np.uint64)[None, None, :] + np.uint64((DROPOUT * _GAMMA) & _MASK64))
    keys = _mix(keys ^ _mix(step * np.uint64(_GAMMA)))
    return _mix(keys + layer * np.uint64(_GAMMA)).view(np.int64)


def _mix(z: np.ndarray) -> np.ndarray:
    """Finaliser of splitmix64 (Steele, Lea, Flood 2014), on uint64 arrays."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_MIX1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_MIX2)
    return z ^ (z >> np.uint64(31))


def augment_keys(seeds: np.ndarray, *, epoch: int) -> np.ndarray:
    """Keys of the augmentation of an epoch: int64, shape (n_replicates,)."""
    keys = _mix(seeds.astype(np.uint64) + np.uint64((AUGMENT * _GAMMA) & _MASK64))
    return _mix(keys + np.uint64(((epoch + 1) * _GAMMA) & _MASK64)).view(np.int64)


def branch(keys: torch.Tensor, n: int, *, first: int = 0) -> Any:
    """Keys below each key: int64, shape (*keys.shape, n), numbered from `first`."""
    numbers = torch.arange(first + 1, first + n + 1, dtype=torch.int64, device=keys.device) * _signed(_GAMMA)
    return _mix_words(keys[..., None] + numbers)


def uniforms(keys: torch.Tensor, n: int, dtype: torch.dtype) -> Any:
    """Numbers in [0, 1) with 24 bits, shape (*keys.shape, n)."""
    words = branch(keys, n)
    words >>= 40
    words &= (1 << 24) - 1
    return words.to(dtype).mul_(2.0**-24)


def _mix_words(z: torch.Tensor) -> torch.Tensor:
    """As `_mix`, in place on an int64 tensor."""
    shifted = torch.empty_like(z)
    for shift, factor in ((30, _MIX1), (27, _MIX2), (31, None)):
        torch.bitwise_right_shift(z, shift, out=shifted)
        shifted &= (1 << (64 - shift)) - 1  # the shift of a signed word copies its sign
        z ^= shifted
        if factor is not None:
            z *= _signed(factor)
    return z


class Words:
    """Random 16-bit words on a device, by hashing counters with splitmix64."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._counters: torch.Tensor | None = None

    def draw(self, keys: torch.Tensor, n: int) -> Any:
        """int16 tensor, shape (n_replicates, n): the first n words of each key's stream."""
        n_quads = -(-n // 4)
        if self._counters is None or len(self._counters) < n_quads:
            counters = torch.arange(1, n_quads + 1, dtype=torch.int64, device=self.device)
            self._counters = counters * _signed(_GAMMA)
        z = _mix_words(self._counters[:n_quads] + keys[:, None])
        return z.view(torch.int16)[:, :n]
