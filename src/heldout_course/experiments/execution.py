"""How recipes are run: the settings of `heldout run` and `heldout book run`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from heldout.errors import SettingError, require
from heldout.settings import Range, check, setting

PROFILES = ("quick", "full")
ADDRESS = re.compile(r"ray://(\[[0-9a-fA-F:]+\]|[^\s/:\[\]]+):\d{1,5}")


@dataclass(frozen=True)
class Execution:
    """How recipes are run."""

    profile: str = setting("quick", "Size of the run.", choices=PROFILES)
    on: str = setting("local", "Where to run: local, ray or ray://HOST:PORT.", metavar="ENGINE")
    jobs: int | None = setting(
        None, "Worker processes.", within=Range(0, 1024), metavar="N", flags="-j", unset="one per core"
    )

    def __post_init__(self) -> None:
        check(self, fix="see heldout run --help")
        check_engine(self.on)


def check_engine(engine: str | None) -> None:
    """Refuse engines that cannot run here; None and ``local`` are this machine's processes.

    Raises
    ------
    SettingError, MissingExtraError
    """
    if engine in (None, "local"):
        return
    if engine != "ray" and not ADDRESS.fullmatch(str(engine)):
        raise SettingError(f"Unknown engine {engine!r}", where="--on", fix="local, ray or ray://HOST:PORT")
    require("ray", extra="cluster", needed_by=f"--on {engine}")
