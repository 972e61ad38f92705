"""What files say of themselves: size in bytes, width, height and mode of images, length and rate of sounds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heldout.data.dataset import Dataset


@dataclass(frozen=True)
class FileFacts:
    """Facts on some rows' files.

    Attributes
    ----------
    kind : 'images' or 'sounds'
    numbers : float array, shape (n_files, 5)
        Size in bytes; width and height in pixels, or length in milliseconds and rate (0 where unknown); number of the
        mode; number of the ending.
    modes, endings : tuple of str
        By number.
    """

    kind: str
    numbers: np.ndarray
    modes: tuple[str, ...]
    endings: tuple[str, ...]

    def summary(self) -> dict[str, str]:
        """In words."""
        sizes, widths, heights = self.numbers[:, 0], self.numbers[:, 1], self.numbers[:, 2]
        found = {"file sizes": f"{int(sizes.min()):,} to {int(sizes.max()):,} bytes, median {int(np.median(sizes)):,}"}
        if widths.any() and self.kind == "sounds":
            rates = Counter(heights.astype(int).tolist())
            found["lengths"] = f"{widths.min() / 1000:.2f} to {widths.max() / 1000:.2f} s"
            found["rates"] = ", ".join(f"{rate:,} Hz {count:,}" for rate, count in rates.most_common(5))
            found["channels and coding"] = _counted(self.numbers[:, 3], self.modes)
        elif widths.any():
            shapes = Counter(zip(widths.astype(int).tolist(), heights.astype(int).tolist(), strict=True))
            (width, height), count = shapes.most_common(1)[0]
            found["sizes in pixels"] = (
                f"{len(shapes):,} different, most {width} x {height} ({100 * count / len(sizes):.0f} %)"
            )
            found["modes"] = _counted(self.numbers[:, 3], self.modes)
        found["endings"] = _counted(self.numbers[:, 4], self.endings)
        return found


def _counted(numbers: np.ndarray, names: tuple[str, ...]) -> str:
    counts = np.bincount(numbers.astype(int), minlength=len(names))
    return ", ".join(f"{names[i] or 'none'} {counts[i]:,}" for i in np.argsort(-counts)[:5])


def file_facts(data: Dataset, rows: np.ndarray) -> FileFacts | None:
    """Facts on the files of these rows; None where rows are not files of a folder."""
    root = Path(str(data.origin.get("data", "")))
    if not root.is_dir():
        return None
    lines: list[tuple[int, int, int, str, str]] = []
    for row in rows:
        path = root / str(data.ids[row])
        try:
            size = path.stat().st_size
        except OSError:
            return None
        width, height, mode = _header(path) if data.kind == "images" else _sound_header(path)
        lines.append((size, width, height, mode, path.suffix.lower()))
    modes, mode_numbers = np.unique([line[3] for line in lines], return_inverse=True)
    endings, ending_numbers = np.unique([line[4] for line in lines], return_inverse=True)
    numbers = np.array([line[:3] for line in lines], np.float64)
    return FileFacts(
        data.kind,
        np.column_stack([numbers, mode_numbers, ending_numbers]),
        tuple(map(str, modes)),
        tuple(map(str, endings)),
    )


def _header(path: Path) -> tuple[int, int, str]:
    """Width, height and mode by the header alone; pixels are not decoded."""
    from PIL import Image, UnidentifiedImageError

    from heldout.data.images import FORMATS

    try:
        with Image.open(path, formats=FORMATS) as image:
            return image.width, image.height, image.mode
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return 0, 0, ""


def _sound_header(path: Path) -> tuple[int, int, str]:
    """Length in milliseconds, rate, and channels with coding, by the header."""
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError, RuntimeError):
        return 0, 0, ""
    return round(1000 * info.duration), info.samplerate, f"{info.channels} x {info.subtype}"
