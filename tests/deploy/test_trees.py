"""Leaves of many trees at once are those of a walk from node to node, whichever way is taken."""

import numpy as np
import pytest

from heldout.deploy import trees as module
from heldout.deploy.trees import Trees, largest_single, votes_in_order

N_FEATURES = 5


def random_trees(n_trees, most_leaves, random, dtype, ends=(-np.inf, np.inf)):
    """Trees that grow at a leaf drawn at random; some thresholds occur again, and some are infinite."""
    left, right, feature, threshold, n_nodes = [], [], [], [], []
    for _ in range(n_trees):
        start = len(left)
        nodes = [start]
        for column in (left, right):
            column.append(start)
        feature.append(0)
        threshold.append(0.0)
        for _ in range(int(random.integers(0, most_leaves))):
            node = nodes.pop(int(random.integers(len(nodes))))
            feature[node] = int(random.integers(N_FEATURES))
            threshold[node] = random.choice([*random.normal(size=8).round(1), *ends])
            left[node], right[node] = len(left), len(left) + 1
            for _ in range(2):
                nodes.append(len(left))
                left.append(len(left))
                right.append(len(right))
                feature.append(0)
                threshold.append(0.0)
        n_nodes.append(len(left) - start)
    missing_left = random.random(len(left)) < 0.5
    arrays = (np.array(column) for column in (n_nodes, left, right, feature))
    return Trees(*arrays, np.array(threshold, dtype=dtype), missing_left, N_FEATURES)


def walked(trees, x):
    leaves = np.empty((len(trees.roots), len(x)), dtype=np.int64)
    for number, root in enumerate(trees.roots):
        for row, values in enumerate(x):
            node = root
            while trees.left[node] != node:
                value = values[trees.feature[node]]
                goes_left = trees.missing_left[node] if np.isnan(value) else value <= trees.threshold[node]
                node = trees.left[node] if goes_left else trees.right[node]
            leaves[number, row] = node
    return leaves


def together(trees, x, size):
    found = np.full((len(trees.roots), len(x)), -1)
    for rows, first, leaves in trees.leaves(x, size):
        assert first % size == 0
        found[first : first + len(leaves), rows] = leaves
    return found


@pytest.mark.parametrize("most_leaves", [1, 2, 9, 32, 33, 64, 200])
@pytest.mark.parametrize("n_rows", [1, 5, 300])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_leaves_are_those_of_a_walk(most_leaves, n_rows, missing, dtype, monkeypatch):
    monkeypatch.setattr(module, "_ROWS", 290)  # the last piece has few rows
    random = np.random.default_rng(most_leaves + n_rows)
    trees = random_trees(6, most_leaves, random, dtype)
    x = random.normal(size=(n_rows, N_FEATURES)).round(1).astype(dtype)
    x[0, 0], x[-1, 1] = np.inf, -np.inf
    if missing:
        x[random.random(x.shape) < 0.2] = np.nan
    expected = walked(trees, x)
    for size in (1, 2, 3):
        np.testing.assert_array_equal(together(trees, x, size), expected)


def test_more_than_256_thresholds_of_a_feature_are_told_apart():
    random = np.random.default_rng(0)
    trees = random_trees(90, 60, random, np.float64)
    trees = Trees(
        trees.n_nodes, trees.left, trees.right, trees.feature * 0, random.normal(size=len(trees.left)),
        trees.missing_left, N_FEATURES,
    )  # fmt: skip
    assert len(np.unique(trees.threshold[trees.left != np.arange(len(trees.left))])) > 256
    x = random.normal(size=(256, N_FEATURES))
    np.testing.assert_array_equal(together(trees, x, 1), walked(trees, x))


def test_a_single_threshold_divides_as_the_double_one():
    random = np.random.default_rng(1)
    double = np.concatenate([random.normal(size=200), [0.1, 1e300, -1e300, np.inf, -np.inf, 0.0, 1e-60, -1e-60]])
    single = largest_single(double)
    with np.errstate(over="ignore"):
        near = [np.nextafter(single, np.float32(end)) for end in (np.inf, -np.inf)]
    values = np.concatenate([single, *near])
    finite = values[np.isfinite(values)]
    np.testing.assert_array_equal(finite[:, None] <= single, finite[:, None].astype(np.float64) <= double)


def test_votes_are_added_in_the_order_of_the_trees():
    votes = np.random.default_rng(2).normal(size=(50, 1, 1))
    expected = np.zeros((1, 1))
    for vote in votes:
        expected = expected + vote
    np.testing.assert_array_equal(votes_in_order(np.zeros((1, 1)), votes), expected)
