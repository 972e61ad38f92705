"""The line of ``--prepare``: steps with commas between them, each a word followed by its numbers and options.

``impute mean, one-hot, standardize, pca 0.95`` for tables, ``centre-crop 28, grey`` for images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from heldout.data.rows import is_frame
from heldout.lines import Choice, Either, Item, Line, Number, Option, Size, Word, language

if TYPE_CHECKING:
    import pandas as pd

    from heldout.data.dataset import Dataset

TABLE, ANY, IMAGES = "tables", "all", "images"

_COMPONENTS = Either(
    "components",
    (
        Number("number", 1, 100_000, whole=True),
        Number("share", 0, 1, above=True, below=True),
    ),
    about="the number of components or a share of the variance",
)
_SIZE = Size("pixels")

_WORDS: tuple[tuple[Word, str], ...] = (
    (
        Word(
            "impute",
            "fills missing numbers; a column that had any gets an indicator column",
            (Choice("strategy", ("mean", "median", "most-frequent"), default="median"),),
            example="impute mean",
        ),
        TABLE,
    ),
    (
        Word(
            "one-hot",
            "a 0/1 column for each of the most frequent categories, one for the others, one for missing",
            (Number("categories", 1, 10_000, whole=True, default=50),),
            example="one-hot 50",
            spellings=("onehot",),
        ),
        TABLE,
    ),
    (
        Word(
            "ordinal",
            "categories as 0, 1, 2 ... in sorted order (numbers as numbers); missing and new ones filled like numbers",
        ),
        TABLE,
    ),
    (Word("centre", "subtracts the mean", spellings=("center", "mean-centre")), ANY),
    (Word("standardize", "mean 0, standard deviation 1", spellings=("standardise",)), ANY),
    (Word("minmax", "smallest value 0, largest 1"), ANY),
    (Word("robust", "median 0, interquartile range 1"), ANY),
    (
        Word(
            "pca",
            "principal components, by their number or by the share of the variance that they keep; `whiten`: each of "
            "variance 1",
            (_COMPONENTS,),
            (Option("whiten"),),
            example="pca 0.95",
        ),
        ANY,
    ),
    (
        Word(
            "centre-crop",
            "cuts out the middle of the image",
            (_SIZE,),
            example="centre-crop 28",
            spellings=("center-crop",),
        ),
        IMAGES,
    ),
    (
        Word(
            "resize",
            "Pillow's bilinear filter, which averages over all pixels that a new one covers",
            (_SIZE,),
            example="resize 16",
        ),
        IMAGES,
    ),
    (Word("grey", "one channel of brightness (0.299 R + 0.587 G + 0.114 B)", spellings=("gray",)), IMAGES),
    (Word("colour", "three channels", spellings=("color", "rgb")), IMAGES),
)


def _crop(words: Sequence[str]) -> Sequence[str]:
    """Up to version 0.1, ``crop`` cut out the middle here, a random place in another language, and moved in a third."""
    return ["centre-crop", *words[1:]]


LANGUAGE = language(
    (word for word, _ in _WORDS),
    of="--prepare",
    where="--prepare",
    any_case=True,
    most=100,
    old={"crop": _crop},
    elsewhere={"random-crop": "is for heldout augment: preparation does the same to every image"},
)
"""The language of ``--prepare``."""

FOR = {word.name: kind for word, kind in _WORDS}
"""Which data each word is for: `TABLE`, `IMAGES` or `ANY`."""

SCALERS = ("centre", "standardize", "minmax", "robust")


def parse_prepare(text: str) -> Line:
    """Read a line of steps.

    Raises
    ------
    SettingError
        With the line and a mark under the word that is wrong.

    Examples
    --------
    >>> [step.word for step in parse_prepare("standardize, pca 0.95").items]
    ['standardize', 'pca']
    """
    line = LANGUAGE.parse(text)
    _check_order(line)
    return line


def _check_order(line: Line) -> None:
    """Filling and encoding, or image steps, come first; there may be one scaler before pca and one after it."""
    seen: list[str] = []
    for step in line.items:
        problem = f"{step.word} comes after {seen[-1]}" if seen else ""
        if FOR[step.word] != ANY and any(word in (*SCALERS, "pca") for word in seen):
            raise line.complaint(step, problem, f"put {step.word} first")
        since = seen[seen.index("pca") + 1 :] if "pca" in seen else seen
        twice = step.word in seen and step.word not in SCALERS and FOR[step.word] != IMAGES
        if twice or (step.word in SCALERS and any(word in SCALERS for word in since)):
            raise line.complaint(step, problem, "scale once, encode once")
        if {step.word, *seen} >= {"one-hot", "ordinal"}:
            raise line.complaint(step, problem, "encode one way")
        seen.append(step.word)


def check_kind(text: str, kind: str) -> None:
    """Raise `SettingError` at the first step that is not for data of this kind."""
    fitting = {"table": (ANY, TABLE), "images": (ANY, IMAGES)}.get(kind, (ANY,))
    line = parse_prepare(text)
    for step in line.items:
        if FOR[step.word] not in fitting:
            fits = [word for word, of in FOR.items() if of in fitting]
            raise line.complaint(step, f"{step.word} is not for {kind}", f"for {kind}: {', '.join(fits)}")


def check_line(text: str, data: Dataset) -> None:
    """Raise `SettingError` if the line does not fit the data: their kind, their size, their number of columns."""
    check_kind(text, data.kind)
    n_numbers = numbers_of(text, data)
    if n_numbers is not None:
        check_components(text, n_numbers)


def check_components(text: str, n_numbers: int) -> None:
    """Raise `SettingError` if the line asks for more principal components than a row has numbers."""
    line = parse_prepare(text)
    for step in line.items:
        wanted = step["components"] if step.word == "pca" else 0
        if isinstance(wanted, int) and wanted > n_numbers:
            what = f"a row has {n_numbers} numbers, and {wanted} components were asked for"
            raise line.complaint(step, what, f"pca {n_numbers} at most, or a share such as pca 0.95")


def numbers_of(text: str, data: Dataset) -> int | None:
    """Numbers of a row before any projection; None where the training rows decide it (categories, sounds)."""
    if data.kind == "images":
        shape = data.x.shape[1:]
        for _, step in picture_steps(text):
            shape = step.fit_transform(np.zeros((1, *shape), np.uint8)).shape[1:]
        return int(np.prod(shape))
    if not is_frame(data.x) or not all(dtype.kind in "fiu" for dtype in data.x.dtypes):
        return None
    return int(data.x.shape[1] + data.x.isna().any().sum())


def vector_steps(text: str, *, seed: int) -> list[tuple[str, Any]]:
    """Scalers and projections of the line, as steps of a pipeline over rows of numbers."""
    return [_named(number, step, seed) for number, step in enumerate(parse_prepare(text).items) if _is_vector(step)]


def picture_steps(text: str) -> list[tuple[str, Any]]:
    """Steps of the line that give pictures again."""
    from heldout.prepare.pictures import CentreCrop, ResizeImages, ToColour, ToGrey

    makers = {"centre-crop": CentreCrop, "resize": ResizeImages, "grey": ToGrey, "colour": ToColour}
    found = [(number, step) for number, step in enumerate(parse_prepare(text).items) if step.word in makers]
    return [(f"{step.word}-{number}", makers[step.word](*step.values.get("pixels", ()))) for number, step in found]


def is_for_pictures(text: str) -> bool:
    """Whether all steps give pictures again, so that a convolutional net can read them."""
    return all(FOR[step.word] == IMAGES for step in parse_prepare(text).items)


def table_steps(text: str, frame: pd.DataFrame, *, seed: int) -> list[tuple[str, Any]]:
    """The whole line as steps of a pipeline over a table; only names and types of `frame` are read.

    Up to ``pca``, scalers work on numeric columns (and on ordinal ones), as in
    `heldout.prepare.tables.table_preparation`; from there on, on all columns together.
    """
    from heldout.prepare.tables import column_preparation

    steps = parse_prepare(text).items
    first = next((n for n, step in enumerate(steps) if step.word == "pca"), len(steps))
    by_word = {step.word: step.values for step in steps[:first]}
    prepare = column_preparation(
        frame,
        strategy=by_word.get("impute", {"strategy": "median"})["strategy"].replace("-", "_"),
        scalers=[_named(n, step, seed) for n, step in enumerate(steps[:first]) if step.word in SCALERS],
        ordinal="ordinal" in by_word,
        max_categories=by_word.get("one-hot", {"categories": 50})["categories"],
    )
    return [("prepare", prepare), *(_named(n, step, seed) for n, step in enumerate(steps) if n >= first)]


def _is_vector(step: Item) -> bool:
    return step.word in SCALERS or step.word == "pca"


def _named(number: int, step: Item, seed: int) -> tuple[str, Any]:
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    from heldout.prepare.components import Components

    if step.word == "pca":
        return f"pca-{number}", Components(step["components"], whiten=step["whiten"], seed=seed)
    makers = {
        "centre": lambda: StandardScaler(with_std=False),
        "standardize": StandardScaler,
        "minmax": MinMaxScaler,
        "robust": RobustScaler,
    }
    return f"{step.word}-{number}", makers[step.word]()


def rows_of_table() -> list[tuple[str, str, str]]:
    """Documentation: form, the kind of data it is for, and what it does."""
    return [(word.form, FOR[name], word.does) for name, word in LANGUAGE.words.items()]
