"""The settings of a look, declared once."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.data.settings import LoadSettings
from heldout.look.findings import Severity
from heldout.settings import check, names, setting


@dataclass(frozen=True)
class LookSettings(LoadSettings):
    """Settings of `heldout look`: what is looked at, which checks run, and what is written."""

    only: tuple[str, ...] = setting((), "Run only these checks.", metavar="ID,…", unset="all checks", read=names)
    ignore: tuple[str, ...] = setting((), "Leave these checks out.", metavar="ID,…", unset="none", read=names)
    level: str = setting(
        Severity.NOTE.value, "Least severity of findings that are shown.", choices=tuple(map(str, reversed(Severity)))
    )
    fail_on: str | None = setting(
        None,
        "Exit with code 1 if a finding has this severity or a higher one, shown or not.",
        choices=(Severity.WARNING.value, Severity.ERROR.value),
        unset="never",
    )
    run: str | None = setting(None, "Leave out the rows that this run sealed.", metavar="RUN")
    out: str | None = setting(None, "Also write a page with figures.", metavar="FILE.html", flags="-o")
    groups: str | None = setting(None, "Also write file, label and group of each row.", metavar="FILE.csv")
    seed: int = setting(0, "Seed of samples, folds and models.", metavar="N")

    def __post_init__(self) -> None:
        check(self, fix="`heldout look --help` lists the options")
