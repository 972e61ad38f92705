"""Augmentation of training rows, batch by batch on the device.

Each row of each replicate draws from a stream of its own, keyed by the replicate's seed, the epoch and the row's place
in the epoch's order. So a replicate sees the same rows alone or in any stack, and after a resume.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch

from heldout.augment import batches
from heldout.augment.operations import Step
from heldout.augment.training import parse_augment
from heldout.nets.fit.batch import StepBatch
from heldout.nets.fit.streams import Words, branch, uniforms
from heldout.nets.layers.base import Shape

Tensor = Any

#: Random numbers of a row for each step, the one for its chance included; those of masks are added.
_DRAWS = 6
#: Keys of fields of noise begin here, far from those of steps.
_FIELDS = 1 << 20
_MIXING = ("mixup", "cutmix")


class Augmenter:
    """What a line of augmentation does to batches.

    Parameters
    ----------
    line : str
        See `heldout.augment.training`. ``mixup`` and ``cutmix`` come after all other steps.
    shape : tuple of int
        Of one row.
    is_pixels : bool
        Rows are bytes scaled to [0, 1]: changes of brightness end there.
    device, dtype

    Raises
    ------
    SettingError
        If the line cannot be read, or a step does not fit the shape.
    """

    def __init__(self, line: str, shape: Shape, *, is_pixels: bool, device: torch.device, dtype: Any) -> None:
        steps = parse_augment(line, tuple(shape))[1]
        self.steps = [step for step in steps if step.name not in _MIXING]
        self.mixing = [step for step in steps if step.name in _MIXING]
        self.form = (1,) * (3 - len(shape)) + tuple(shape)  # vectors and signals are images of height 1
        self.is_pixels, self.device, self.dtype = is_pixels, device, dtype
        self.words = Words(device)
        self._tables: dict[str, Tensor] = {}
        counts = [_DRAWS + (4 * s["masks"] if s.name == "specaugment" else 0) for s in self.steps]
        self.starts = np.cumsum([0, *counts]).tolist()

    def apply(self, rows: Tensor, batch: StepBatch) -> Tensor:
        """Augment rows (n_replicates, n_rows, n_values) of a batch; sets in the batch what was mixed in."""
        n_replicates, n_rows = rows.shape[:2]
        keys = branch(batch.augment_keys, n_rows, first=batch.first)  # (n_replicates, n_rows)
        flat = rows.reshape(-1, *self.form)
        if self.steps:
            flat_keys = keys.reshape(-1)
            u = uniforms(flat_keys, self.starts[-1], self.dtype)
            for number, step in enumerate(self.steps):
                here = u[:, self.starts[number] : self.starts[number + 1]]
                field = branch(flat_keys, 1, first=_FIELDS + number)[:, 0] if step.name == "noise" else None
                flat = self._one(step, flat, here[:, 0] < step.p, here[:, 1:], field)
        if self.mixing:
            flat = self._mix(flat, keys, batch)
        return flat.reshape(n_replicates, n_rows, -1)

    def _one(self, step: Step, rows: Tensor, on: Tensor, u: Tensor, field: Tensor) -> Tensor:
        """One step, on the rows for which its chance came up."""
        _, height, width, _ = rows.shape
        match step.name:
            case "flip":
                return batches.flip(rows, on, axis=1 if step["vertical"] else 2)
            case "shift":
                value, unit = step["amount"]
                most = [value if unit == "px" else value * size for size in (height, width)]
                down, right = (self._whole(u[:, i], most[i], on) for i in range(2))
                edge = "reflect" if step["reflect"] else "zero"
                return batches.move(rows, down if height > 1 else torch.zeros_like(down), right, edge=edge)
            case "timeshift":
                right = self._whole(u[:, 0], step["share"] * width, on)
                edge = "wrap" if step["wrap"] else "zero"
                return batches.move(rows, torch.zeros_like(right), right, edge=edge, fill=self._silence(rows))
            case "rotate":
                return batches.rotate(rows, _signed(u[:, 0]) * step["degrees"] * on)
            case "brightness":
                return self._limit(batches.brighten(rows, _signed(u[:, 0]) * step["amount"] * on))
            case "contrast":
                return self._limit(batches.contrast(rows, 1 + _signed(u[:, 0]) * step["amount"] * on))
            case "erase":
                return batches.fill_box(rows, _erased(u, step["share"], on, height, width), batches.mean_of(rows))
            case "stretch":
                places = batches.stretched_places(width, 1 + _signed(u[:, 0]) * step["share"] * on)
                return batches.resample(rows, places, axis=2, fill=self._silence(rows))
            case "pitch":
                semitones = _signed(u[:, 0]) * step["semitones"] * on
                places = batches.pitched_places(height, semitones, low=step["low"], high=step["high"])
                return _where(on, batches.resample(rows, places, axis=1, fill=self._silence(rows)), rows)
            case "specaugment":
                return _hide(rows, step, on, u)
            case "noise":
                return self._noise(step, rows, on, u[:, 0], field)
            case "gain":
                decibels = _signed(u[:, 0]) * step["decibels"] * on
                if step["levels"] is not None:
                    return self._limit(batches.brighten(rows, decibels / step["levels"]))
                return batches.amplify(rows, decibels)
        raise AssertionError(f"no way to {step.name}")

    def _noise(self, step: Step, rows: Tensor, on: Tensor, u: Tensor, field: Tensor) -> Tensor:
        low, high = step["decibels"]
        ratio = torch.where(on, low if low == high else low + (high - low) * u, float("inf")).to(rows.dtype)
        words = self.words.draw(field, rows[0].numel())
        unit = step["levels"]
        if unit is not None:
            powers = self._look_up("exponential", words).view(rows.shape)
            noisy = batches.add_noise_to_levels(rows * unit, powers, ratio) / unit
            return self._limit(_where(on, noisy, rows))
        return self._limit(batches.add_noise(rows, self._look_up("normal", words).view(rows.shape), ratio))

    def _look_up(self, name: str, words: Tensor) -> Tensor:
        """Values of a distribution for 16-bit words, by its quantiles."""
        if name not in self._tables:
            self._tables[name] = torch.from_numpy(_quantiles(name)).to(self.device, self.dtype)
        return self._tables[name].index_select(0, (words.to(torch.int32) + 32768).reshape(-1))

    def _mix(self, flat: Tensor, keys: Tensor, batch: StepBatch) -> Tensor:
        """Mix each row with one of its replicate's batch; sets `others` and `shares` of the batch.

        With both mixup and cutmix a row undergoes one of them at most, in proportion to their chances.
        """
        n_replicates, n_rows = keys.shape
        u = uniforms(branch(keys, 1, first=_FIELDS - 1)[..., 0], 5, self.dtype)
        partners = (u[..., 0] * batch.counts[:, None]).long().clamp(min=0)
        partners = torch.minimum(partners, (batch.counts - 1).clamp(min=0)[:, None])
        first = torch.arange(n_replicates, device=self.device)[:, None] * n_rows
        others = flat.index_select(0, (partners + first).reshape(-1))
        shares = torch.ones(n_replicates * n_rows, device=self.device, dtype=self.dtype)
        chance, below = u[..., 1].reshape(-1) * max(1.0, sum(step.p for step in self.mixing)), 0.0
        _, height, width, _ = flat.shape
        for step in self.mixing:
            on = (chance >= below) & (chance < below + step.p)
            below += step.p
            own = _own_share(step["alpha"], u[..., 2].reshape(-1))
            if step.name == "mixup":
                own = torch.where(on, own, 1.0)
                flat = batches.mix(flat, others, own)
            else:
                box = _box(1 - own, u[..., 3:].reshape(-1, 2), on, height, width)
                flat = batches.paste_box(flat, others, box)
                own = (1 - batches.box_share(box, height, width)).to(self.dtype)
            shares = shares * own
        batch.others = batch.labels.gather(1, partners)
        batch.shares = shares.view(n_replicates, n_rows)
        return flat

    def _silence(self, rows: Tensor) -> Tensor:
        """What fills a gap in time: 0 in signals, the least value in spectrograms."""
        return 0.0 if self.form[0] == 1 else batches.silence_of(rows)

    def _limit(self, rows: Tensor) -> Tensor:
        return rows.clamp_(0, 1) if self.is_pixels else rows

    def _whole(self, u: Tensor, most: float, on: Tensor) -> Tensor:
        """Whole numbers from -most to most, all equally likely."""
        n = int(most)
        return ((u * (2 * n + 1)).floor().long().clamp(max=2 * n) - n) * on


def _signed(u: Tensor) -> Tensor:
    return 2 * u - 1


def _where(on: Tensor, changed: Tensor, rows: Tensor) -> Tensor:
    return batches.choose(on.to(rows.dtype).view(-1, 1, 1, 1), changed, rows)


def _box(area: Tensor, centre: Tensor, on: Tensor, height: int, width: int, aspect: Tensor = None) -> Tensor:
    """Boxes of these shares of the area around centres in [0, 1), cut off at the edges; empty where not `on`."""
    if height == 1:
        tall, wide = torch.ones_like(area), area * width
    else:
        side = area.clamp(min=0).sqrt()
        bend = 1.0 if aspect is None else aspect.sqrt()
        tall, wide = side * bend * height, side / bend * width
    sides = []
    for size, extent, u in ((height, tall, centre[:, 0]), (width, wide, centre[:, 1])):
        n = extent.round().long().clamp(0, size)
        first = (u * size).floor().long() - n // 2
        if size == 1:
            first = torch.zeros_like(first)
        sides += [first.clamp(0, size), torch.where(on, (first + n).clamp(0, size), 0)]
    return torch.stack(sides, 1)


def _erased(u: Tensor, most: float, on: Tensor, height: int, width: int) -> Tensor:
    """Boxes of a fiftieth of the area up to `most` of it, with sides up to 10 : 3 (Zhong et al. 2017)."""
    least = min(0.02, most)
    aspect = (_signed(u[:, 1]) * float(np.log(10 / 3))).exp()
    return _box(least + u[:, 0] * (most - least), u[:, 2:4], on, height, width, aspect)


def _hide(rows: Tensor, step: Step, on: Tensor, u: Tensor) -> Tensor:
    """SpecAugment (Park et al. 2019): stripes of bands and of frames get the row's mean."""
    n_masks = step["masks"]
    fill = batches.mean_of(rows)
    drawn = u[:, _DRAWS - 1 : _DRAWS - 1 + 4 * n_masks].reshape(-1, 4, n_masks)
    for axis, most, at in ((1, step["bands"], 0), (2, step["frames"], 2)):
        width = (drawn[:, at] * (most + 1)).floor().long() * on[:, None]
        first = (drawn[:, at + 1] * (rows.shape[axis] - width + 1)).floor().long()
        rows = batches.fill_bands(rows, first, width, axis=axis, fill=fill)
    return rows


def _own_share(alpha: float, u: Tensor) -> Tensor:
    """The larger of two parts that are Beta(alpha, alpha) distributed: the row stays what it mostly is."""
    table = torch.from_numpy(_beta_quantiles(alpha)).to(u.device, u.dtype)
    at = u * (len(table) - 1)
    below = at.floor().long().clamp(max=len(table) - 2)
    drawn = torch.lerp(table[below], table[below + 1], at - below)
    return torch.maximum(drawn, 1 - drawn)


@cache
def _beta_quantiles(alpha: float) -> np.ndarray:
    from scipy.special import betaincinv

    return np.asarray(betaincinv(alpha, alpha, np.linspace(0, 1, 2049)), np.float64)


@cache
def _quantiles(name: str) -> np.ndarray:
    from scipy.special import ndtri

    middles = (np.arange(65536) + 0.5) / 65536
    return np.asarray(ndtri(middles) if name == "normal" else -np.log(middles), np.float64)
