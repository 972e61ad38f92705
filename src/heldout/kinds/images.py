"""Images: a row is uint8, height x width x channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.file_rows import dataset_of_files
from heldout.data.folder_plan import plan_folder, refuse_skipped
from heldout.data.groups import join_pairs
from heldout.data.images import FORMATS, IMAGES, read_image
from heldout.data.listing import Listing
from heldout.data.media import Media
from heldout.data.settings import Reading
from heldout.errors import SettingError
from heldout.kinds.base import Header, Kind, Pictures, Shown, counted
from heldout.kinds.copies.equal import equal_rows
from heldout.kinds.copies.groups import Copies, copies_of, one_of_each, spread

LARGEST_SIDE = 4096
DESCRIBED_SIDE = 20
BLOCK_ROWS = 2048
SHEET_CLASSES = 20
SHEET_EACH = 8
MOST_MEANS = 40
SAMPLE_FOR_MEANS = 500


class Images(Kind):
    """Images: folders of files, uint8 arrays in an .npz."""

    name: ClassVar[str] = IMAGES.many
    row: ClassVar[str] = IMAGES.one
    rows: ClassVar[str] = IMAGES.many
    files: ClassVar[Media | None] = IMAGES
    settings: ClassVar[tuple[str, ...]] = ("image_size",)
    header_words: ClassVar[str] = "size, shape and format"
    most_headers: ClassVar[int] = 2_000  # a header of an image is slow to read
    shares_scale: ClassVar[bool] = True

    def load_folder(self, path: Path, listing: Listing, reading: Reading) -> Dataset:
        """Load a folder of images, all of one size; they are decoded once and then mapped from the cache."""
        from heldout.data.importing import import_images

        size = checked_size(reading.image_size)
        plan = plan_folder(path, listing, IMAGES, strict=reading.strict)
        files = import_images(path, listing.only(set(plan.labels)), image_size=size, progress=reading.progress)
        refuse_skipped(path, files.skipped, reading.strict)
        origin = {"data": str(path), "target": None, "group": None, "image_size": size and list(size)}
        name = path.resolve().name
        return dataset_of_files(IMAGES, plan, files, name=name, origin=origin, input=files.form.as_input())

    def read_input(self, source: Any, input: Mapping[str, Any]) -> np.ndarray:
        """Read one image file, or its bytes, by the lines that read the training images."""
        return read_image(source, input)

    def row_shape(self, input: Mapping[str, Any]) -> tuple[int, ...]:
        """Height, width, channels."""
        return input["height"], input["width"], input["channels"]

    def row_bytes(self, input: Mapping[str, Any]) -> int:
        """One byte a value."""
        return int(np.prod(self.row_shape(input)))

    def settings_like(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """The size."""
        return {"image_size": (input["height"], input["width"])}

    def find_copies(self, data: Dataset, generator: np.random.Generator, most_near: int | None) -> Copies:
        """Identical pixels, nearly identical ones after reduction, and other views of one picture."""
        from heldout.kinds.copies.images import WHAT, near_images
        from heldout.kinds.copies.views import view_pairs

        images = data.x
        equal = equal_rows(images)
        rows = one_of_each(equal, generator, most_near)
        groups = spread(equal, rows, near_images(images, rows, generator))
        firsts = np.unique(groups, return_index=True)[1]
        a, b = view_pairs(images, firsts[np.isin(firsts, rows)], generator)
        how = WHAT
        if len(a):
            how += f"; {len(a):,} pairs are the same picture shifted, cropped, mirrored or recoloured"
        return copies_of(join_pairs(groups, a, b), how)

    def described(self, data: Dataset, rows: np.ndarray) -> np.ndarray:
        """Grey levels after reduction to at most 20 x 20 pixels."""
        return reduced(data.x, rows, DESCRIBED_SIDE).reshape(len(rows), -1)

    def sample(self, data: Dataset, position: int) -> Shown:
        """The picture."""
        return Shown(picture=np.asarray(data.x[position]))

    def facts(self, data: Dataset, measured: np.ndarray) -> dict[str, str]:
        """The size."""
        height, width, channels = data.x.shape[1:]
        return {"as loaded": f"{height} x {width}, {'grey' if channels == 1 else 'colour'}"}

    def sheets(self, data: Dataset) -> dict[str, Pictures]:
        """The mean image of each class, and some images of each."""
        means, samples = [], []
        for label in range(min(data.n_classes, MOST_MEANS)):
            rows = np.flatnonzero(data.y == label)
            if len(rows) == 0:
                continue
            mean = np.asarray(data.x[_evenly(rows, SAMPLE_FOR_MEANS)], np.float32).mean(0)
            means.append((np.rint(mean).astype(np.uint8), data.classes[label]))
            if label < SHEET_CLASSES:
                samples += [(np.asarray(data.x[row]), data.classes[label]) for row in _evenly(rows, SHEET_EACH)]
        return {"mean of each class": means, "samples": samples}

    def read_header(self, path: Path) -> Header:
        """Width, height and mode by the header alone; pixels are not decoded."""
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(path, formats=FORMATS) as image:
                return Header(image.width, image.height, image.mode)
        except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
            return Header()

    def header_facts(self, headers: list[Header]) -> dict[str, str]:
        """Sizes in pixels, and modes."""
        shapes = Counter((int(header.first), int(header.second)) for header in headers)
        (width, height), count = shapes.most_common(1)[0]
        share = f"{100 * count / len(headers):.0f} %"
        return {
            "sizes in pixels": f"{len(shapes):,} different, most {width} x {height} ({share})",
            "modes": counted([header.form for header in headers]),
        }


def checked_size(image_size: int | Sequence[int] | None) -> tuple[int, int] | None:
    """Height and width; one number gives both.

    Raises
    ------
    SettingError
        If it is neither, or out of range.
    """
    if image_size is None:
        return None
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or not all(isinstance(side, int) and 1 <= side <= LARGEST_SIDE for side in size):
        raise SettingError(
            f"image_size is {image_size!r}", fix=f"give a side in pixels (1 to {LARGEST_SIDE}), or (height, width)"
        )
    return size[0], size[1]


def reduced(images: np.ndarray, rows: np.ndarray, side: int) -> np.ndarray:
    """Images averaged down to at most ``side`` pixels a side; float32, grey levels, (n, height, width, channels)."""
    edges = [np.linspace(0, length, min(length, side) + 1).astype(int) for length in images.shape[1:3]]
    areas = np.diff(edges[0])[:, None, None] * np.diff(edges[1])[:, None]
    blocks: list[np.ndarray] = []
    for start in range(0, len(rows), BLOCK_ROWS):
        block = np.asarray(images[rows[start : start + BLOCK_ROWS]], dtype=np.float32)
        sums = np.add.reduceat(np.add.reduceat(block, edges[0][:-1], axis=1), edges[1][:-1], axis=2)
        blocks.append(sums / areas.astype(np.float32))
    return np.concatenate(blocks) if blocks else np.empty((0, 1, 1, images.shape[3]), np.float32)


def _evenly(rows: np.ndarray, most: int) -> np.ndarray:
    """At most ``most`` of the rows, evenly spaced."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)]
