"""Settings of `heldout augment`."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.settings import Range, check, names, setting


@dataclass(frozen=True)
class AugmentSettings:
    """What is made of each row, and how it is written."""

    operations: str | None = setting(
        None,
        'Operations: "rotate 3, shift 0.1, flip p 0.5".',
        metavar="STEPS",
        flags="--with",
        unset="some that suit the kind of data",
    )
    copies: int = setting(9, "New samples of each row.", within=Range(0, 10_000), metavar="N")
    seed: int = setting(0, "Seed of every random choice.", within=Range(0, 2**32 - 1), metavar="N")
    only_classes: tuple[str, ...] = setting((), "Augment only these classes.", metavar="A,B", unset="all", read=names)
    originals: bool = setting(True, "Also write the originals.")
    fill: str = setting("edge", "Images: what fills gaps.", choices=("edge", "mean", "zero"))
    format: str = setting("flac", "Sounds: file format.", choices=("flac", "wav", "ogg"))
    best: bool = setting(False, "Sounds: change pitch and tempo with the slower, cleaner method.")
    overwrite: bool = setting(False, "Replace what an earlier call wrote to OUT.", decides=False)
    jobs: int | None = setting(
        None,
        "Worker processes.",
        within=Range(1, 1024),
        metavar="N",
        flags="-j",
        unset="one per core, for large data",
        decides=False,
    )

    def __post_init__(self) -> None:
        check(self, fix="see `heldout augment --help` for the ranges")

    @property
    def only(self) -> tuple[str, ...] | None:
        """Classes that get copies; None: all."""
        return self.only_classes or None
