"""The course's recipes: a YAML file each, found by its id."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from heldout.errors import SettingError
from heldout_course.experiments.recipe import Recipe, load_recipe

FOLDER = Path(__file__).with_name("recipes")
SECONDS = Path(__file__).with_name("quick_seconds.json")
"""Of quick runs, from ``heldout book list --json``; those that are left out take less than `SHORT_SECONDS`."""
SHORT_SECONDS = 5.0


def all_ids() -> list[str]:
    """Ids of all recipes, chapter by chapter, numbers by their size."""
    return list(_all_ids())


@lru_cache(maxsize=1)
def _all_ids() -> tuple[str, ...]:
    return tuple(sorted((path.stem for path in FOLDER.glob("*.yaml")), key=_natural))


def _natural(identity: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", identity)]


def find_recipe(identity: str) -> Recipe:
    """The recipe of an id.

    Raises
    ------
    SettingError
        If there is none, with the nearest ones.
    """
    known = _all_ids()
    if identity not in known:
        near = get_close_matches(identity, known, 3, 0.5)
        chapter = [name for name in known if identity and name.startswith(identity.split(".")[0] + ".")]
        if near:
            fix = f"did you mean {' or '.join(near)}?"
        elif chapter:
            fix = f"this chapter has {', '.join(chapter[:6])}; `heldout book list` shows all"
        else:
            chapters = dict.fromkeys(name.split(".")[0] for name in known)
            fix = f"the chapters are {', '.join(chapters)}; `heldout book list` shows all experiments"
        raise SettingError(f"Unknown experiment {identity!r}", fix=fix)
    recipe = load_recipe(FOLDER / f"{identity}.yaml")
    if recipe.id != identity:
        raise recipe.source.refuse(f"id is {recipe.id!r}, and the file is {identity}.yaml", "id", fix="the same name")
    return recipe


def choose(words: tuple[str, ...]) -> list[str]:
    """The ids of words: an id, a chapter such as ``ch07``, or ``all``."""
    found: list[str] = []
    for word in words:
        chapter = [name for name in all_ids() if name.startswith(word + ".")]
        found += all_ids() if word == "all" else chapter or [find_recipe(word).id]
    return list(dict.fromkeys(found))


def share_of(ids: list[str], text: str) -> list[str]:
    """The k-th of n shares of about equal work, of a text ``k/n``; the same shares each time.

    Raises
    ------
    SettingError
    """
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    k, n = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= k <= n:
        raise SettingError(f"Unknown slice {text!r}", where="--slice", fix="1/6 to 6/6 are the slices of six")
    seconds = quick_seconds()
    work, share = [0.0] * n, {}
    for identity in sorted(ids, key=lambda one: -seconds.get(one, SHORT_SECONDS)):  # the longest first
        share[identity] = min(range(n), key=work.__getitem__)
        work[share[identity]] += seconds.get(identity, SHORT_SECONDS)
    return [identity for identity in ids if share[identity] == k - 1]


@lru_cache(maxsize=1)
def quick_seconds() -> dict[str, float]:
    """What the longer quick runs took once, in seconds of a core of a small machine."""
    return {name: float(value) for name, value in json.loads(SECONDS.read_text(encoding="utf-8")).items()}
