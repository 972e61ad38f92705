"""Who is near whom, among many points in many dimensions: exact, in bounded memory.

Both ways look along a few orthonormal directions first, in which distances can only shrink, and decide by true
distances. A k-d tree is best where few points are near each other in such a projection; where the search must reach
far, and many are, products of blocks of a matrix take longer to grow and less to work.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from scipy.spatial import cKDTree

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]  # points, other points, true distances

BLOCK = 1 << 22  # numbers held at a time
SLACK = 1 + 1e-6  # for rounding in the projection


class Points:
    """Points, and their true distances.

    Parameters
    ----------
    values : array, shape (n_points, n_dimensions)
        Float, or uint8 (images).
    keys : int array, shape (n_points,)
        Points with different keys are infinitely far from each other.
    generator : numpy.random.Generator
        Chooses directions and samples; what is found does not depend on it.
    """

    def __init__(self, values: np.ndarray, keys: np.ndarray, generator: np.random.Generator) -> None:
        self.values, self.keys, self.generator = values, keys, generator

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_dimensions(self) -> int:
        """Length of each point."""
        return int(self.values.shape[1])

    def exact(self, rows: np.ndarray) -> np.ndarray:
        """These points, as numbers that can be subtracted."""
        values = self.values[rows]
        return values.astype(np.float32) if values.dtype == np.uint8 else values

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """True distance of each pair."""
        result = np.empty(len(a))
        step = max(1, BLOCK // max(1, self.n_dimensions))
        for i in range(0, len(a), step):
            difference = self.exact(a[i : i + step]) - self.exact(b[i : i + step])
            result[i : i + step] = np.sqrt(np.einsum("ij,ij->i", difference, difference, dtype=np.float64))
        result[self.keys[a] != self.keys[b]] = np.inf
        return result

    def projected(self, axes: np.ndarray | None) -> np.ndarray:
        """Coordinates along orthonormal axes; None: the points themselves."""
        if axes is None:
            return self.values.astype(np.float64)
        step = max(1, BLOCK // self.n_dimensions)
        blocks = [self.values[i : i + step].astype(np.float64) @ axes for i in range(0, len(self), step)]
        return np.concatenate(blocks)

    def random_axes(self, n_axes: int) -> np.ndarray:
        """Orthonormal directions at random."""
        return np.linalg.qr(self.generator.standard_normal((self.n_dimensions, n_axes)))[0]

    def main_axes(self, n_axes: int) -> np.ndarray | None:
        """Orthonormal directions of large spread, by subspace iteration on a sample; None: all."""
        if self.n_dimensions <= n_axes:
            return None
        sample = self.values[self.generator.permutation(len(self))[:4000]].astype(np.float64)
        sample = sample - sample.mean(0)
        axes = self.random_axes(n_axes)
        for _ in range(4):
            axes = np.linalg.qr(sample.T @ (sample @ axes))[0]
        return axes


class Finder(Protocol):
    """A way to find neighbours. Rows are positions of points."""

    def reach(self, radius: float, far: float) -> None:
        """Get ready for searches within these distances."""

    def near(self, rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows with another one within `radius` (or where that is not known), and rows without any.

        ``others`` holds the rows and every point that may be near one.
        """

    def some_pairs(self, rows: np.ndarray, is_open: np.ndarray) -> Iterator[Pairs]:
        """Pairs within about `far`, many or all, of those of the rows that are open as this goes on."""

    def all_pairs(self, rows: np.ndarray) -> tuple[np.ndarray, Pairs]:
        """Rows that have too many neighbours to list, and all pairs within `far` of the others."""

    def around(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Points within ``far + 2 * radius`` at least, and their true distances."""


class ByTree:
    """Neighbours by a k-d tree in 8 dimensions."""

    N_AXES = 8
    N_VIEWS = 3  # projections tried on points with hundreds of neighbours there, none truly near
    FEW = 32
    SAMPLE_SIZES = (256, 2048, 16384)

    def __init__(self, points: Points) -> None:
        self.points = points

    def reach(self, radius: float, far: float) -> None:
        """Build the tree."""
        self.radius, self.far = radius, far
        self._look_along(self.points.main_axes(self.N_AXES))

    def near(self, rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """By k nearest neighbours, more and more; where hundreds do not settle it, it stays unknown."""
        points = self.points
        is_alone = np.zeros(len(points), bool)
        unknown = rows
        for view in range(self.N_VIEWS):
            if view:  # for points that differ in directions which the main axes miss
                self._look_along(points.random_axes(self.N_AXES))
            for k in (2, 8, 32, 128, 512):
                unknown = self._unknown(unknown, min(k, len(points)), is_alone)
                if len(unknown) == 0:
                    return rows[~is_alone[rows]], rows[is_alone[rows]]
                if k == 8 and len(unknown) > len(points) // 100:
                    break  # a crowd: `some_pairs` rules it out at less cost
        return rows[~is_alone[rows]], rows[is_alone[rows]]

    def some_pairs(self, rows: np.ndarray, is_open: np.ndarray) -> Iterator[Pairs]:
        """Neighbours among random samples, small ones first: crowds show in them."""
        n = len(self.points)
        for size in self.SAMPLE_SIZES:
            rows = rows[is_open[rows]]
            if len(rows) == 0 or size > n / 2:
                return
            sample = self.points.generator.permutation(n)[:size]
            tree = cKDTree(self.shadows[sample])
            nearest = tree.query(self.shadows[rows], 8, distance_upper_bound=self.far * SLACK)[1]
            yield self._flat(rows, np.append(sample, n)[nearest])

    def all_pairs(self, rows: np.ndarray) -> tuple[np.ndarray, Pairs]:
        """By k nearest neighbours, up to 32."""
        n = len(self.points)
        found = []
        for k in (5, self.FEW + 1):
            neighbours = self._neighbours(rows, min(k, n + 1), self.far)
            is_listed = neighbours[:, -1] == n
            found.append(self._flat(rows[is_listed], neighbours[is_listed]))
            rows = rows[~is_listed]
        a, b, distance = (np.concatenate(column) for column in zip(*found, strict=True))
        return rows, (a, b, distance)

    def around(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """A ball in the projection."""
        reach = (self.far + 2 * self.radius) * SLACK
        others = np.array(self.tree.query_ball_point(self.shadows[row], reach), np.int64)
        return others, self.points.distances(np.full(len(others), row), others)

    def _look_along(self, axes: np.ndarray | None) -> None:
        self.shadows = self.points.projected(axes)
        keys = self.points.keys
        if len(keys) and keys.max() > keys.min():
            self.shadows = np.column_stack([self.shadows, keys * (4 * self.far)])
        self.tree = cKDTree(self.shadows, leafsize=24)

    def _neighbours(self, rows: np.ndarray, k: int, within: float) -> np.ndarray:
        """The k nearest in the projection, self included; n_points where there are fewer."""
        found = np.empty((len(rows), k), np.int64)
        step = max(1, BLOCK // k)
        for i in range(0, len(rows), step):
            block = self.shadows[rows[i : i + step]]
            nearest = self.tree.query(block, k, distance_upper_bound=within * SLACK)[1]
            found[i : i + step] = nearest.reshape(-1, k)
        return found

    def _flat(self, rows: np.ndarray, neighbours: np.ndarray) -> Pairs:
        position, column = np.nonzero((neighbours < len(self.points)) & (neighbours != rows[:, None]))
        a, b = rows[position], neighbours[position, column]
        return a, b, self.points.distances(a, b)

    def _unknown(self, rows: np.ndarray, k: int, is_alone: np.ndarray) -> np.ndarray:
        """Rows of whose neighbours k were too few to decide; those that have none are marked alone."""
        unknown = [rows[:0]]
        step = max(1, BLOCK // k)
        for i in range(0, len(rows), step):
            block = rows[i : i + step]
            neighbours = self._neighbours(block, k, self.radius)
            a, _, distance = self._flat(block, neighbours)
            is_near = np.isin(block, a[distance <= self.radius])
            is_listed = neighbours[:, -1] == len(self.points)
            is_alone[block[~is_near & is_listed]] = True
            unknown.append(block[~is_near & ~is_listed])
        return np.concatenate(unknown)


class ByBlocks:
    """Neighbours by matrix products in 64 dimensions, along the main axis; time grows with the square of points."""

    N_AXES = 64
    ROWS = 1024
    PAIRS = 1 << 14
    FEW = 64

    def __init__(self, points: Points) -> None:
        self.points = points
        views = points.projected(points.main_axes(self.N_AXES))
        self.views = (views - views.mean(0)).astype(np.float32)
        self.squares = np.einsum("ij,ij->i", self.views, self.views)
        # float32 rounds squared lengths; pairs that this lets through are decided by true distances.
        self.rounding = 1e-5 * float(self.squares.max(initial=0))

    def reach(self, radius: float, far: float) -> None:
        """Remember the distances."""
        self.radius, self.far = radius, far

    def near(self, rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Exactly."""
        is_near = np.zeros(len(self.points), bool)
        for a, b in self._maybe(others, others, self.radius, each_once=True):
            matters = (a != b) & ~(is_near[a] & is_near[b])
            a, b = a[matters], b[matters]
            truly = self.points.distances(a, b) <= self.radius
            is_near[a[truly]] = is_near[b[truly]] = True
        return rows[is_near[rows]], rows[~is_near[rows]]

    def some_pairs(self, rows: np.ndarray, is_open: np.ndarray) -> Iterator[Pairs]:
        """All pairs, of open rows."""
        for a, b in self._maybe(rows, np.arange(len(self.points)), self.far):
            matters = is_open[a] & (a != b)
            a, b = a[matters], b[matters]
            yield a, b, self.points.distances(a, b)

    def all_pairs(self, rows: np.ndarray) -> tuple[np.ndarray, Pairs]:
        """Counted first, so that only rows with few neighbours are listed."""
        everything = np.arange(len(self.points))
        counts = np.zeros(len(self.points), np.int64)
        for a, _ in self._maybe(rows, everything, self.far):
            counts += np.bincount(a, minlength=len(counts))
        many, few = rows[counts[rows] > self.FEW], rows[counts[rows] <= self.FEW]
        empty = np.empty(0, np.int64)
        found = [(empty, empty), *self._maybe(few, everything, self.far)]
        a, b = (np.concatenate(column) for column in zip(*found, strict=True))
        a, b = a[a != b], b[a != b]
        return many, (a, b, self.points.distances(a, b))

    def around(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """One row of the product."""
        squared = self.squares + self.squares[row] - 2 * (self.views @ self.views[row])
        reach = (self.far + 2 * self.radius) ** 2
        others = np.flatnonzero(squared <= reach * SLACK + self.rounding)
        return others, self.points.distances(np.full(len(others), row), others)

    def _maybe(
        self, rows: np.ndarray, others: np.ndarray, within: float, *, each_once: bool = False
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pairs that may be within a distance, some at a time, each of the rows with itself too.

        ``each_once`` leaves out most pairs (b, a) of which (a, b) is there; rows and others must be the same.
        """
        limit = np.float32(within**2 * SLACK + self.rounding)
        rows, others = (each[np.argsort(self.views[each, 0], kind="stable")] for each in (rows, others))
        views, squares = self.views[others], self.squares[others]
        for i in range(0, len(rows), self.ROWS):
            block = rows[i : i + self.ROWS]
            ends = self.views[block[[0, -1]], 0] + np.array([-1, 1], np.float32) * np.sqrt(limit)
            start, stop = np.searchsorted(views[:, 0], ends)
            for j in range(max(start, i) if each_once else start, stop, self.ROWS):
                end = min(stop, j + self.ROWS)
                product = self.views[block] @ views[j:end].T
                product *= -2
                product += squares[j:end]
                hits = np.flatnonzero(product <= limit - self.squares[block, None])  # faster than in two dimensions
                a, b = np.divmod(hits, end - j)
                for k in range(0, len(a), self.PAIRS):
                    yield block[a[k : k + self.PAIRS]], others[b[k : k + self.PAIRS] + j]
