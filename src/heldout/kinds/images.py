"""Images: a row is uint8, height x width x channels."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from heldout.data.dataset import Dataset
from heldout.data.groups import join_pairs
from heldout.kinds.base import Kind
from heldout.kinds.copies.groups import Copies, copies_of, one_of_each, spread


class Images(Kind):
    """Images."""

    name: ClassVar[str] = "images"
    row: ClassVar[str] = "image"
    rows: ClassVar[str] = "images"

    def find_copies(self, data: Dataset, generator: np.random.Generator, most_near: int | None) -> Copies:
        """Identical pixels, nearly identical ones after reduction, and other views of one picture."""
        from heldout.kinds.copies.images import WHAT, equal_images, near_images
        from heldout.kinds.copies.views import view_pairs

        images = data.x
        equal = equal_images(images)
        rows = one_of_each(equal, generator, most_near)
        groups = spread(equal, rows, near_images(images, rows, generator))
        firsts = np.unique(groups, return_index=True)[1]
        a, b = view_pairs(images, firsts[np.isin(firsts, rows)], generator)
        how = WHAT
        if len(a):
            how += f"; {len(a):,} pairs are the same picture shifted, cropped, mirrored or recoloured"
        return copies_of(join_pairs(groups, a, b), how)
