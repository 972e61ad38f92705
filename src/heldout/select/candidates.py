"""The whole leaderboard: the classical candidates, then nets."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from heldout.errors import SettingError
from heldout.models.candidate import Candidate
from heldout.models.table import CLASSICAL
from heldout.select.net_candidates import NETS

CANDIDATES: tuple[Candidate, ...] = (*CLASSICAL, *NETS)
"""In the order in which 'simplest' is meant when the choice is made."""


def count_parameters(model: Any) -> int | None:
    """Count the numbers that a fitted model keeps: weights, thresholds, stored rows. None if unknown.

    Parameters
    ----------
    model : estimator or Pipeline
        Of a pipeline, the last step counts.
    """
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    for candidate in CANDIDATES:
        if candidate.count is not None and candidate.estimator.made(last):
            return int(candidate.count(last))
    return None


def is_searchable(name: str) -> bool:
    """Whether a candidate has hyperparameters to search."""
    return any(candidate.name == name and candidate.space is not None for candidate in CANDIDATES)


def _plain(name: str) -> str:
    """A name as people may write it: ``kNN`` and ``k_nn`` are ``k-nn``."""
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def check_names(models: Sequence[str]) -> None:
    """Raise `SettingError` if a model's name is unknown for any kind of data; needs no data."""
    _refuse_unknown(models, [candidate.name for candidate in CANDIDATES])


def candidates_for(kind: str, models: Sequence[str] = ()) -> list[Candidate]:
    """Candidates for data of this kind, simplest first; ``models`` picks some of them by name.

    Raises
    ------
    SettingError
        If a name is unknown; the nearest names are offered.
    """
    fitting = [candidate for candidate in CANDIDATES if candidate.is_for(kind)]
    _refuse_unknown(models, [candidate.name for candidate in fitting], f" for {kind}")
    wanted = {_plain(name) for name in models}
    return [candidate for candidate in fitting if not models or _plain(candidate.name) in wanted]


def _refuse_unknown(models: Sequence[str], known: Sequence[str], of: str = "") -> None:
    unknown = [name for name in models if _plain(name) not in map(_plain, known)]
    if unknown:
        near = get_close_matches(unknown[0].lower(), known, 2, 0.5)
        raise SettingError(
            f"Unknown model {unknown[0]!r}{of}" + (f"; did you mean {' or '.join(near)}?" if near else ""),
            where="--models",
            fix="choose from " + ", ".join(known),
        )
