"""Categories of a table in a bundle, as indicators or as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.deploy.nodes import Kind, Node, Parts
from heldout.prepare.categories import CategoryIndicators, CategoryNumbers


def _write_indicators(step: CategoryIndicators) -> Parts:
    names = ("columns", "categories", "has_missing", "has_other")
    params: dict[str, Any] = {name: getattr(step, f"{name}_") for name in names}
    return Parts({**params, "max_categories": int(step.max_categories)})


def _read_indicators(node: Node) -> CategoryIndicators:
    step = CategoryIndicators(max_categories=node.integer("max_categories", 1, 10**9))
    step.columns_ = node.texts("columns")
    n_columns = step.n_features_in_ = len(step.columns_)
    node.check(n_columns > 0, "columns must not be empty")
    step.categories_ = node.items("categories", list, n_columns)
    for texts in step.categories_:
        good = all(type(text) is str for text in texts) and texts == sorted(set(texts))
        node.check(good, "categories must be lists of different texts in order")
    step.has_missing_ = node.items("has_missing", bool, n_columns)
    step.has_other_ = node.items("has_other", bool, n_columns)
    return step


def _write_numbers(step: CategoryNumbers) -> Parts:
    return Parts({"columns": [str(name) for name in step.feature_names_in_], "categories": step.categories_})


def _read_numbers(node: Node) -> CategoryNumbers:
    columns = node.texts("columns")
    node.check(0 < len(columns) == len(set(columns)), "columns must be different, one or more")
    categories = node.items("categories", list, len(columns))
    for texts in categories:
        good = all(type(text) is str for text in texts) and len(set(texts)) == len(texts)
        node.check(good, "categories must be lists of different texts")
    step = CategoryNumbers()
    step.feature_names_in_ = np.array(columns, dtype=object)
    step.n_features_in_ = len(columns)
    step.categories_ = categories
    return step


KINDS = (
    Kind("category-indicators", "heldout.prepare.categories.CategoryIndicators", _write_indicators, _read_indicators),
    Kind("category-numbers", "heldout.prepare.categories.CategoryNumbers", _write_numbers, _read_numbers),
)
