"""What training data must contain: other appearances of a class, and other surroundings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure


@lru_cache(maxsize=1)
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits of 8 x 8 pixels, 0 to 255, and which digit each is."""
    from heldout.data.named_loading import load_named

    data = load_named("digits")
    return np.asarray(data.x)[..., 0], data.y


@procedure("unseen-appearance")
def unseen_appearance(training: str = "one", rows: int = 120, *, seed: int) -> dict[str, Any]:
    """A class of several appearances: the class "even" of handwritten digits against the class "odd".

    Trains the nearest neighbour on 8s as the only even digits, or on as many rows of all even digits; odd digits are
    the same. Accuracy is given for the appearance that was seen, and for the four that were not.
    """
    from heldout_course.scratch.nearest_neighbours import NearestNeighbours

    images, digit = _digits()
    x = images.reshape(len(images), -1).astype(float)
    order = np.random.default_rng(seed).permutation(len(x))
    half, rest = order[: len(x) // 2], order[len(x) // 2 :]
    even_digits = [8] if training == "one" else [0, 2, 4, 6, 8]
    even = half[np.isin(digit[half], even_digits)][:rows]
    odd = half[digit[half] % 2 == 1][:rows]
    train = np.concatenate([even, odd])
    model = NearestNeighbours(k=1).fit(x[train], digit[train] % 2)
    seen, unseen = (rest[np.isin(digit[rest], which)][:150] for which in ([8], [0, 2, 4, 6]))
    return {
        "right_seen": float(np.mean(model.predict(x[seen]) == 0)),
        "right_unseen": float(np.mean(model.predict(x[unseen]) == 0)),
        "even_rows": len(even),
        "seen": [images[row].tolist() for row in even[:10]],
        "unseen": [images[row].tolist() for row in unseen[:10]],
    }


@procedure("wrong-cue", light=False)
def wrong_cue(background: str = "tells", strength: float = 0.95, *, seed: int) -> dict[str, Any]:
    """Threes and eights before a background that goes with the class in training, as snow goes with wolves.

    Pixels at the edge of each picture get a grey level that is high for 8 in `strength` of the training pictures
    ('tells') or in half of them ('varied'). A forest is asked about pictures with the same bias, and about pictures
    whose background is drawn at random.
    """
    from sklearn.ensemble import RandomForestClassifier

    from heldout.look.checks.background_cue import border_features
    from heldout_course.scratch.nearest_centroid import NearestCentroid

    images, digit = _digits()
    random = np.random.default_rng(seed)
    rows = random.permutation(np.flatnonzero(np.isin(digit, (3, 8))))
    train, test = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    share = strength if background == "tells" else 0.5
    y = (digit == 8).astype(int)
    pictures = {
        "train": _before_background(images[train], y[train], share, random),
        "same": _before_background(images[test], y[test], share, random),
        "other": _before_background(images[test], y[test], 0.5, random),
    }
    flat = {name: one.reshape(len(one), -1).astype(float) for name, one in pictures.items()}
    model = RandomForestClassifier(50, random_state=seed).fit(flat["train"], y[train])
    edges = {name: border_features(pictures[name], np.arange(len(pictures[name]))) for name in ("train", "same")}
    border = NearestCentroid().fit(edges["train"], y[train])
    return {
        "same_conditions": float(np.mean(model.predict(flat["same"]) == y[test])),
        "other_conditions": float(np.mean(model.predict(flat["other"]) == y[test])),
        "edge_alone": float(np.mean(border.predict(edges["same"]) == y[test])),
        "pictures": [pictures["train"][row, :, :, 0].tolist() for row in range(10)],
        "classes": [3 + 5 * int(label) for label in y[train][:10]],
    }


def _before_background(images: np.ndarray, y: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """Pictures of 12 x 12 with a frame that is light for class 1 in this share of them, and dark for class 0."""
    agrees = random.random(len(y)) < share
    level = np.where(agrees, y, 1 - y) * 160 + random.integers(0, 60, len(y))
    made = np.broadcast_to(level[:, None, None], (len(y), 12, 12)).astype(np.uint8).copy()
    made[:, 2:-2, 2:-2] = np.maximum(images, made[:, 2:-2, 2:-2] // 4)
    return made[..., None]
