"""Classes and categories as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.procedures import procedure

EVERYDAY = ("airplanes", "cars", "birds", "cats", "deer", "dogs", "frogs", "horses", "ships", "trucks")


@procedure("label-number")
def label_number(word: str, names: Sequence[str] = EVERYDAY) -> dict[str, Any]:
    """Number of a class in the order of a list; how many answers another numbering would change.

    The answers are those of nearest centroid on iris, with the three classes numbered in all six ways.
    """
    import pandas as pd

    from heldout.prepare.categories import CategoryNumbers

    if word not in names:
        raise SettingError(f"Unknown class {word!r}", fix=", ".join(names))
    coding = CategoryNumbers({"name": list(names)}).fit(pd.DataFrame({"name": list(names)}, dtype=object))
    number = int(coding.transform(pd.DataFrame({"name": [word]}, dtype=object))[0, 0])
    return {"label": number, "name_of_label": coding.categories_[0][number], "answers_changed": _answers_changed()}


def _answers_changed() -> int:
    """Rows of iris whose class, by name, depends on how the classes are numbered."""
    from itertools import permutations

    from heldout_course.procedures.facts import table_of
    from heldout_course.scratch.nearest_centroid import NearestCentroid

    x, y, _ = table_of("iris")
    answers = []
    for order in permutations(range(3)):
        numbers = np.array(order)[y]
        answers.append(np.argsort(order)[NearestCentroid().fit(x, numbers).predict(x)])
    return int(np.any(np.array(answers) != answers[0], axis=0).sum())


@procedure("one-hot")
def one_hot(value: int, n_values: int = 2) -> dict[str, Any]:
    """Columns of a category among `n_values`, of which one is 1."""
    import pandas as pd

    from heldout.prepare.categories import CategoryIndicators

    if not 0 <= value < n_values:
        raise SettingError(f"value is {value} of {n_values}", fix=f"0 to {n_values - 1}")
    names = [f"{number:05d}" for number in range(n_values)]
    coding = CategoryIndicators(n_values).fit(pd.DataFrame({"category": names}, dtype=object))
    row = coding.transform(pd.DataFrame({"category": [names[value]]}, dtype=object))[0]
    return {"columns": len(row), "ones": int(row.sum()), "first": int(row[0]), "second": int(row[1])}
