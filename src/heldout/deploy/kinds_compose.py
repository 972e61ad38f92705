"""Estimators made of estimators in a bundle: pipelines, column transformers, calibrated classifiers."""

from __future__ import annotations

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from heldout.deploy.nodes import Kind, Node, Parts, features_of, must, restore_features
from heldout.models.calibrated import SoftmaxCalibrated


def _write_pipeline(pipeline: Pipeline) -> Parts:
    steps = [(name, step) for name, step in pipeline.steps if step is not None and step != "passthrough"]
    return Parts({"steps": [name for name, _ in steps]}, children={str(i): step for i, (_, step) in enumerate(steps)})


def _read_pipeline(node: Node) -> Pipeline:
    names = node.texts("steps")
    node.check(len(names) >= 1 and len(set(names)) == len(names), "steps must have different names")
    steps = [node.child(str(position)) for position in range(len(names))]
    for step in steps[:-1]:
        node.check(hasattr(step, "transform"), f"{type(step).__name__} cannot stand before another step")
    return Pipeline(list(zip(names, steps, strict=True)))


def _write_columns(transformer: ColumnTransformer) -> Parts:
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


def _read_columns(node: Node) -> ColumnTransformer:
    names = node.texts("names")
    node.check(len(names) >= 1 and len(set(names)) == len(names), "names must differ")
    node.check("remainder" not in names, "names must not hold 'remainder'")
    columns = node.items("columns", list, len(names))
    widths = node.items("widths", int, len(names))
    node.check(all(0 <= width < 2**31 for width in widths), "widths must not be negative")
    steps = [node.child(str(position)) for position in range(len(names))]
    node.check(all(hasattr(step, "transform") for step in steps), "every inner estimator must transform")
    transformer = ColumnTransformer(
        [(name, step, wanted) for name, step, wanted in zip(names, steps, columns, strict=True)],
        sparse_threshold=0.0,
        verbose_feature_names_out=False,
    )
    restore_features(transformer, node)
    node.check(hasattr(transformer, "feature_names_in_"), "feature_names are missing")
    position = {name: place for place, name in enumerate(transformer.feature_names_in_)}
    for wanted in columns:
        good = len(wanted) > 0 and all(type(column) is str and column in position for column in wanted)
        node.check(good, "columns must be lists of feature names")
    _restore_columns(transformer, names, columns, widths, position)
    return transformer


def _restore_columns(
    transformer: Any, names: list[str], columns: list[list[str]], widths: list[int], position: dict[str, int]
) -> None:
    """The fitted attributes of a ColumnTransformer, as scikit-learn 1.8 and 1.9 name them."""
    transformer.transformers_ = list(transformer.transformers)
    transformer._columns = columns
    indices = {name: [position[column] for column in wanted] for name, wanted in zip(names, columns, strict=True)}
    used = {index for wanted in indices.values() for index in wanted}
    rest = sorted(set(range(len(position))) - used)
    transformer._transformer_to_input_indices = {**indices, "remainder": rest}
    rest_names = [str(transformer.feature_names_in_[index]) for index in rest]
    transformer._remainder = ("remainder", "drop", rest_names)
    if rest:
        transformer.transformers_.append(("remainder", "drop", rest_names))
    transformer.output_indices_ = {}
    start = 0
    for name, width in zip(names, widths, strict=True):
        transformer.output_indices_[name] = slice(start, start + width)
        start += width
    transformer.output_indices_["remainder"] = slice(0, 0)
    transformer.sparse_output_ = False
    transformer._n_features = len(position)


def _write_calibrated(model: SoftmaxCalibrated) -> Parts:
    params = {"slope": float(model.slope), "intercept": float(model.intercept)}
    return Parts(params, children={"estimator": model.estimator})


def _read_calibrated(node: Node) -> SoftmaxCalibrated:
    inner = node.child("estimator")
    node.check(hasattr(inner, "decision_function"), f"{type(inner).__name__} has no decision values")
    node.check(hasattr(inner, "classes_"), f"{type(inner).__name__} has no classes")
    slope = node.number("slope", 1e-300)
    return SoftmaxCalibrated(inner, slope=slope, intercept=node.number("intercept"))


KINDS = (
    Kind("pipeline", Pipeline, _write_pipeline, _read_pipeline, same_alone=True),
    Kind("column-transformer", ColumnTransformer, _write_columns, _read_columns, same_alone=True),
    Kind("softmax-calibrated", SoftmaxCalibrated, _write_calibrated, _read_calibrated, same_alone=True),
)
