"""A sheet that shows what each operation does: before above, after below; one picture or one self-contained page."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from heldout.augment.drawing import draw
from heldout.augment.making_images import ImageMaker
from heldout.augment.making_sounds import make_clips, tasks
from heldout.augment.operations import Step
from heldout.data.dataset import Dataset

_ACROSS = {"images": 10, "sounds": 4, "table": 4}
_TILE = 72
_WHITE, _GREY, _DARK = (255, 255, 255), (190, 190, 190), (20, 60, 140)
Block = tuple[str, list[list[np.ndarray]]]  # caption, and rows of RGB tiles


def make_sheet(
    data: Dataset,
    operations: Sequence[Step],
    *,
    seed: int = 0,
    fill: str = "edge",
    best: bool = False,
    form: str = "png",
) -> bytes:
    """Draw the sheet of a data set: each operation alone, then all together.

    Parameters
    ----------
    data : Dataset
        Images are shown as they are, sounds as spectrograms, tables as scatter plots of neighbouring features.
    operations : sequence of Step
    seed : int, default=0
    fill : {'edge', 'mean', 'zero'}, default='edge'
    best : bool, default=False
    form : {'png', 'html'}, default='png'

    Returns
    -------
    bytes
        The file's content.
    """
    together = [(" + ".join(step.name for step in operations), tuple(operations))] if len(operations) > 1 else []
    blocks: list[Block] = []
    for caption, steps in [*((str(step), (replace(step, p=1.0),)) for step in operations), *together]:
        if data.kind == "images":
            rows = _image_rows(data, steps, seed, fill)
        elif data.kind == "sounds":
            rows = _sound_rows(data, steps, seed, best)
        else:
            rows = _table_rows(data, steps, seed)
        blocks.append((caption, rows))
    title = f"{data.name}: {'before above, after below' if data.kind != 'table' else 'rows grey, new rows blue'}"
    return _page(title, blocks) if form == "html" else _png(_joined([_block_image(block) for block in blocks], title))


def _chosen(data: Dataset, n: int) -> np.ndarray:
    """Rows of as many classes as possible, the first of each."""
    order = np.argsort(data.y, kind="stable")
    starts = np.searchsorted(data.y[order], np.unique(data.y))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    rows: np.ndarray = order[np.lexsort((order, rank))][:n]
    return rows


def _image_rows(data: Dataset, steps: tuple[Step, ...], seed: int, fill: str) -> list[list[np.ndarray]]:
    rows = _chosen(data, _ACROSS["images"])
    few = np.concatenate([rows, np.setdiff1d(np.arange(len(data)), rows)[:200]])  # partners for mix, not all the data
    part = data.take(few)
    maker = ImageMaker(np.asarray(part.x), draw(steps, len(part), 1, seed, pool=part.y), fill=fill)
    shown = np.arange(len(rows))
    return [[_tile(i) for i in maker.original(shown)], [_tile(i) for i in maker.make(shown, np.zeros_like(shown))]]


def _tile(image: np.ndarray) -> np.ndarray:
    """An image as RGB, made larger by a whole number, or smaller to `_TILE`."""
    rgb = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    scale = max(1, _TILE // max(rgb.shape[:2]))
    if scale > 1:
        return rgb.repeat(scale, axis=0).repeat(scale, axis=1)
    from PIL import Image

    small = Image.fromarray(rgb)
    small.thumbnail((_TILE * 2, _TILE * 2))
    return np.asarray(small)


def _sound_rows(data: Dataset, steps: tuple[Step, ...], seed: int, best: bool) -> list[list[np.ndarray]]:
    rows = _chosen(data, _ACROSS["sounds"])
    part = data.take(np.concatenate([rows, np.setdiff1d(np.arange(len(data)), rows)[:50]]))
    draws = draw(steps, len(part), 1, seed, pool=part.y)
    given = tasks(part.x, draws, rate=int(data.input["rate"]), seed=seed, best=best, rows=np.arange(len(rows)))
    pairs = [(task.clip, make_clips(task)[0]) for task in given]
    return [[spectrogram_tile(clip) for clip in side] for side in zip(*pairs, strict=True)]


def spectrogram_tile(clip: np.ndarray, height: int = 100, width: int = 160) -> np.ndarray:
    """Levels of an int16 clip over time (across) and frequency (up) as RGB; white is -90 dB of full scale and less."""
    block = int(min(1024, max(16, len(clip))))
    padded = np.pad(clip.astype(np.float32) / 32768, (0, max(0, block - len(clip))))
    starts = np.linspace(0, len(padded) - block, width).astype(np.int64)
    window = np.hanning(block).astype(np.float32)
    spectra = np.abs(np.fft.rfft(padded[starts[:, None] + np.arange(block)] * window, axis=1)) / window.sum()
    edges = np.linspace(0, spectra.shape[1], height + 1).astype(np.int64)
    power = np.maximum.reduceat(spectra, np.minimum(edges[:-1], spectra.shape[1] - 1), axis=1)
    level = np.clip(1 + 20 * np.log10(power + 1e-9) / 90, 0, 1).T[::-1, :, None]
    return (255 - level * (255 - np.array(_DARK))).astype(np.uint8)


def _table_rows(data: Dataset, steps: tuple[Step, ...], seed: int) -> list[list[np.ndarray]]:
    from heldout.augment.tables import augment_table

    rows = np.random.default_rng(seed).permutation(len(data))[:300]
    part = data.take(np.sort(rows))
    made, _, _ = augment_table(part.x, part.y, steps, copies=3, seed=seed)
    numeric = [name for name in part.x.columns if part.x[name].dtype != object]
    pairs = list(pairwise(numeric)) or [(name, name) for name in numeric]
    tiles = [
        _scatter(part.x[list(pair)].to_numpy(float), made[list(pair)].to_numpy(float), pair)
        for pair in pairs[: _ACROSS["table"]]
    ]
    return [tiles] if tiles else [[_scatter(np.zeros((0, 2)), np.zeros((0, 2)), ("no numbers", ""))]]


def _scatter(before: np.ndarray, after: np.ndarray, names: tuple[str, str], size: int = 200) -> np.ndarray:
    from PIL import Image, ImageDraw

    canvas = Image.new("RGB", (size, size), _WHITE)
    pen = ImageDraw.Draw(canvas)
    pen.rectangle((18, 2, size - 2, size - 18), outline=_GREY)
    pen.text((20, size - 15), _plain(names[0])[:28], fill="black")
    pen.text((22, 4), _plain(names[1])[:28], fill="black")
    known = before[np.isfinite(before).all(axis=1)] if len(before) else before
    if len(known):
        low, span = known.min(axis=0), np.ptp(known, axis=0)
        for points, radius, colour in ((known, 2, _GREY), (after[np.isfinite(after).all(axis=1)], 1, _DARK)):
            place = (points - low) / np.where(span > 0, span, 1)
            for x, y in zip(24 + place[:, 0] * (size - 32), size - 24 - place[:, 1] * (size - 32), strict=True):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return np.asarray(canvas)


def _block_image(block: Block) -> Any:
    """A caption above rows of tiles."""
    from PIL import Image, ImageDraw

    caption, rows = block
    heights = [max(tile.shape[0] for tile in row) for row in rows]
    width = max(sum(tile.shape[1] + 4 for tile in row) for row in rows)
    canvas = Image.new("RGB", (max(width, 300), sum(heights) + 4 * len(rows) + 20), _WHITE)
    ImageDraw.Draw(canvas).text((2, 4), _plain(caption), fill="black")
    top = 20
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for tile in row:
            canvas.paste(Image.fromarray(tile), (left, top))
            left += tile.shape[1] + 4
        top += height + 4
    return canvas


def _joined(images: list[Any], title: str) -> Any:
    from PIL import Image, ImageDraw

    canvas = Image.new("RGB", (max(i.width for i in images) + 16, sum(i.height for i in images) + 32), _WHITE)
    ImageDraw.Draw(canvas).text((8, 6), _plain(title), fill="black")
    top = 24
    for image in images:
        canvas.paste(image, (8, top))
        top += image.height
    return canvas


def _plain(text: str) -> str:
    """What the built-in font can draw."""
    return text.encode("latin-1", "replace").decode("latin-1")


def _png(image: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _page(title: str, blocks: list[Block]) -> bytes:
    figures = []
    for caption, rows in blocks:
        picture = base64.b64encode(_png(_block_image(("", rows)))).decode()
        name = html.escape(caption)
        figures.append(
            f'<figure><figcaption>{name}</figcaption><img alt="{name}" src="data:image/png;base64,{picture}"></figure>'
        )
    page = (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>body{{font:16px sans-serif;margin:2em}}figure{{margin:0 0 1.5em}}"
        f"img{{max-width:100%;image-rendering:pixelated}}</style><h1>{html.escape(title)}</h1>{''.join(figures)}</html>\n"
    )
    return page.encode()
