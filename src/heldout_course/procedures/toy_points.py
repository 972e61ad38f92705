"""Points in a plane that classifiers decide about by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heldout.errors import SettingError
from heldout_course.experiments.procedures import procedure

CENTRES = {"circle": (3.0, 0.0), "square": (0.0, 3.0), "star": (3.2, 3.4), "triangle": (0.2, 0.2)}
NAMES = tuple(CENTRES)
PER_CLASS = 10
GOLDEN = np.pi * (3 - np.sqrt(5))
SPREADS = {"tight": 0.7, "diffuse": 2.2}
CIRCLES = ((0.5, 2.5), (2.0, 1.0), (0.3, 1.2), (1.1, 1.2), (0.9, 0.3), (1.6, 0.4), (0.2, 2.0), (1.2, 0.8))
DIAMONDS = ((1.5, 3.5), (3.2, 1.8), (2.4, 3.6), (3.4, 3.0), (4.1, 2.2), (3.0, 4.2), (2.6, 2.9), (4.3, 3.4))


def four_classes(groups: str) -> tuple[np.ndarray, np.ndarray]:
    """Ten points of each of four classes, laid out like the seeds of a sunflower: no chance, so the same everywhere.

    Parameters
    ----------
    groups : 'tight' or 'diffuse'
    """
    if groups not in SPREADS:
        raise SettingError(f"groups is {groups!r}", fix="tight or diffuse")
    number = np.arange(PER_CLASS)
    radius = SPREADS[groups] * np.sqrt((number + 0.5) / PER_CLASS)
    parts = []
    for place, centre in enumerate(CENTRES.values()):
        angle = number * GOLDEN + place
        parts.append(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]) + centre)
    return np.concatenate(parts), np.repeat(NAMES, PER_CLASS)


@procedure("four-classes")
def four_classes_facts(groups: str = "tight", shape: str = "circle") -> dict[str, Any]:
    """How tight and how far apart the groups are, and the mean point of a class."""
    from heldout_course.scratch.nearest_centroid import NearestCentroid

    x, y = four_classes(groups)
    model = NearestCentroid().fit(x, y)
    centres = dict(zip(model.classes_.tolist(), model.centroids_, strict=True))
    own = np.linalg.norm(x - np.array([centres[name] for name in y.tolist()]), axis=1)
    apart = [float(np.linalg.norm(centres[a] - centres[b])) for a in NAMES for b in NAMES if a < b]
    return {
        "rows": len(x),
        "within": float(own.max()),
        "between": min(apart),
        "right": float(np.mean(model.predict(x) == y)),
        "centre_x": float(centres[shape][0]),
        "centre_y": float(centres[shape][1]),
        "points": x,
        "labels": y.tolist(),
        "centres": [centres[name] for name in NAMES],
    }


@procedure("nearest-centroid-by-hand")
def nearest_centroid_by_hand(point: Sequence[float], groups: str = "tight") -> dict[str, Any]:
    """Distances of a point to the four mean points, and the class that it gets."""
    from heldout_course.scratch.distances import distances
    from heldout_course.scratch.nearest_centroid import NearestCentroid

    x, y = four_classes(groups)
    model = NearestCentroid().fit(x, y)
    far = dict(zip(model.classes_.tolist(), distances(np.array(point, float), model.centroids_).tolist(), strict=True))
    return {
        "assigned": str(model.predict(np.array([point], float))[0]),
        **{f"to_{name}": far[name] for name in NAMES},
        "least": min(far.values()),
        "points": x,
        "labels": y.tolist(),
        "centres": [model.centroids_[model.classes_.tolist().index(name)] for name in NAMES],
        "unknown": [list(point)],
    }


@procedure("votes")
def votes(point: Sequence[float], k: int = 3, ties: str = "nearest", groups: str = "diffuse") -> dict[str, Any]:
    """Classes of the k nearest points, and who wins the vote.

    Parameters
    ----------
    ties : 'nearest', 'lowest' or 'random'
        See `heldout_course.scratch.nearest_neighbours.NearestNeighbours`; the lowest class is the first by name.
    """
    from heldout_course.scratch.distances import distances
    from heldout_course.scratch.nearest_neighbours import NearestNeighbours

    x, y = four_classes(groups)
    model = NearestNeighbours(k, ties=ties).fit(x, y)
    nearest = np.argsort(distances(np.array(point, float), x), kind="stable")[:k]
    counts = np.unique(y[nearest], return_counts=True)[1]
    return {
        "neighbours": ", ".join(sorted(y[nearest].tolist())),
        "nearest": str(y[nearest[0]]),
        "label": str(model.predict(np.array([point], float))[0]),
        "winners": int((counts == counts.max()).sum()),
        "points": x,
        "labels": y.tolist(),
        "unknown": [list(point)],
        "neighbour_points": x[nearest],
    }


def two_classes() -> tuple[np.ndarray, np.ndarray]:
    """Circles (-1) and diamonds (1) that a line can part."""
    return np.array(CIRCLES + DIAMONDS), np.repeat([-1, 1], [len(CIRCLES), len(DIAMONDS)])


@procedure("separating-lines")
def separating_lines(angles: int = 180, offsets: int = 200) -> dict[str, Any]:
    """Of a grid of lines, those that part the two classes, and the margins of the worst and the best of them."""
    x, sign = two_classes()
    turned = np.linspace(0, np.pi, angles, endpoint=False)
    directions = np.column_stack([np.cos(turned), np.sin(turned)])
    along = x @ directions.T
    levels = np.linspace(along.min(), along.max(), offsets)
    beyond = sign[:, None, None] * (along[:, :, None] - levels)
    margin = np.abs(beyond).min(axis=0) * ((beyond > 0).all(axis=0) | (beyond < 0).all(axis=0))
    good = np.argwhere(margin > 0)
    shown = good[np.linspace(0, len(good) - 1, 5).astype(int)]
    return {
        "lines": margin.size,
        "separate": len(good),
        "least_margin": float(2 * margin[margin > 0].min()),
        "most_margin": float(2 * margin.max()),
        "points": x,
        "signs": sign,
        "shown": [[*directions[a].tolist(), float(levels[b])] for a, b in shown],
    }


@procedure("widest-margin")
def widest_margin(line: str = "widest") -> dict[str, Any]:
    """Width of the empty street about a line, and the points on its kerbs.

    Parameters
    ----------
    line : 'widest', 'turned' or 'moved'
        The line of a linear support vector machine without slack, the same turned by 10 degrees and led through the
        mean of all points, or moved by 0.3.
    """
    from sklearn.svm import SVC

    if line not in ("widest", "turned", "moved"):
        raise SettingError(f"line is {line!r}", fix="widest, turned or moved")
    x, sign = two_classes()
    model = SVC(kernel="linear", C=1e6, tol=1e-8).fit(x, sign)
    w, b = model.coef_[0], float(model.intercept_[0])
    size = float(np.linalg.norm(w))
    direction, level = w / size, -b / size
    if line == "turned":
        cosine, sine = np.cos(np.deg2rad(10)), np.sin(np.deg2rad(10))
        direction = np.array([[cosine, -sine], [sine, cosine]]) @ direction
        level = float(direction @ x.mean(axis=0))
    elif line == "moved":
        level += 0.3
    beyond = sign * (x @ direction - level)
    on_kerb = np.abs(beyond - beyond.min()) < 1e-4
    return {
        "margin": float(2 * beyond.min()),
        "on_kerb": int(on_kerb.sum()),
        "errors": int((beyond <= 0).sum()),
        "points": x,
        "signs": sign,
        "line": [*direction.tolist(), level],
        "kerb": on_kerb.tolist(),
    }
