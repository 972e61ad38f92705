"""Models that a recipe can name: those of heldout's table, and what only the course needs.

The defaults are scikit-learn's, as the course uses them; a recipe sets what an entry's `parameters` name. Nothing
outside this table is ever imported for a recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from heldout.models.candidate import Candidate, Estimator
from heldout.models.table import CLASSICAL

_BY_NAME = {entry.name: entry for entry in CLASSICAL}


def _like(model: str, **changes: Any) -> Candidate:
    """An entry for another estimator that is prepared for, and costs, what one of heldout's does."""
    return replace(_BY_NAME[model], settings=lambda task: {}, space=None, count=None, **changes)


_COURSE = (
    _like(
        "k-nn",
        title="Nearest neighbours",
        estimator=Estimator("heldout_course.models.filtered_neighbours", "FilteredNeighbours"),
        parameters={"k": "n_neighbors"},
    ),
    _like(
        "naive-bayes",
        name="multinomial-naive-bayes",
        title="Multinomial naive Bayes",
        estimator=Estimator("sklearn.naive_bayes", "MultinomialNB"),
        parameters={"alpha": "alpha"},
    ),
    replace(_BY_NAME["forest"], parameters={"trees": "n_estimators"}),
    _like(
        "linear-svm",
        name="liblinear",
        title="Linear SVM by liblinear",
        estimator=Estimator("sklearn.svm", "LinearSVC", {"dual": True}),
        seed="random_state",
        parameters={"C": "C", "max_iter": "max_iter", "tol": "tol", "dual": "dual"},
    ),
    _like(
        "rbf-svm",
        name="svm",
        title="SVM",
        estimator=Estimator("heldout_course.models.gram_svm", "GramSVC"),
        parameters={"C": "C", "gamma": "gamma", "kernel": "kernel"},
    ),
)
MODELS: Mapping[str, Candidate] = {entry.name: entry for entry in (*CLASSICAL, *_COURSE)}
"""By the name in a recipe; the course's own entries come in place of heldout's of the same name."""


def build_classical(model: Mapping[str, Any], seed: int) -> Any:
    """An estimator that is not fitted yet.

    Parameters
    ----------
    model : mapping
        ``kind`` and parameters, as a recipe has them.
    seed : int
        Of what is random in the fit, if anything is.
    """
    entry = MODELS[model["kind"]]
    parameters = {entry.parameters[key]: value for key, value in model.items() if key != "kind"}
    if entry.seed:
        parameters[entry.seed] = seed
    return entry.estimator(**parameters)


def rows_of_table() -> list[tuple[str, str, str]]:
    """Each model: name, title, and what a recipe may set, for the documentation."""
    return [(name, entry.title, ", ".join(entry.parameters) or "nothing") for name, entry in MODELS.items()]
