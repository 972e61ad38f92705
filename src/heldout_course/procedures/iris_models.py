"""Classical models on iris, trained on the 120 rows of a split or on ten times as many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.models import check_kind
from heldout_course.experiments.procedures import procedure
from heldout_course.models.table import MODELS, build_classical
from heldout_course.procedures.components import N_TRAIN, shuffled_iris

WAYS = ("printed", "right", "copies")


@procedure("model-on-iris", light=False)
def model_on_iris(
    classifier: Mapping[str, Any], enlarged: bool = False, augment: str = "printed", *, seed: int
) -> dict[str, Any]:
    """Train a model on 120 shuffled rows, or on 1,200 that are made of them, and test it on the other 30.

    Parameters
    ----------
    classifier : mapping
        A classical model as recipes name it: ``{kind: svm, kernel: rbf, gamma: 0.001}``.
    enlarged : bool
        Whether nine sets of new rows are added.
    augment : 'printed', 'right' or 'copies'
        'printed': the PCA sees all 150 rows and its components are shaken, once a set. 'right': it sees the training
        rows, and each row is moved on its own. 'copies': the new rows are the old ones.
    """
    if augment not in WAYS:
        raise SettingError(f"augment is {augment!r}", fix=" or ".join(WAYS))
    if "kind" not in classifier:
        raise SettingError("classifier names no kind", fix=f"classifier: {{kind: {next(iter(MODELS))}}}")
    check_kind(classifier)
    features, labels = shuffled_iris(seed)
    x, y = features[:N_TRAIN], labels[:N_TRAIN]
    if enlarged:
        x, y = _enlarged(features, y, augment, seed)
    answers = build_classical(classifier, seed).fit(x, y).predict(features[N_TRAIN:])
    truth = labels[N_TRAIN:]
    return {
        "accuracy": float((answers == truth).mean()),
        "rows": len(x),
        **{f"called_{k}": int((answers == k).sum()) for k in range(3)},
        "others_called_1": int(((answers == 1) & (truth != 1)).sum()),
        "errors_1_as_2": int(((answers == 2) & (truth == 1)).sum()),
        "errors": int((answers != truth).sum()),
    }


def _enlarged(features: np.ndarray, y: np.ndarray, augment: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The training rows and nine sets of new ones."""
    from heldout.augment.features import PCANoise

    x = features[:N_TRAIN]
    if augment == "copies":
        return np.tile(x, (10, 1)), np.tile(y, 10)
    if augment == "printed":
        maker = PCANoise(keep=2, sigma=0.1, relative=False, way="component-rows").fit(features)
    else:
        maker = PCANoise(keep=2, sigma=0.1).fit(x)
    made = maker.make(x, y, copies=9, seed=seed)
    return np.concatenate([x, made.x]), np.concatenate([y, np.asarray(made.y)])
