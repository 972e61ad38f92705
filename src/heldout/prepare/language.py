"""The line of ``--prepare``: steps with commas between them, each a word followed by its numbers and options.

``impute mean, one-hot, standardize, pca 0.95`` for tables, ``crop 28, grey, standardize`` for images. See `WORDS`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from heldout.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd

    from heldout.data.dataset import Dataset

WORDS = {
    "impute": "impute mean|median|most-frequent",
    "one-hot": "one-hot [MOST CATEGORIES]",
    "ordinal": "ordinal",
    "centre": "centre",
    "standardize": "standardize",
    "minmax": "minmax",
    "robust": "robust",
    "pca": "pca NUMBER|SHARE [whiten]",
    "crop": "crop PIXELS or crop HEIGHTxWIDTH",
    "resize": "resize PIXELS or resize HEIGHTxWIDTH",
    "grey": "grey",
    "colour": "colour",
}
SPELLINGS = {
    "center": "centre",
    "mean-centre": "centre",
    "standardise": "standardize",
    "onehot": "one-hot",
    "gray": "grey",
    "color": "colour",
    "rgb": "colour",
}
SCALERS = ("centre", "standardize", "minmax", "robust")
_TABLE_ONLY = ("impute", "one-hot", "ordinal")
_IMAGES_ONLY = ("crop", "resize", "grey", "colour")
_STRATEGIES = ("mean", "median", "most-frequent")
MAX_TEXT = 2000


@dataclass(frozen=True)
class Step:
    """One step: its word, its values, and the character of the line where it begins."""

    word: str
    values: tuple[Any, ...] = ()
    at: int = 0


def parse_prepare(text: str) -> list[Step]:
    """Read a line of steps.

    Raises
    ------
    SettingError
        With the line and a mark under the word that is wrong.

    Examples
    --------
    >>> [step.word for step in parse_prepare("standardize, pca 0.95")]
    ['standardize', 'pca']
    """
    if len(text) > MAX_TEXT:
        raise SettingError(f"--prepare has {len(text):,} characters", where="--prepare", fix="a line of a few steps")
    steps: list[Step] = []
    for piece in re.finditer(r"[^,]*(?:,|$)", text):
        words = [(m.group(), piece.start() + m.start()) for m in re.finditer(r"[^\s,]+", piece.group())]
        if words:
            steps.append(_step(text, words))
        elif piece.group().endswith(","):
            _refuse(text, piece.end() - 1, 1, "there is no step before this comma", "write a step between commas")
    if not steps:
        _refuse(text, 0, 1, "there is no step", f"choose from {', '.join(WORDS)}")
    _check_order(text, steps)
    return steps


def _refuse(text: str, at: int, length: int, what: str, fix: str) -> NoReturn:
    raise SettingError(f"{what}\n{text}\n{' ' * at}{'^' * max(1, length)}", where="--prepare", fix=fix)


def _step(text: str, words: list[tuple[str, int]]) -> Step:
    (written, at), *rest = words
    word = SPELLINGS.get(written.lower(), written.lower())
    if word not in WORDS:
        near = difflib.get_close_matches(word, [*WORDS, *SPELLINGS], 1, 0.5)
        hint = f"did you mean {SPELLINGS.get(near[0], near[0])!r}? " if near else ""
        _refuse(text, at, len(written), f"{written!r} is no step", f"{hint}choose from {', '.join(WORDS)}")
    reader = {"impute": _strategy, "one-hot": _count, "pca": _components, "crop": _size, "resize": _size}.get(word)
    values, n_used = reader(text, word, at, rest) if reader else ((), 0)
    if len(rest) > n_used:
        extra, place = rest[n_used]
        what = f"{word} does not take {extra!r}" if n_used or not reader else f"{extra!r} does not fit {word}"
        _refuse(text, place, len(extra), what, f"{WORDS[word]}; steps are separated by commas")
    return Step(word, values, at)


Words = list[tuple[str, int]]


def _strategy(text: str, word: str, at: int, rest: Words) -> tuple[tuple[Any, ...], int]:
    if not rest:
        return ("median",), 0
    given = rest[0][0].lower().replace("_", "-")
    if given not in _STRATEGIES:
        _refuse(text, rest[0][1], len(rest[0][0]), f"missing values are not filled by {rest[0][0]!r}", WORDS[word])
    return (given,), 1


def _count(text: str, word: str, at: int, rest: Words) -> tuple[tuple[Any, ...], int]:
    if not rest:
        return (50,), 0
    if not rest[0][0].isdigit() or not 1 <= int(rest[0][0]) <= 10_000:
        _refuse(text, rest[0][1], len(rest[0][0]), f"{rest[0][0]!r} is no number of categories", "one-hot 50")
    return (int(rest[0][0]),), 1


def _components(text: str, word: str, at: int, rest: Words) -> tuple[tuple[Any, ...], int]:
    if not rest:
        _refuse(text, at, len(word), "pca does not say how many components", "pca 20, or pca 0.95 of the variance")
    written, place = rest[0]
    is_count = written.isdigit() and 1 <= int(written) <= 100_000
    is_share = re.fullmatch(r"0?\.\d+", written) is not None and 0 < float(written) < 1
    if not is_count and not is_share:
        _refuse(text, place, len(written), f"{written!r} is neither a number nor a share", "pca 20, or pca 0.95")
    whiten = len(rest) > 1 and rest[1][0].lower() == "whiten"
    return (int(written) if is_count else float(written), whiten), 1 + whiten


def _size(text: str, word: str, at: int, rest: Words) -> tuple[tuple[Any, ...], int]:
    if not rest:
        _refuse(text, at, len(word), f"{word} does not say to what size", f"{word} 28, or {word} 28x32")
    written, place = rest[0]
    found = re.fullmatch(r"(\d{1,4})(?:x(\d{1,4}))?", written.lower())
    if not found or not all(1 <= int(side) <= 4096 for side in found.groups() if side):
        _refuse(text, place, len(written), f"{written!r} is no size in pixels", f"{word} 28, or {word} 28x32")
    return (int(found[1]), int(found[2] or found[1])), 1


def _check_order(text: str, steps: list[Step]) -> None:
    """Filling and encoding, or picture steps, come first; there may be one scaler before pca and one after it."""
    seen: list[str] = []
    for step in steps:
        early = step.word in (*_TABLE_ONLY, *_IMAGES_ONLY)
        if early and any(word in (*SCALERS, "pca") for word in seen):
            _refuse(text, step.at, len(step.word), f"{step.word} comes after {seen[-1]}", f"put {step.word} first")
        since = seen[seen.index("pca") + 1 :] if "pca" in seen else seen
        twice = step.word in seen and step.word not in SCALERS and step.word not in _IMAGES_ONLY
        if twice or (step.word in SCALERS and any(word in SCALERS for word in since)):
            _refuse(text, step.at, len(step.word), f"{step.word} comes after {seen[-1]}", "scale once, encode once")
        if {step.word, *seen} >= {"one-hot", "ordinal"}:
            _refuse(text, step.at, len(step.word), f"{step.word} comes after {seen[-1]}", "encode one way")
        seen.append(step.word)


def check_kind(text: str, kind: str) -> None:
    """Raise `SettingError` at the first step that is not for data of this kind."""
    wrong = {"table": _IMAGES_ONLY, "images": _TABLE_ONLY, "sounds": (*_IMAGES_ONLY, *_TABLE_ONLY)}[kind]
    for step in parse_prepare(text):
        if step.word in wrong:
            fits = [word for word in WORDS if word not in wrong]
            _refuse(text, step.at, len(step.word), f"{step.word} is not for {kind}", f"for {kind}: {', '.join(fits)}")


def check_line(text: str, data: Dataset) -> None:
    """Raise `SettingError` if the line does not fit the data: their kind, their size, their number of columns."""
    check_kind(text, data.kind)
    n_numbers = numbers_of(text, data)
    if n_numbers is not None:
        check_components(text, n_numbers)


def check_components(text: str, n_numbers: int) -> None:
    """Raise `SettingError` if the line asks for more principal components than a row has numbers."""
    for step in parse_prepare(text):
        if step.word == "pca" and isinstance(step.values[0], int) and step.values[0] > n_numbers:
            what = f"a row has {n_numbers} numbers, and {step.values[0]} components were asked for"
            _refuse(text, step.at, len(step.word), what, f"pca {n_numbers} at most, or a share such as pca 0.95")


def numbers_of(text: str, data: Dataset) -> int | None:
    """Numbers of a row before any projection; None where the training rows decide it (categories, sounds)."""
    if data.kind == "images":
        shape = data.x.shape[1:]
        for _, step in picture_steps(text):
            shape = step.fit_transform(np.zeros((1, *shape), np.uint8)).shape[1:]
        return int(np.prod(shape))
    if data.kind == "sounds" or not all(dtype.kind in "fiu" for dtype in data.x.dtypes):
        return None
    return int(data.x.shape[1] + data.x.isna().any().sum())


def vector_steps(text: str, *, seed: int) -> list[tuple[str, Any]]:
    """Scalers and projections of the line, as steps of a pipeline over rows of numbers."""
    return [_named(number, step, seed) for number, step in enumerate(parse_prepare(text)) if _is_vector(step)]


def picture_steps(text: str) -> list[tuple[str, Any]]:
    """Steps of the line that give pictures again."""
    from heldout.prepare.pictures import CentreCrop, ResizeImages, ToColour, ToGrey

    makers = {"crop": CentreCrop, "resize": ResizeImages, "grey": ToGrey, "colour": ToColour}
    found = [(number, step) for number, step in enumerate(parse_prepare(text)) if step.word in makers]
    return [(f"{step.word}-{number}", makers[step.word](*step.values)) for number, step in found]


def is_for_pictures(text: str) -> bool:
    """Whether all steps give pictures again, so that a convolutional net can read them."""
    return all(step.word in _IMAGES_ONLY for step in parse_prepare(text))


def table_steps(text: str, frame: pd.DataFrame, *, seed: int) -> list[tuple[str, Any]]:
    """The whole line as steps of a pipeline over a table; only names and types of `frame` are read.

    Up to ``pca``, scalers work on numeric columns (and on ordinal ones), as in
    `heldout.prepare.tables.table_preparation`; from there on, on all columns together.
    """
    from heldout.prepare.tables import column_preparation

    steps = parse_prepare(text)
    first = next((n for n, step in enumerate(steps) if step.word == "pca"), len(steps))
    by_word = {step.word: step.values for step in steps[:first]}
    prepare = column_preparation(
        frame,
        strategy=by_word.get("impute", ("median",))[0].replace("-", "_"),
        scalers=[_named(n, step, seed) for n, step in enumerate(steps[:first]) if step.word in SCALERS],
        ordinal="ordinal" in by_word,
        max_categories=by_word.get("one-hot", (50,))[0],
    )
    return [("prepare", prepare), *(_named(n, step, seed) for n, step in enumerate(steps) if n >= first)]


def _is_vector(step: Step) -> bool:
    return step.word in SCALERS or step.word == "pca"


def _named(number: int, step: Step, seed: int) -> tuple[str, Any]:
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    from heldout.prepare.components import Components

    if step.word == "pca":
        return f"pca-{number}", Components(step.values[0], whiten=step.values[1], seed=seed)
    makers = {
        "centre": lambda: StandardScaler(with_std=False),
        "standardize": StandardScaler,
        "minmax": MinMaxScaler,
        "robust": RobustScaler,
    }
    return f"{step.word}-{number}", makers[step.word]()
