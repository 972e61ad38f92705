"""Column transformers in a bundle: each part of the preparation gets its columns of a table, by name."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from heldout.deploy.nodes import Kind, Node, Parts, features_of, must
from heldout.deploy.rows import Features


@dataclass(frozen=True)
class Columns:
    """Steps side by side, each for some columns of a table; their results stand next to each other."""

    features: Features
    columns: tuple[list[str], ...]
    steps: tuple[Any, ...]

    def transform(self, x: Any) -> np.ndarray:
        """Numbers, shape (n_rows, n_columns of all steps)."""
        if not hasattr(x, "columns"):
            raise ValueError("rows have no column names; give a table (DataFrame)")
        missing = [name for name in dict.fromkeys(chain.from_iterable(self.columns)) if name not in x.columns]
        if missing:
            raise ValueError(f"columns are missing: {', '.join(missing[:10])}")
        return np.hstack([step.transform(x[wanted]) for wanted, step in zip(self.columns, self.steps, strict=True)])


def _write(transformer: Any) -> Parts:
    fix = "list each column by name, and leave remainder='drop', sparse_threshold=0"
    must(transformer, transformer.remainder == "drop", f"remainder={transformer.remainder!r}", fix)
    must(transformer, not transformer.transformer_weights, "transformer_weights", fix)
    must(transformer, not transformer.sparse_output_, "sparse output", fix)
    must(transformer, hasattr(transformer, "feature_names_in_"), "columns that have no names", fix)
    names: list[str] = []
    columns: list[list[str]] = []
    widths: list[int] = []
    children: dict[str, Any] = {}
    for name, step, wanted in transformer.transformers_:
        if name == "remainder" or (isinstance(step, str) and step == "drop"):
            continue
        by_name = isinstance(wanted, list) and all(isinstance(column, str) for column in wanted)
        must(transformer, by_name and len(wanted) > 0, f"columns {wanted!r} for {name!r}", fix)
        must(transformer, not isinstance(step, str), f"{step!r} for {name!r}", fix)
        children[str(len(names))] = step
        names.append(name)
        columns.append(wanted)
        place = transformer.output_indices_[name]
        widths.append(place.stop - place.start)
    params = {"names": names, "columns": columns, "widths": widths}
    return Parts(params | features_of(transformer), children=children)


def _read(node: Node) -> Columns:
    names = node.texts("names")
    node.check(len(names) >= 1 and len(set(names)) == len(names), "names must differ")
    node.check("remainder" not in names, "names must not hold 'remainder'")
    columns = node.items("columns", list, len(names))
    widths = node.items("widths", int, len(names))
    node.check(all(0 <= width < 2**31 for width in widths), "widths must not be negative")
    steps = [node.child(str(position)) for position in range(len(names))]
    node.check(all(hasattr(step, "transform") for step in steps), "every inner estimator must transform")
    features = node.features()
    known = set(features.names or ())
    node.check(bool(known), "feature_names are missing")
    for wanted in columns:
        good = len(wanted) > 0 and all(type(column) is str and column in known for column in wanted)
        node.check(good, "columns must be lists of feature names")
    return Columns(features, tuple(columns), tuple(steps))


KINDS = (Kind("column-transformer", "sklearn.compose.ColumnTransformer", _write, _read),)
