"""Groups of points that are much closer to each other than to anything else: exact, fast, in bounded memory.

A group is tight if every two of its points are linked by steps of at most `radius`, all lie within `radius` of
their mean, and no other point is within ``gap * radius`` of any of them. So a chain of neighbours (points along a
curve, a dense cloud) is no group, however many of its neighbours are close.

A point in a tight group has exactly that group within ``gap * radius``. From this follow all short cuts here: a
neighbour further than ``2 * radius`` and nearer than ``gap * radius`` rules a point out, and a point that is ruled
out rules out everything within ``gap * radius`` of it.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

N_DIMENSIONS = 8  # of the projection in which neighbours are sought
FEW = 32  # neighbours up to which points are handled all at once
N_FIRST = 20
N_VIEWS = 3  # projections that are tried on points with hundreds of neighbours there, none truly near
BLOCK = 1 << 22  # numbers held at a time
SAMPLE_SIZES = (256, 2048, 16384)
SLACK = 1 + 1e-6  # for rounding: the projection finds candidates, true distances decide


class TightGroups:
    """Finds tight groups among the rows of a matrix, from coarse to fine.

    Parameters
    ----------
    points : array, shape (n_points, n_dimensions)
        Float, or uint8 (images). No two equal ones: equal points make the search slow.
    keys : int array, shape (n_points,)
        Points with different keys are infinitely far from each other.
    gap : float
        How many times the radius everything else must be away; at least 2.
    generator : numpy.random.Generator
        Chooses directions and samples; the result does not depend on it.
    """

    def __init__(self, points: np.ndarray, keys: np.ndarray, *, gap: float, generator: np.random.Generator) -> None:
        self.points, self.keys, self.gap = points, keys, gap
        self.generator = generator
        self.radius = self.far = 0.0
        self.is_alone = np.zeros(len(points), bool)  # no other within the radius, nor within a smaller one
        self.is_grouped = np.zeros(len(points), bool)

    def find(self, radius: float) -> np.ndarray:
        """Number of each point's group, from 0; -1 for points in none, or in one found before.

        Radii of successive calls must fall: what was found alone, or in a group, is not looked at again.
        """
        n = len(self.points)
        self.radius, self.far = radius, self.gap * radius
        self.labels = np.full(n, -1)
        self.ruled_out = self.is_alone | self.is_grouped
        if n - self.ruled_out.sum() < 2:
            return self.labels
        self._look_along(self._main_axes())
        # Where most points crowd in one place, one of a few that are picked at random is there.
        self._settle_each(self.generator.permutation(n)[:N_FIRST])
        candidates = self._not_crowded(self._candidates())
        rows, pairs = candidates, []
        for k in (5, FEW + 1):
            neighbours = self._neighbours(rows, min(k, n + 1), self.far)
            all_found = neighbours[:, -1] == n
            position, other, distance = self._pairs(rows[all_found], neighbours[all_found])
            pairs.append((rows[all_found][position], other, distance))
            rows = rows[~all_found]
        self._settle_each(rows)
        in_hand = np.setdiff1d(candidates, rows, assume_unique=True)
        self._settle_all(in_hand, *(np.concatenate(column) for column in zip(*pairs, strict=True)))
        self.is_grouped |= self.labels >= 0
        return self.labels

    def _main_axes(self) -> np.ndarray | None:
        """A few orthonormal directions of large spread, by subspace iteration on a sample."""
        n, d = self.points.shape
        if d <= N_DIMENSIONS:
            return None
        sample = self.points[self.generator.permutation(n)[:4000]].astype(np.float64)
        sample = sample - sample.mean(0)
        axes = self._random_axes()
        for _ in range(4):
            axes = np.linalg.qr(sample.T @ (sample @ axes))[0]
        return axes

    def _random_axes(self) -> np.ndarray:
        return np.linalg.qr(self.generator.standard_normal((self.points.shape[1], N_DIMENSIONS)))[0]

    def _look_along(self, axes: np.ndarray | None) -> None:
        self.shadows = self._project(axes)
        self.tree = cKDTree(self.shadows, leafsize=24)

    def _project(self, axes: np.ndarray | None) -> np.ndarray:
        """Coordinates along orthonormal axes: distances can only shrink. Another key is far away."""
        n, d = self.points.shape
        if axes is None:
            shadows = self.points.astype(np.float64)
        else:
            step = max(1, BLOCK // d)
            blocks = [self.points[i : i + step].astype(np.float64) @ axes for i in range(0, n, step)]
            shadows = np.concatenate(blocks)
        if len(self.keys) and self.keys.max() > self.keys.min():
            shadows = np.column_stack([shadows, self.keys * (4.0 * self.far)])
        return shadows

    def _exact(self, rows: np.ndarray | slice) -> np.ndarray:
        """Points as numbers that can be subtracted."""
        points = self.points[rows]
        return points.astype(np.float32) if points.dtype == np.uint8 else points

    def _distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """True distances of pairs."""
        result = np.empty(len(a))
        step = max(1, BLOCK // self.points.shape[1])
        for i in range(0, len(a), step):
            difference = self._exact(a[i : i + step]) - self._exact(b[i : i + step])
            result[i : i + step] = np.sqrt(np.einsum("ij,ij->i", difference, difference, dtype=np.float64))
        result[self.keys[a] != self.keys[b]] = np.inf
        return result

    def _neighbours(self, rows: np.ndarray, k: int, within: float) -> np.ndarray:
        """The k nearest in the projection, self included; n_points where there are fewer."""
        found = np.empty((len(rows), k), np.int64)
        step = max(1, BLOCK // k)
        for i in range(0, len(rows), step):
            block = self.shadows[rows[i : i + step]]
            found[i : i + step] = self.tree.query(block, k, distance_upper_bound=within * SLACK)[1].reshape(-1, k)
        return found

    def _pairs(self, rows: np.ndarray, neighbours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Flat (position in rows, neighbour, true distance), without self and without blanks."""
        position, column = np.nonzero((neighbours < len(self.points)) & (neighbours != rows[:, None]))
        other = neighbours[position, column]
        return position, other, self._distances(rows[position], other)

    def _candidates(self) -> np.ndarray:
        """Every point with another one within the radius, and few others."""
        is_near = np.zeros(len(self.points), bool)
        rows = np.flatnonzero(~self.ruled_out & (self.labels < 0))
        for view in range(N_VIEWS):
            if view:  # for points that differ in directions which the main axes miss
                self._look_along(self._random_axes())
            for k in (2, 8, 32, 128, 512):
                rows = self._unresolved(rows, min(k, len(self.points)), is_near)
                if k == 8 and view == 0:
                    rows = self._not_crowded(rows)
                if len(rows) == 0:
                    return np.flatnonzero(is_near)
        is_near[rows] = True  # not known, so they are looked at closely
        return np.flatnonzero(is_near)

    def _unresolved(self, rows: np.ndarray, k: int, is_near: np.ndarray) -> np.ndarray:
        """Mark rows with a truly near one among the k nearest; return those for which k was too few to tell."""
        unresolved = [rows[:0]]
        step = max(1, BLOCK // k)
        for i in range(0, len(rows), step):
            block = rows[i : i + step]
            neighbours = self._neighbours(block, k, self.radius)
            position, _, distance = self._pairs(block, neighbours)
            near = np.zeros(len(block), bool)
            near[position[distance <= self.radius]] = True
            is_near[block[near]] = True
            unknown = ~near & (neighbours[:, -1] < len(self.points))
            self.is_alone[block[~near & ~unknown]] = True
            unresolved.append(block[unknown])
        return np.concatenate(unresolved)

    def _not_crowded(self, rows: np.ndarray) -> np.ndarray:
        """Rule out points with a neighbour, among random samples, that is neither near nor far."""
        n = len(self.points)
        for size in SAMPLE_SIZES:
            if len(rows) == 0 or size > n / 2:
                break
            sample = self.generator.permutation(n)[:size]
            tree = cKDTree(self.shadows[sample])
            nearest = tree.query(self.shadows[rows], 8, distance_upper_bound=self.far * SLACK)[1]
            position, _, distance = self._pairs(rows, np.append(sample, n)[nearest])
            between = (distance > 2 * self.radius) & (distance <= self.far)
            self.ruled_out[rows[position[between]]] = True
            rows = rows[~self.ruled_out[rows]]
        return rows

    def _settle_each(self, points: np.ndarray) -> None:
        for point in points:
            if not self.ruled_out[point] and self.labels[point] < 0:
                self._settle(int(point))

    def _settle(self, point: int) -> None:
        """Decide on one point with many neighbours, and on all its neighbours with it."""
        around = np.array(self.tree.query_ball_point(self.shadows[point], (self.far + 2 * self.radius) * SLACK))
        distance = self._distances(np.full(len(around), point), around)
        members, others = around[distance <= self.far], around[distance > self.far]
        reach = distance[distance <= self.far].max()
        if len(members) > 1 and reach <= 2 * self.radius and self._is_tight(members, others):
            self.labels[members] = self.labels.max(initial=-1) + 1
        else:
            self.ruled_out[members] = True

    def _is_tight(self, members: np.ndarray, others: np.ndarray) -> bool:
        others = others[self.keys[others] == self.keys[members[0]]]
        points = self.points[members].astype(np.float64)
        if self._spread(points) > self.radius:
            return False
        step = max(1, BLOCK // len(members))
        for i in range(0, len(others), step):
            if cdist(self.points[others[i : i + step]].astype(np.float64), points).min() <= self.far:
                return False
        return _is_linked(points, self.radius)

    @staticmethod
    def _spread(points: np.ndarray) -> float:
        return float(np.sqrt(((points - points.mean(0)) ** 2).sum(1).max()))

    def _settle_all(self, rows: np.ndarray, a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> None:
        """Decide on all rows whose neighbours are known (pairs a, b): cliques that are linked and tight."""
        n = len(self.points)
        close = distance <= self.far
        a, b, distance = a[close], b[close], distance[close]
        is_open = np.zeros(n, bool)
        is_open[rows] = True
        is_open &= ~self.ruled_out & (self.labels < 0)
        spoilt = ~is_open[b] | (distance > 2 * self.radius)
        is_open[a[spoilt]] = False
        component = connected_components(_graph(a, b, n), directed=False)[1]
        linked = distance <= self.radius
        link = connected_components(_graph(a[linked], b[linked], n), directed=False)[1]
        sizes, degrees = np.bincount(component), np.bincount(a, minlength=n)
        good = is_open & (degrees + 1 == sizes[component])
        bad = np.zeros(len(sizes), bool)
        bad[component[~good]] = True
        rows = rows[~bad[component[rows]]]
        rows = rows[np.argsort(component[rows], kind="stable")]
        starts = np.flatnonzero(np.diff(component[rows])) + 1
        for members in np.split(rows, starts):
            one_chain = len(members) > 1 and (link[members] == link[members[0]]).all()
            pair = len(members) == 2
            if one_chain and (pair or self._spread(self.points[members].astype(np.float64)) <= self.radius):
                self.labels[members] = self.labels.max(initial=-1) + 1


def _graph(a: np.ndarray, b: np.ndarray, n: int) -> coo_matrix:
    return coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))


def _is_linked(points: np.ndarray, radius: float) -> bool:
    """Whether steps of at most ``radius`` lead from the first point to all others."""
    waiting, frontier = np.arange(1, len(points)), np.zeros(1, np.int64)
    while len(waiting) and len(frontier):
        step = max(1, BLOCK // len(waiting))
        reached = cdist(points[waiting], points[frontier[:step]]).min(1) <= radius
        frontier = np.concatenate([frontier[step:], waiting[reached]])
        waiting = waiting[~reached]
    return len(waiting) == 0
