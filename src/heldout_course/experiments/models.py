"""Models that a recipe can name, with their parameters; the defaults are scikit-learn's, as the course uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from heldout.errors import SettingError
from heldout_course.experiments.reading import near


@dataclass(frozen=True)
class Kind:
    """A classical model: how it is built, what it takes, and whether its fit is random.

    `renamed` maps the recipe's parameters to the estimator's; `fixed` are settings of ours.
    """

    place: tuple[str, str]
    renamed: Mapping[str, str]
    random: bool = False
    fixed: Mapping[str, Any] | None = None


KINDS: dict[str, Kind] = {
    "nearest-centroid": Kind(("sklearn.neighbors", "NearestCentroid"), {}),
    "k-nn": Kind(("heldout_course.models.filtered_neighbours", "FilteredNeighbours"), {"k": "n_neighbors"}),
    "naive-bayes": Kind(("sklearn.naive_bayes", "GaussianNB"), {"var_smoothing": "var_smoothing"}),
    "multinomial-naive-bayes": Kind(("sklearn.naive_bayes", "MultinomialNB"), {"alpha": "alpha"}),
    "tree": Kind(("sklearn.tree", "DecisionTreeClassifier"), {"max_depth": "max_depth"}, random=True),
    "forest": Kind(("sklearn.ensemble", "RandomForestClassifier"), {"trees": "n_estimators"}, random=True),
    "linear-svm": Kind(("heldout.models.linear_svm", "LinearSVM"), {"C": "C", "max_iter": "max_iter", "tol": "tol"}),
    "liblinear": Kind(
        ("sklearn.svm", "LinearSVC"),
        {"C": "C", "max_iter": "max_iter", "tol": "tol", "dual": "dual"},
        random=True,
        fixed={"dual": True},
    ),
    "svm": Kind(("heldout_course.models.gram_svm", "GramSVC"), {"C": "C", "gamma": "gamma", "kernel": "kernel"}),
}
"""Estimators by name. Nothing outside this table is ever imported for a recipe."""

NET_KEYS = (
    "net",
    "optimizer",
    "lr",
    "momentum",
    "nesterov",
    "rho",
    "beta1",
    "beta2",
    "epsilon",
    "batch",
    "epochs",
    "schedule",
    "warmup",
    "weight_decay",
    "l2",
    "alpha",
    "dropout",
    "loss",
    "initializer",
    "label_smoothing",
    "label_noise",
    "augment",
    "clip",
    "precision",
)


def check_model(model: Mapping[str, Any], procedures: Mapping[str, Any]) -> None:
    """Refuse a model that cannot be built: unknown kinds, misspelt parameters, impossible values.

    Raises
    ------
    SettingError
    """
    if "net" in model:
        _known(model, NET_KEYS, "a net")
        _check_net(model)
    elif "kind" in model:
        if model["kind"] not in KINDS:
            raise SettingError(f"there is no model {model['kind']!r}", fix=near(model["kind"], KINDS))
        _known(model, ("kind", *KINDS[model["kind"]].renamed), f"the model {model['kind']}")
    elif "procedure" in model:
        if model["procedure"] not in procedures:
            raise SettingError(
                f"there is no procedure {model['procedure']!r}", fix=near(model["procedure"], procedures)
            )
        procedures[model["procedure"]].check({key: v for key, v in model.items() if key != "procedure"})
    else:
        raise SettingError("no model is named", fix="model: {net: ...}, {kind: ...} or {procedure: ...}")


def _known(model: Mapping[str, Any], keys: tuple[str, ...], what: str) -> None:
    for key in model:
        if key not in keys:
            raise SettingError(f"{what} has no setting {key!r}", fix=near(key, keys))


def _check_net(model: Mapping[str, Any]) -> None:
    from heldout.nets.settings import Settings
    from heldout.nets.text import parse

    parse(model["net"])
    Settings(**net_settings(model))


def net_settings(model: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a net as `NetClassifier` takes them.

    ``alpha`` is scikit-learn's strength of L2, alpha / (2 × batch) × the sum of squares of the weights.
    """
    settings = dict(model)
    if "alpha" in settings:
        if "l2" in settings:
            raise SettingError("both alpha and l2 are given", fix="l2 = alpha / (2 × batch)")
        alpha, batch = settings.pop("alpha"), settings.get("batch", 128)
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not isinstance(batch, int) or batch < 1:
            raise SettingError(f"alpha is {alpha!r} and batch {batch!r}", fix="numbers")
        settings["l2"] = alpha / (2 * batch)
    return settings


def build_classical(model: Mapping[str, Any], seed: int) -> Any:
    """An estimator that is not fitted yet."""
    from importlib import import_module

    kind = KINDS[model["kind"]]
    module, name = kind.place
    parameters = {kind.renamed[key]: value for key, value in model.items() if key != "kind"}
    if kind.random:
        parameters["random_state"] = seed
    build: Callable[..., Any] = getattr(import_module(module), name)
    return build(**{**(kind.fixed or {}), **parameters})


def is_random(model: Mapping[str, Any], procedures: Mapping[str, Any]) -> bool:
    """Whether two fits of a model on the same rows may differ."""
    if "kind" in model:
        return KINDS[model["kind"]].random
    return bool(procedures[model["procedure"]].random) if "procedure" in model else True
