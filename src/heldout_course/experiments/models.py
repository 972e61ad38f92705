"""What a recipe may say of its model: a classical one, a net or a procedure, and which settings each takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from heldout.errors import SettingError
from heldout_course.experiments.jobs import way_of
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.experiments.reading import RecipeError, near
from heldout_course.models.table import MODELS

NOT_IN_RECIPES = ("standardize", "early_stopping", "history", "freeze", "head")
"""Settings of nets that recipes do without: rows are scaled in `data`, and trainings of a known length compared."""


def check_model(model: Mapping[str, Any]) -> None:
    """Refuse a model that cannot be built: unknown kinds, misspelt parameters, impossible values.

    Raises
    ------
    RecipeError
        Naming the key.
    """
    way = way_of(model)
    if way is None:
        raise RecipeError("The recipe names no model", fix="model: {net: ...}, {kind: ...} or {procedure: ...}")
    {"net": _check_net, "kind": check_kind, "procedure": _check_procedure}[way](model)


def check_kind(model: Mapping[str, Any]) -> None:
    """Refuse a classical model that cannot be built; `RecipeError`."""
    name = model["kind"]
    if name not in MODELS:
        raise RecipeError(f"Unknown model {name!r}", key="kind", fix=near(name, MODELS))
    _refuse_unknown(model, ("kind", *MODELS[name].parameters), f"the model {name}")


def _check_procedure(model: Mapping[str, Any]) -> None:
    name = model["procedure"]
    if name not in PROCEDURES:
        raise RecipeError(f"Unknown procedure {name!r}", key="procedure", fix=near(name, PROCEDURES))
    PROCEDURES[name].check({key: value for key, value in model.items() if key != "procedure"})


def _refuse_unknown(model: Mapping[str, Any], keys: Iterable[str], what: str) -> None:
    for key in model:
        if key not in keys:
            raise RecipeError(f"Unknown setting {key!r} of {what}", key=key, fix=near(key, keys))


def net_keys() -> tuple[str, ...]:
    """What a recipe may set of a net: the settings of `NetClassifier`, and scikit-learn's ``alpha``."""
    from heldout.nets.settings import Settings

    return (*(field.name for field in fields(Settings) if field.name not in NOT_IN_RECIPES), "alpha")


def _check_net(model: Mapping[str, Any]) -> None:
    from heldout.nets.settings import Settings
    from heldout.nets.text import parse

    _refuse_unknown(model, net_keys(), "a net")
    try:
        parse(model["net"])
    except SettingError as error:
        raise RecipeError(error.what, key="net", fix=error.fix) from None
    settings = net_settings(model)
    try:
        Settings(**settings)
    except SettingError as error:
        raise RecipeError(error.what, key=_key_at_fault(model, settings), fix=error.fix) from None


def _key_at_fault(model: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The key of a recipe whose value is impossible by itself; empty if the values only do not go together."""
    from heldout.nets.settings import Settings

    for name, value in settings.items():
        try:
            Settings(**{name: value})
        except SettingError:
            return "alpha" if name == "l2" and "alpha" in model else name
    return ""


def has_convolutions(net: str) -> bool:
    """Whether a layer of a net, or of a part of it in parentheses, is a convolution."""
    from heldout.nets.layers.conv import Conv
    from heldout.nets.text import parse

    layers = list(parse(net)[1])
    while layers:
        layer = layers.pop()
        if isinstance(layer, Conv):
            return True
        layers += getattr(layer, "body", ())
    return False


def net_settings(model: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a net as `NetClassifier` takes them.

    ``alpha`` is scikit-learn's strength of L2, alpha / (2 × batch) × the sum of squares of the weights.
    """
    settings = dict(model)
    if "alpha" in settings:
        if "l2" in settings:
            raise RecipeError("Both alpha and l2 are given", key="alpha", fix="l2 = alpha / (2 × batch)")
        alpha, batch = settings.pop("alpha"), settings.get("batch", 128)
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not isinstance(batch, int) or batch < 1:
            raise RecipeError(f"alpha is {alpha!r} and batch {batch!r}", key="alpha", fix="numbers")
        settings["l2"] = alpha / (2 * batch)
    return settings


def is_random(model: Mapping[str, Any]) -> bool:
    """Whether two fits of a model on the same rows may differ."""
    way = way_of(model)
    if way == "kind":
        return bool(MODELS[model["kind"]].seed)
    return PROCEDURES[model["procedure"]].random if way == "procedure" else True
