"""Augmentation of whole batches at train time: tensors in, tensors out, on any device.

Every function takes rows of shape (n_rows, height, width, channels), floats, and the amounts of each row, and returns
new rows. A signal is an image of height 1; a spectrogram has its bands along the height and its frames along the
width. Nothing here draws at random (see `heldout.nets.fit.augmenting`), so each function can be held against a loop
over single images.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional

Tensor = Any


def flip(rows: Tensor, wanted: Tensor, *, axis: int = 2) -> Tensor:
    """Mirror the rows that are wanted (bool, (n_rows,)) along an axis: 2 left and right, 1 upside down."""
    return choose(_each(wanted, rows), rows.flip(axis), rows)


def move(rows: Tensor, down: Tensor, right: Tensor, *, edge: str = "zero", fill: Tensor = 0.0) -> Tensor:
    """Move each row by whole pixels.

    Parameters
    ----------
    down, right : int64 tensors, shape (n_rows,)
    edge : {'zero', 'reflect', 'wrap'}
        What enters: `fill`, the image mirrored at its outermost pixels, or what left on the other side.
    fill : float, or tensor (n_rows,)
        With ``zero``.
    """
    n_rows, height, width, channels = rows.shape
    outside: list[Tensor] = []
    places = []
    for size, steps in ((height, down), (width, right)):
        at = torch.arange(size, device=rows.device) - steps[:, None]  # (n_rows, size): where a pixel comes from
        if edge == "wrap":
            at = at.remainder(size)
        elif edge == "reflect":
            period = max(1, 2 * (size - 1))
            at = at.remainder(period)
            at = torch.where(at < size, at, period - at)
        else:
            outside.append(((at < 0) | (at >= size)).to(rows.dtype))
            at = at.clamp(0, size - 1)
        places.append(at)
    first = torch.arange(n_rows, device=rows.device)[:, None, None] * (height * width)
    flat = first + places[0][:, :, None] * width + places[1][:, None]
    moved = rows.reshape(-1, channels).index_select(0, flat.reshape(-1)).view(rows.shape)
    if not outside:
        return moved
    mask = torch.maximum(outside[0][:, :, None], _by_value(outside[1], channels))
    return choose(mask.view(rows.shape), _each(fill, rows), moved)


def rotate(rows: Tensor, degrees: Tensor) -> Tensor:
    """Turn each row about its centre, counter-clockwise, bilinear; what enters is 0. `degrees`: (n_rows,)."""
    n_rows, height, width, _ = rows.shape
    angle = degrees.to(rows.dtype) * (math.pi / 180)
    cosine, sine = angle.cos(), angle.sin()
    x, y = (  # each side from -1 to 1
        (2 * torch.arange(size, device=rows.device, dtype=rows.dtype) + 1) / size - 1 for size in (height, width)[::-1]
    )
    grid = rows.new_empty(n_rows, height, width, 2)
    cosine, sine = cosine[:, None, None], sine[:, None, None]
    torch.add(cosine * x, -sine * (height / width) * y[:, None], out=grid[..., 0])
    torch.add(sine * (width / height) * x, cosine * y[:, None], out=grid[..., 1])
    turned = functional.grid_sample(rows.permute(0, 3, 1, 2), grid, align_corners=False)
    return turned.permute(0, 2, 3, 1).contiguous()


def brighten(rows: Tensor, amounts: Tensor) -> Tensor:
    """Add an amount (n_rows,) to all values of a row."""
    return rows + _each(amounts, rows)


def contrast(rows: Tensor, factors: Tensor) -> Tensor:
    """Scale each value's distance from the row's mean."""
    factors = _each(factors, rows)
    return torch.addcmul(_each(mean_of(rows)) * (1 - factors), rows, factors)


def amplify(rows: Tensor, decibels: Tensor) -> Tensor:
    """Make each signal louder by a number of decibels."""
    return rows * _each(10 ** (decibels / 20), rows)


def fill_box(rows: Tensor, box: Tensor, fill: Tensor) -> Tensor:
    """Paint over a rectangle of each row.

    Parameters
    ----------
    box : int64 tensor, shape (n_rows, 4)
        First row of pixels, first after, first column, first after; empty where nothing is painted.
    fill : tensor (n_rows,)
    """
    return choose(_inside(rows, box), _each(fill, rows), rows)


def fill_bands(rows: Tensor, first: Tensor, width: Tensor, *, axis: int, fill: Tensor) -> Tensor:
    """Paint over stripes: `axis` 1 hides bands (rows of pixels), 2 hides frames (columns).

    Parameters
    ----------
    first, width : int64 tensors, shape (n_rows, n_stripes)
    fill : tensor (n_rows,)
    """
    at = torch.arange(rows.shape[axis], device=rows.device)
    hidden = ((at >= first[..., None]) & (at < (first + width)[..., None])).any(1).to(rows.dtype)
    hidden = hidden[:, :, None, None] if axis == 1 else hidden[:, None, :, None]
    return choose(hidden, _each(fill, rows), rows)


def resample(rows: Tensor, places: Tensor, *, axis: int, fill: Tensor = 0.0) -> Tensor:
    """Read each row at other places along an axis, linearly between two values.

    Parameters
    ----------
    places : float tensor, shape (n_rows, size of the axis)
        Where each new value is read, in units of the old ones; beyond the first and last, `fill` enters.
    axis : 1 or 2
    fill : float, or tensor (n_rows,)
    """
    size = rows.shape[axis]
    below = places.floor().clamp(0, size - 1)
    share = (places - below).clamp(0, 1).to(rows.dtype)
    lower = below.long()
    upper = (lower + 1).clamp(max=size - 1)
    form = (-1, size, 1, 1) if axis == 1 else (-1, 1, size, 1)
    shape = [len(rows), 1, 1, rows.shape[3]]
    shape[axis], shape[3 - axis] = size, rows.shape[3 - axis]

    def at(index: Tensor) -> Tensor:
        return rows.gather(axis, index.view(form).expand(shape))

    read = torch.lerp(at(lower), at(upper), share.view(form))
    outside = ((places < 0) | (places > size - 1)).to(rows.dtype).view(form)
    return choose(outside, _each(fill, rows), read)


def stretched_places(size: int, rates: Tensor) -> Tensor:
    """Places for `resample` that play a row `rates` times as fast, its beginning fixed: (n_rows, size)."""
    return torch.arange(size, device=rates.device) * rates[:, None]


def pitched_places(n_bands: int, semitones: Tensor, *, low: float, high: float) -> Tensor:
    """Places for `resample` that raise the pitch on a mel axis: (n_rows, n_bands).

    Bands lie evenly from `low` to `high` Hz on the scale 2595 log10(1 + f / 700) (O'Shaughnessy 1987), with half a
    band's width outside the first and the last, as triangular filters are laid.
    """
    bottom, top = (2595 * math.log10(1 + f / 700) for f in (low, high))
    width = (top - bottom) / (n_bands + 1)
    mels = bottom + width * (1 + torch.arange(n_bands, device=semitones.device, dtype=semitones.dtype))
    hertz = 700 * (10 ** (mels / 2595) - 1)
    source = 2595 * torch.log10(1 + hertz * 2 ** (-semitones[:, None] / 12) / 700)
    return (source - bottom) / width - 1


def add_noise(rows: Tensor, normal: Tensor, ratios: Tensor) -> Tensor:
    """Add noise at a level below each row's own mean square.

    Parameters
    ----------
    normal : tensor, shape of rows
        Independent values of mean 0 and variance 1.
    ratios : tensor, shape (n_rows,)
        Signal-to-noise ratio in decibels; infinite for none.
    """
    power = (rows * rows).mean((1, 2, 3), keepdim=True)
    return rows + normal * (power * _each(10 ** (-ratios / 10), rows)).sqrt()


def add_noise_to_levels(levels: Tensor, powers: Tensor, ratios: Tensor) -> Tensor:
    """Add white noise to spectrograms in decibels: powers add, so loud places hardly change.

    Parameters
    ----------
    levels : tensor, (n_rows, bands, frames, channels)
        In decibels of power, each band normalised by its width, so that white noise is equally loud in all.
    powers : tensor, shape of levels
        Independent positive values of mean 1.
    ratios : tensor, shape (n_rows,)
        As in `add_noise`, to the mean power of the row.
    """
    log = 10 / math.log(10)
    power = (levels / log).exp_()
    noise = power.mean((1, 2, 3), keepdim=True) * _each(10 ** (-ratios / 10), levels)
    return torch.addcmul(power, powers, noise).clamp_(min=1e-30).log_().mul_(log)


def mix(rows: Tensor, others: Tensor, shares: Tensor) -> Tensor:
    """Mean of each row and another, weighted `shares` to 1 - `shares` (mixup: Zhang et al. 2017)."""
    return torch.lerp(others, rows, _each(shares, rows))


def paste_box(rows: Tensor, others: Tensor, box: Tensor) -> Tensor:
    """Replace a rectangle of each row by the same of another (CutMix: Yun et al. 2019). `box` as in `fill_box`."""
    return choose(_inside(rows, box), others, rows)


def box_share(box: Tensor, height: int, width: int) -> Tensor:
    """Share of the area that each box covers, float64 (n_rows,)."""
    area = (box[:, 1] - box[:, 0]).clamp(min=0) * (box[:, 3] - box[:, 2]).clamp(min=0)
    return area.to(torch.float64) / (height * width)


def mean_of(rows: Tensor) -> Tensor:
    """Mean of each row's values, (n_rows,)."""
    return rows.mean((1, 2, 3))


def silence_of(rows: Tensor) -> Tensor:
    """Least value of each row, (n_rows,): the silence of a spectrogram."""
    return rows.amin((1, 2, 3))


def choose(mask: Tensor, chosen: Tensor, rows: Tensor) -> Tensor:
    """`chosen` where a mask of zeros and ones is 1, else `rows`: exactly, and ten times as fast as `torch.where`."""
    return torch.lerp(rows, chosen.expand_as(rows), mask)


def _inside(rows: Tensor, box: Tensor) -> Tensor:
    """1 where a value lies in its row's box, else 0."""
    y, x = (torch.arange(size, device=rows.device) for size in rows.shape[1:3])
    tall = ((y >= box[:, :1]) & (y < box[:, 1:2])).to(rows.dtype)
    wide = ((x >= box[:, 2:3]) & (x < box[:, 3:])).to(rows.dtype)
    return (tall[:, :, None] * _by_value(wide, rows.shape[3])).view(rows.shape)


def _by_value(columns: Tensor, n_channels: int) -> Tensor:
    """(n_rows, width) to (n_rows, 1, width * channels): without a short last axis, which is slow."""
    return columns.repeat_interleave(n_channels, 1)[:, None]


def _each(values: Tensor, rows: Tensor = None) -> Tensor:
    """One value a row, ready to meet (n_rows, height, width, channels)."""
    if isinstance(values, float):
        return torch.tensor(values, device=rows.device, dtype=rows.dtype)
    values = values if rows is None else values.to(rows.dtype)
    return values.view(-1, 1, 1, 1)
