"""The fast search finds exactly what the definition says."""

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from heldout.kinds.copies.nearness import TightGroups
from heldout.kinds.copies.neighbours import ByBlocks, ByTree, Points


def by_definition(values, keys, radius, gap):
    distance = cdist(values, values)
    distance[keys[:, None] != keys] = np.inf
    component = connected_components(distance <= radius, directed=False)[1]
    groups = []
    for c in range(component.max() + 1):
        inside, outside = np.flatnonzero(component == c), np.flatnonzero(component != c)
        reach = np.sqrt(((values[inside] - values[inside].mean(0)) ** 2).sum(1).max())
        apart = len(outside) == 0 or distance[np.ix_(inside, outside)].min() > gap * radius
        if len(inside) > 1 and apart and reach <= radius:
            groups.append(tuple(inside.tolist()))
    return sorted(groups)


def as_groups(labels):
    return sorted(tuple(np.flatnonzero(labels == k).tolist()) for k in range(labels.max() + 1))


def random_case(seed):
    """Clusters, clouds and walks of any density, in 1 to 90 dimensions."""
    rng = np.random.default_rng(seed)
    d, n, m = int(rng.integers(1, 90)), int(rng.integers(2, 300)), int(rng.integers(1, 60))
    width = 10 ** rng.uniform(-3, 0.3)
    noise = rng.standard_normal((n, d)) * width
    if seed % 4 == 0:
        values = np.cumsum(noise, axis=0)
    else:
        centres = rng.standard_normal((m, d)) * 10 ** rng.uniform(-1, 1)
        values = centres[rng.integers(m, size=n)] + noise * rng.choice([0.1, 1, 3], size=(n, 1))
    keys = rng.integers(2, size=n) if seed % 3 == 0 else np.zeros(n, int)
    return values, keys, np.sqrt(d) * width * 10 ** rng.uniform(-0.5, 0.7)


@pytest.mark.parametrize(("kind", "gap"), [(ByTree, 5.0), (ByBlocks, 2.0)])
def test_any_points_are_grouped_by_the_definition(kind, gap, monkeypatch):
    monkeypatch.setattr(ByTree, "FEW", 4)  # so that crowds are met in small cases
    monkeypatch.setattr(ByTree, "SAMPLE_SIZES", (8, 64))
    monkeypatch.setattr(ByBlocks, "FEW", 4)
    monkeypatch.setattr(ByBlocks, "ROWS", 50)
    n_found = 0
    for seed in range(60):
        values, keys, radius = random_case(seed)
        points = Points(values, keys if kind is ByTree else np.zeros_like(keys), np.random.default_rng(seed))
        search, grouped = TightGroups(points, kind(points), gap=gap), np.zeros(len(values), bool)
        for scale in (1, 2, 4):
            found = search.find(radius / scale)
            expected = by_definition(values, points.keys, radius / scale, gap)
            expected = [group for group in expected if not grouped[list(group)].any()]
            assert as_groups(found) == expected, seed
            grouped |= found >= 0
            n_found += len(expected)
    assert n_found > 200


def test_the_tree_and_the_blocks_agree():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (400, 96)).astype(np.uint8)
    pictures = np.concatenate([pictures, np.clip(pictures[:50].astype(int) + rng.integers(-3, 4, (50, 96)), 0, 255)])
    pictures = pictures.astype(np.uint8)
    found = []
    for kind in (ByTree, ByBlocks):
        points = Points(pictures, np.zeros(450, int), np.random.default_rng(1))
        found.append(as_groups(TightGroups(points, kind(points), gap=2.0).find(4.0 * np.sqrt(96))))
    assert found[0] == found[1] == [(i, 400 + i) for i in range(50)]
