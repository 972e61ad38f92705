"""The table of classical models, from the simplest to the strongest: the leaderboard, the search and recipes read it.

To add one, add an entry to `CLASSICAL`; `heldout.deploy` must have a kind that can store what it fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heldout.models.candidate import Candidate, Estimator, Task
from heldout.models.spaces import Options, Range, Space
from heldout.models.steps import prepared, reduced


def _neighbours(task: Task) -> Mapping[str, Any]:
    return {"n_neighbors": min(5, max(1, task.n_rows // 4))}


def _naive_bayes(task: Task) -> Mapping[str, Any]:
    """Border pixels are constant; a wider floor under the variances keeps them from deciding alone."""
    return {"var_smoothing": 1e-9 if task.has_columns else 1e-2}


def _linear_svm(task: Task) -> Mapping[str, Any]:
    return {"C": 1.0 if task.has_columns else 0.1}


def _rbf_svm(task: Task) -> Mapping[str, Any]:
    """Ties are broken by the decision values, so that the decision is their largest."""
    return {"C": 1.0 if task.has_columns else 5.0, "break_ties": task.n_classes > 2}


def _neighbours_space(task: Task) -> Space:
    most = max(3, min(31, task.n_rows // 4))
    return {
        "n_neighbors": Range(1, most, log=True, whole=True, simpler="high", start=min(5, most)),
        "weights": Options(["uniform", "distance"], simpler="first"),
    }


def _naive_bayes_space(task: Task) -> Space:
    return {"var_smoothing": Range(1e-10, 1.0, log=True, simpler="high", start=_naive_bayes(task)["var_smoothing"])}


def _tree_space(task: Task) -> Space:
    return {
        "max_depth": Range(1, 30, log=True, whole=True, simpler="low", start=30),
        "min_samples_leaf": Range(1, max(2, min(50, task.n_rows // 10)), log=True, whole=True, simpler="high", start=1),
    }


def _forest_space(task: Task) -> Space:
    usual = task.n_features**-0.5
    return {
        "n_estimators": Range(50, 400, log=True, whole=True, simpler="low", start=200),
        "max_features": Range(min(0.05, usual), 1.0, log=True, start=usual),
        "min_samples_leaf": Range(1, max(2, min(20, task.n_rows // 10)), log=True, whole=True, simpler="high", start=1),
    }


def _linear_svm_space(task: Task) -> Space:
    return {"C": Range(0.001, 100, log=True, simpler="low", start=_linear_svm(task)["C"])}


def _rbf_svm_space(task: Task) -> Space:
    """C, and gamma around what a feature's variance asks for: 1 after standardization, about 0.07 for pixels."""
    strength = Range(0.01, 1000, log=True, simpler="low", start=_rbf_svm(task)["C"])
    if task.prepare:
        return {"C": strength}  # the number of features after the steps that were asked for is not known here
    middle = 1 / (task.n_features * (0.07 if task.kind == "images" else 1.0))
    return {"C": strength, "gamma": Range(middle / 16, middle * 8, log=True, simpler="low", start=middle)}


def _boosting_space(task: Task) -> Space:
    return {
        "learning_rate": Range(0.02, 0.5, log=True, start=0.1),
        "max_iter": Range(30, 400, log=True, whole=True, simpler="low", start=100),
        "max_leaf_nodes": Range(3, 63, log=True, whole=True, simpler="low", start=31),
        "min_samples_leaf": Range(2, 60, log=True, whole=True, simpler="high", start=20),
    }


def _tree_numbers(tree: Any) -> int:
    """Numbers of a tree: two per inner node (feature, threshold), one per leaf and class."""
    leaves = int(tree.n_leaves)
    return 2 * (int(tree.node_count) - leaves) + leaves * int(tree.value.shape[2])


def _same(*names: str) -> dict[str, str]:
    """Parameters that recipes call by the estimator's own names."""
    return {name: name for name in names}


CLASSICAL: tuple[Candidate, ...] = (
    Candidate(
        "dummy",
        "Class frequencies",
        Estimator("sklearn.dummy", "DummyClassifier", {"strategy": "prior"}),
        cost=lambda n, d, k: 0.002,
        steps=prepared(scale=False),
        count=lambda model: model.class_prior_.size,
    ),
    Candidate(
        "nearest-centroid",
        "Nearest centroid",
        Estimator("sklearn.neighbors", "NearestCentroid"),
        cost=lambda n, d, k: 0.01 + 4e-9 * n * d,
        steps=prepared(scale=True),
        count=lambda model: model.centroids_.size,
    ),
    Candidate(
        "k-nn",
        "5 nearest neighbours",
        Estimator("sklearn.neighbors", "KNeighborsClassifier", {"algorithm": "brute"}),
        cost=lambda n, d, k: 0.02 + 2e-9 * n * n * reduced(d) ** 0.5,
        steps=prepared(scale=True, reduce=True),
        settings=_neighbours,
        space=_neighbours_space,
        count=lambda model: model._fit_X.size,
        parameters=_same("n_neighbors", "weights"),
    ),
    Candidate(
        "naive-bayes",
        "Gaussian naive Bayes",
        Estimator("sklearn.naive_bayes", "GaussianNB"),
        cost=lambda n, d, k: 0.01 + 2e-8 * n * d,
        steps=prepared(scale=True),
        settings=_naive_bayes,
        space=_naive_bayes_space,
        count=lambda model: 2 * model.theta_.size + model.class_prior_.size,
        parameters=_same("var_smoothing"),
    ),
    Candidate(
        "tree",
        "Decision tree",
        Estimator("sklearn.tree", "DecisionTreeClassifier"),
        cost=lambda n, d, k: 0.01 + 5e-7 * n * d,
        steps=prepared(scale=False),
        seed="random_state",
        space=_tree_space,
        count=lambda model: _tree_numbers(model.tree_),
        parameters=_same("max_depth", "min_samples_leaf"),
    ),
    Candidate(
        "forest",
        "Random forest",
        Estimator("sklearn.ensemble", "RandomForestClassifier"),
        cost=lambda n, d, k: 0.5 + 6e-5 * n * d**0.5,
        steps=prepared(scale=False),
        settings=lambda task: {"n_estimators": 200},
        seed="random_state",
        space=_forest_space,
        count=lambda model: sum(_tree_numbers(tree.tree_) for tree in model.estimators_),
        parameters=_same("n_estimators", "max_features", "min_samples_leaf"),
    ),
    Candidate(
        "linear-svm",
        "Linear SVM",
        Estimator("heldout.models.linear_svm", "LinearSVM"),
        cost=lambda n, d, k: 0.02 + 5e-7 * n * reduced(d) * k,
        steps=prepared(scale=True, reduce=True),
        settings=_linear_svm,
        space=_linear_svm_space,
        count=lambda model: model.coef_.size + model.intercept_.size,
        parameters=_same("C", "max_iter", "tol"),
    ),
    Candidate(
        "rbf-svm",
        "RBF SVM",
        Estimator("sklearn.svm", "SVC", {"kernel": "rbf", "cache_size": 500}),
        cost=lambda n, d, k: 0.02 + 4e-10 * n * n * reduced(d),
        steps=prepared(scale=True, reduce=True),
        settings=_rbf_svm,
        space=_rbf_svm_space,
        count=lambda model: model.support_vectors_.size + model.dual_coef_.size + model.intercept_.size,
        parameters=_same("C", "gamma"),
        growth=2.0,
    ),
    Candidate(
        "boosting",
        "Histogram gradient boosting",
        # Its own early stopping would cut a validation part by row, across groups.
        Estimator("sklearn.ensemble", "HistGradientBoostingClassifier", {"max_iter": 100, "early_stopping": False}),
        cost=lambda n, d, k: 0.1 * k + 2.2e-6 * n * reduced(d) * k,
        steps=prepared(scale=False, reduce=True),
        seed="random_state",
        space=_boosting_space,
        count=lambda model: sum(2 * len(tree.nodes) for round_ in model._predictors for tree in round_),
        parameters=_same("learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf"),
    ),
)
"""Simplest first, in the sense in which a choice is made."""
