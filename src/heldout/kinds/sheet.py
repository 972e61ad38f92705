"""A sheet of sample pictures: a row for each class, so that wrong labels and odd pictures catch the eye."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from heldout.data.dataset import Dataset
from heldout.errors import SettingError
from heldout.files import write_bytes
from heldout.kinds.registry import kind_of

MAX_CLASSES = 50
_LEAST_SIDE = 48
_LABEL_WIDTH = 150
_GAP = 4


def save_sheet(data: Dataset, path: Path, *, per_class: int = 10, seed: int = 0) -> Path:
    """Write random pictures of each class, with the class's name before them, as one PNG.

    Parameters
    ----------
    data : Dataset
        Of images.
    path : Path
        Ends in ``.png``.
    per_class : int, default=10
    seed : int, default=0
        Same seed, same pictures.

    Raises
    ------
    SettingError
        If the data are no images, or the name does not end in ``.png``.
    """
    if kind_of(data).sample(data, 0).picture is None:
        raise SettingError(
            f"a sample sheet shows images; {data.name} is of kind {data.kind}",
            where="--sheet",
            fix=f"heldout look {data.origin.get('data') or data.name} describes it",
        )
    if Path(path).suffix.lower() != ".png":
        raise SettingError("a sample sheet is a PNG file", where=str(path), fix="--sheet samples.png")
    buffer = io.BytesIO()
    _draw(data, per_class, np.random.Generator(np.random.PCG64(seed))).save(buffer, "PNG")
    write_bytes(Path(path), buffer.getvalue())
    return Path(path)


def _draw(data: Dataset, per_class: int, generator: np.random.Generator) -> Any:
    from PIL import Image, ImageDraw

    height, width = data.x.shape[1:3]
    zoom = max(1, -(-_LEAST_SIDE // max(height, width)))
    cell_h, cell_w = height * zoom + _GAP, width * zoom + _GAP
    shown = np.flatnonzero(np.bincount(data.y, minlength=data.n_classes))[:MAX_CLASSES]
    sheet = Image.new("RGB", (_LABEL_WIDTH + per_class * cell_w, len(shown) * cell_h + _GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for line, number in enumerate(shown):
        rows = generator.permutation(np.flatnonzero(data.y == number))[:per_class]
        top = _GAP + line * cell_h
        pen.text((_GAP, top + cell_h // 2 - 6), _printable(data.classes[number]), fill="black")
        for place, row in enumerate(np.sort(rows)):
            pixels = np.asarray(data.x[row])
            picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
            picture = picture.resize((width * zoom, height * zoom), Image.Resampling.NEAREST)
            sheet.paste(picture, (_LABEL_WIDTH + place * cell_w, top))
    return sheet


def _printable(name: str, limit: int = 22) -> str:
    """A class's name in letters that Pillow's own font has."""
    plain = "".join(c if 32 <= ord(c) < 127 or 160 <= ord(c) < 256 else "?" for c in name)
    return plain if len(plain) <= limit else plain[: limit - 3] + "..."
