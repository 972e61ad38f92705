"""A folder that appears whole or not at all, and whose making can go on after it was stopped.

Files are written into a hidden folder next to the target, each under another name first; when all are there, the folder
takes its place. The recipe in it says for what call it is, so that another call does not go on with it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from heldout.augment.operations import LANGUAGES
from heldout.errors import SettingError
from heldout.files import DiskError, write_json

RECIPE = "augment.json"
"""A folder with this file was written by `heldout augment`."""


class Staging:
    """The hidden folder of a target.

    Parameters
    ----------
    target : Path
    recipe : mapping
        What decides the content, as plain JSON.
    overwrite : bool, default=False
        Replace a target that an earlier call wrote, and a half folder of another recipe.

    Raises
    ------
    SettingError
        If the target is there, or holds something else than an earlier call wrote, or the half folder is of another
        recipe.
    """

    def __init__(self, target: Path, recipe: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self.target = Path(target)
        self.folder = self.target.parent / f".{self.target.name}.part"
        self._recipe = json.loads(json.dumps(recipe))
        self._check_target(overwrite)
        self.goes_on = self._take_over(overwrite)

    def _check_target(self, overwrite: bool) -> None:
        if not self.target.exists() and not self.target.is_symlink():
            return
        where = str(self.target)
        ours = (self.target / RECIPE).is_file() or (self.target.is_dir() and not any(self.target.iterdir()))
        if not ours:
            raise SettingError(
                "already exists and was not written by heldout augment", where=where, fix="choose another OUT"
            )
        if not overwrite:
            raise SettingError("already exists", where=where, fix="choose another OUT, or add --overwrite")

    def _take_over(self, overwrite: bool) -> bool:
        if not self.folder.exists():
            return False
        try:
            same = _today(json.loads((self.folder / RECIPE).read_text("utf-8"))) == self._recipe
        except (OSError, ValueError):
            same = False
        if same:
            return True
        if not overwrite:
            raise SettingError(
                "a stopped call with other settings left a half folder here",
                where=str(self.folder),
                fix="repeat that call to go on with it, or add --overwrite to begin anew",
            )
        shutil.rmtree(self.folder)
        return False

    def begin(self, n_bytes: int, folders: list[str]) -> None:
        """Make the hidden folder, if there is room for `n_bytes`.

        Raises
        ------
        DiskError
            If the disk has too little room, or the folder cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            require_room(self.folder, n_bytes)
            write_json(self.folder / RECIPE, self._recipe)
            for name in folders:
                (self.folder / name).mkdir(exist_ok=True)
        except DiskError:
            if not self.goes_on:
                shutil.rmtree(self.folder, ignore_errors=True)
            raise
        except OSError as error:
            raise DiskError(
                f"cannot be made: {error.strerror or error}", where=str(self.target), fix="choose another OUT"
            ) from error

    def has(self, name: str) -> bool:
        """Whether a file is there already, from a call that was stopped."""
        path = self.folder / name
        return self.goes_on and path.is_file() and path.stat().st_size > 0

    def finish(self) -> None:
        """Let the folder take its place; an earlier one goes only when the new one stands."""
        old = self.target.parent / f".{self.target.name}.old"
        try:
            shutil.rmtree(old, ignore_errors=True)
            if self.target.exists():
                self.target.rename(old)
            self.folder.rename(self.target)
        except OSError as error:
            raise DiskError(
                f"cannot take its place: {error.strerror or error}", where=str(self.target), fix="choose another OUT"
            ) from error
        shutil.rmtree(old, ignore_errors=True)


def _today(recipe: Any) -> Any:
    """A recipe with its operations in today's words, should an earlier version have begun."""
    if not isinstance(recipe, dict) or recipe.get("kind") not in LANGUAGES:
        return recipe
    words = LANGUAGES[recipe["kind"]]
    return {**recipe, "operations": [words.upgraded(str(step)) for step in recipe.get("operations") or ()]}


def require_room(folder: Path, n_bytes: int) -> None:
    """Raise `DiskError` unless the disk of `folder` has room for these bytes and a tenth more."""
    free = shutil.disk_usage(folder).free
    needed = int(1.1 * n_bytes)
    if needed > free:
        raise DiskError(
            f"about {needed / 1e9:.2f} GB are needed and {free / 1e9:.2f} GB are free",
            where=str(folder),
            fix="free some space, choose a folder on another disk, or make fewer copies",
        )


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` write to a path next to `path`, which then takes its name.

    Without waiting for the disk: thousands of files would take hours, and the folder only counts once it has its name.
    """
    temporary = path.with_name(f".{path.name}.tmp{path.suffix}")
    try:
        write(temporary)
        os.replace(temporary, path)  # noqa: PTH105 - as in heldout.files
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DiskError(
            f"cannot write: {error.strerror or error}", where=str(path), fix="free some space; the same call goes on"
        ) from error
