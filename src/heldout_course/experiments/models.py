"""What a recipe may say of its model: a classical one, a net or a procedure, and which settings each takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from heldout.errors import SettingError
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.experiments.reading import near
from heldout_course.models.table import MODELS

NOT_IN_RECIPES = ("standardize", "early_stopping", "history", "freeze")
"""Settings of nets that recipes do without: rows are scaled in `data`, and trainings of a known length compared."""


def check_model(model: Mapping[str, Any]) -> None:
    """Refuse a model that cannot be built: unknown kinds, misspelt parameters, impossible values.

    Raises
    ------
    SettingError
    """
    if "net" in model:
        _check_net(model)
    elif "kind" in model:
        check_kind(model)
    elif "procedure" in model:
        name = model["procedure"]
        if name not in PROCEDURES:
            raise SettingError(f"Unknown procedure {name!r}", fix=near(name, PROCEDURES))
        PROCEDURES[name].check({key: value for key, value in model.items() if key != "procedure"})
    else:
        raise SettingError("The recipe names no model", fix="model: {net: ...}, {kind: ...} or {procedure: ...}")


def check_kind(model: Mapping[str, Any]) -> None:
    """Refuse a classical model that cannot be built; `SettingError`."""
    name = model["kind"]
    if name not in MODELS:
        raise SettingError(f"Unknown model {name!r}", fix=near(name, MODELS))
    _refuse_unknown(model, ("kind", *MODELS[name].parameters), f"the model {name}")


def _refuse_unknown(model: Mapping[str, Any], keys: Iterable[str], what: str) -> None:
    for key in model:
        if key not in keys:
            raise SettingError(f"Unknown setting {key!r} of {what}", fix=near(key, keys))


def net_keys() -> tuple[str, ...]:
    """What a recipe may set of a net: the settings of `NetClassifier`, and scikit-learn's ``alpha``."""
    from heldout.nets.settings import Settings

    return (*(field.name for field in fields(Settings) if field.name not in NOT_IN_RECIPES), "alpha")


def _check_net(model: Mapping[str, Any]) -> None:
    from heldout.nets.settings import Settings
    from heldout.nets.text import parse

    _refuse_unknown(model, net_keys(), "a net")
    parse(model["net"])
    Settings(**net_settings(model))


def net_settings(model: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a net as `NetClassifier` takes them.

    ``alpha`` is scikit-learn's strength of L2, alpha / (2 × batch) × the sum of squares of the weights.
    """
    settings = dict(model)
    if "alpha" in settings:
        if "l2" in settings:
            raise SettingError("Both alpha and l2 are given", fix="l2 = alpha / (2 × batch)")
        alpha, batch = settings.pop("alpha"), settings.get("batch", 128)
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not isinstance(batch, int) or batch < 1:
            raise SettingError(f"alpha is {alpha!r} and batch {batch!r}", fix="numbers")
        settings["l2"] = alpha / (2 * batch)
    return settings


def is_random(model: Mapping[str, Any]) -> bool:
    """Whether two fits of a model on the same rows may differ."""
    if "kind" in model:
        return bool(MODELS[model["kind"]].seed)
    return PROCEDURES[model["procedure"]].random if "procedure" in model else True
