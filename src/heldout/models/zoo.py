"""The classical candidates of `heldout train`, from the simplest to the strongest.

To add one, add a line to `CLASSICAL` and its builder below; `deploy/registry.py` must know how to store what it fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from heldout.data.dataset import Dataset

PCA_ABOVE = 256
"""Images with more pixels than this are reduced to `PCA_COMPONENTS` axes for models that compare distances."""
PCA_COMPONENTS = 100
SOUND_FEATURES = 131
"""What `SoundSummary` makes of a sound, whatever its length."""


@dataclass(frozen=True)
class Task:
    """What a builder may know before it sees a training row: shapes and counts, no values.

    `frame` is a table's training part; builders read its column names and types only. `rate` is that of sounds, in
    samples a second.
    """

    kind: str
    shape: tuple[int, ...]
    n_rows: int
    n_classes: int
    seed: int
    frame: Any = None
    rate: int = 0
    prepare: str = ""

    @property
    def n_features(self) -> int:
        """Numbers per row (pixels times channels, or columns); of sounds, the features that classical models get."""
        if self.kind == "sounds":
            return SOUND_FEATURES
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True)
class Candidate:
    """One model of the leaderboard.

    `cost` is the expected time of one fit on one core in seconds for (rows, features, classes); it only steers the
    estimate of the time left. `growth` is the power of the number of rows with which that time grows.
    """

    name: str
    title: str
    build: Callable[[Task], Any]
    cost: Callable[[int, int, int], float]
    growth: float = 1.0
    is_net: bool = False
    kinds: tuple[str, ...] = ("table", "images", "sounds")


def task_of(data: Dataset, *, n_rows: int, seed: int, prepare: str | None = None) -> Task:
    """Describe ``data`` to the builders; ``n_rows`` is what one fit will see, ``prepare`` a line of steps, if any."""
    table = data.kind == "table"
    shape = (data.x.shape[1],) if table else tuple(data.x.shape[1:])
    rate = data.input["rate"] if data.kind == "sounds" else 0
    return Task(data.kind, shape, n_rows, data.n_classes, seed, data.x if table else None, rate, prepare or "")


def pipeline(task: Task, model: Any, *, scale: bool, reduce: bool = False) -> Any:
    """Preparation and model as one estimator, so that nothing is fitted outside the training rows."""
    from sklearn.pipeline import Pipeline

    if task.prepare:
        return Pipeline([*_asked_steps(task), ("model", model)])
    if task.kind == "table":
        from heldout.prepare.tables import table_preparation

        return Pipeline([("prepare", table_preparation(task.frame, scale=scale)), ("model", model)])
    if task.kind == "sounds":
        return _sound_pipeline(task, model, scale)
    from heldout.prepare.images import FlattenPixels

    steps: list[tuple[str, Any]] = [("prepare", FlattenPixels())]
    if reduce and task.n_features > PCA_ABOVE:
        from sklearn.decomposition import PCA

        n_components = min(PCA_COMPONENTS, task.n_features, max(2, task.n_rows // 4))
        steps.append(("reduce", PCA(n_components, svd_solver="randomized", random_state=task.seed)))
    return Pipeline([*steps, ("model", model)])


def _asked_steps(task: Task) -> list[tuple[str, Any]]:
    """The steps that the user asked for, in place of those that a model would have."""
    from heldout.prepare.language import picture_steps, table_steps, vector_steps

    if task.kind == "table":
        return table_steps(task.prepare, task.frame, seed=task.seed)
    if task.kind == "sounds":
        from heldout.prepare.sounds import SoundSummary

        return [("prepare", SoundSummary(task.rate)), *vector_steps(task.prepare, seed=task.seed)]
    from heldout.prepare.images import FlattenPixels

    return [*picture_steps(task.prepare), ("prepare", FlattenPixels()), *vector_steps(task.prepare, seed=task.seed)]


def _sound_pipeline(task: Task, model: Any, scale: bool) -> Any:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    from heldout.prepare.sounds import SoundSummary

    steps: list[tuple[str, Any]] = [("prepare", SoundSummary(task.rate))]
    if scale:
        steps.append(("scale", StandardScaler()))
    return Pipeline([*steps, ("model", model)])


def _dummy(task: Task) -> Any:
    from sklearn.dummy import DummyClassifier

    return pipeline(task, DummyClassifier(strategy="prior"), scale=False)


def _nearest_centroid(task: Task) -> Any:
    from sklearn.neighbors import NearestCentroid

    return pipeline(task, NearestCentroid(), scale=True)


def _neighbours(task: Task) -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(n_neighbors=min(5, max(1, task.n_rows // 4)), algorithm="brute")
    return pipeline(task, model, scale=True, reduce=True)


def _naive_bayes(task: Task) -> Any:
    from sklearn.naive_bayes import GaussianNB

    # Border pixels are constant; a wider floor under the variances keeps them from deciding alone.
    smoothing = 1e-9 if task.kind == "table" else 1e-2
    return pipeline(task, GaussianNB(var_smoothing=smoothing), scale=True)


def _tree(task: Task) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return pipeline(task, DecisionTreeClassifier(random_state=task.seed), scale=False)


def _forest(task: Task) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return pipeline(task, RandomForestClassifier(n_estimators=200, random_state=task.seed), scale=False)


def _linear_svm(task: Task) -> Any:
    from heldout.models.linear_svm import LinearSVM

    model = LinearSVM(C=1.0 if task.kind == "table" else 0.1)
    return pipeline(task, model, scale=True, reduce=True)


def _rbf_svm(task: Task) -> Any:
    from sklearn.svm import SVC

    strength = 1.0 if task.kind == "table" else 5.0
    # Ties are broken by the decision values, so that the decision is their largest.
    model = SVC(C=strength, kernel="rbf", cache_size=500, break_ties=task.n_classes > 2)
    return pipeline(task, model, scale=True, reduce=True)


def _boosting(task: Task) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    # Its own early stopping would cut a validation part by row, across groups.
    model = HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=task.seed)
    return pipeline(task, model, scale=False, reduce=True)


def _reduced(d: int) -> int:
    """Features left after PCA where it applies (images only have so many)."""
    return PCA_COMPONENTS if d > PCA_ABOVE else d


CLASSICAL: tuple[Candidate, ...] = (
    Candidate("dummy", "Class frequencies", _dummy, lambda n, d, k: 0.002),
    Candidate("nearest-centroid", "Nearest centroid", _nearest_centroid, lambda n, d, k: 0.01 + 4e-9 * n * d),
    Candidate("k-nn", "5 nearest neighbours", _neighbours, lambda n, d, k: 0.02 + 2e-9 * n * n * _reduced(d) ** 0.5),
    Candidate("naive-bayes", "Gaussian naive Bayes", _naive_bayes, lambda n, d, k: 0.01 + 2e-8 * n * d),
    Candidate("tree", "Decision tree", _tree, lambda n, d, k: 0.01 + 5e-7 * n * d),
    Candidate("forest", "Random forest", _forest, lambda n, d, k: 0.5 + 6e-5 * n * d**0.5),
    Candidate("linear-svm", "Linear SVM", _linear_svm, lambda n, d, k: 0.02 + 5e-7 * n * _reduced(d) * k),
    Candidate("rbf-svm", "RBF SVM", _rbf_svm, lambda n, d, k: 0.02 + 4e-10 * n * n * _reduced(d), growth=2.0),
    Candidate(
        "boosting",
        "Histogram gradient boosting",
        _boosting,
        lambda n, d, k: 0.1 * k + 2.2e-6 * n * _reduced(d) * k,
    ),
)
"""Simplest first, in the sense in which a choice is made."""
