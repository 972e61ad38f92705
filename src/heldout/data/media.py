"""A kind of file in words, such as an image or a sound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


def suffix_of(name: str) -> str:
    """The ending of a file's name with its dot, in small letters; empty if there is none."""
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")  # pathlib takes a second for 60,000 names
    return dot + ending.lower() if stem else ""


@dataclass(frozen=True)
class Media:
    """A kind of file: its endings, the words for one and many, and an example of a name: image, images, image.png."""

    suffixes: tuple[str, ...]
    one: str
    many: str
    example: str

    def holds(self, name: str) -> bool:
        """Whether a file is of the kind, by its ending."""
        return suffix_of(name) in self.suffixes

    def count(self, names: Iterable[str]) -> int:
        """How many of these files are of the kind, by their endings."""
        return sum(map(self.holds, names))

    @property
    def a_file(self) -> str:
        """One of them with its article: an image, a sound."""
        return f"{'an' if self.one[0] in 'aeiou' else 'a'} {self.one}"

    @property
    def layout(self) -> str:
        """How a folder of them should look."""
        return (
            f"lay it out as FOLDER/CLASS/{self.example}, or FOLDER/train/CLASS/{self.example} and "
            f"FOLDER/test/CLASS/{self.example}, or put a labels.csv with the columns file,label next to the {self.many}"
        )
