"""Groups of points that are much closer to each other than to anything else.

A group is tight if its points are linked by steps of at most `radius`, all lie within `radius` of their mean, and no
other point is within ``gap * radius`` of any of them. So a chain of neighbours (points along a curve, a dense cloud)
is no group, however close its members are.

A point in a tight group has exactly that group within ``gap * radius``. From this follow all short cuts here: a
neighbour further than ``2 * radius`` and nearer than ``gap * radius``, or one that has no near neighbour of its own,
rules a point out; and a point that is ruled out rules out everything within ``gap * radius`` of it.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from heldout.kinds.copies.neighbours import BLOCK, Finder, Pairs, Points

N_FIRST = 20


class TightGroups:
    """Finds tight groups, from coarse to fine.

    Parameters
    ----------
    points : Points
        No two equal ones: equal points make the search slow.
    finder : ByTree or ByBlocks
        How neighbours are found; what is found is the same.
    gap : float
        How many times the radius everything else must be away; at least 2.
    """

    def __init__(self, points: Points, finder: Finder, *, gap: float) -> None:
        self.points, self.finder, self.gap = points, finder, gap
        self.is_alone = np.zeros(len(points), bool)  # no other within the radius, nor within a smaller one
        self.is_grouped = np.zeros(len(points), bool)

    def find(self, radius: float, *, at_least: int = 2) -> np.ndarray:
        """Number of each point's group, from 0; -1 for points in none, or in one found before.

        Radii of successive calls must fall: what was found alone, or in a group, is not looked at again. Where fewer
        than ``at_least`` points can be in groups, none are looked for.
        """
        n = len(self.points)
        self.radius, self.far = radius, self.gap * radius
        self.labels, self.n_groups = np.full(n, -1), 0
        self.is_open = ~self.is_alone & ~self.is_grouped
        if self.is_open.sum() < 2:
            return self.labels
        self.finder.reach(radius, self.far)
        others = np.flatnonzero(self.is_open)
        # Where most points crowd in one place, one of a few that are picked at random is there.
        self._settle_each(self.points.generator.permutation(n)[:N_FIRST])
        near, alone = self.finder.near(np.flatnonzero(self.is_open), others)
        self.is_alone[alone] = True
        self.is_open[alone] = False
        for pairs in self.finder.some_pairs(near, self.is_open):
            self._rule_out(*pairs)
        candidates = near[self.is_open[near]]
        if len(candidates) + (self.labels >= 0).sum() < at_least:
            return np.full(n, -1)
        many, listed = self.finder.all_pairs(candidates)
        self._settle_each(many)
        self._settle_all(np.setdiff1d(candidates, many, assume_unique=True), listed)
        self.is_grouped |= self.labels >= 0
        return self.labels

    def _rule_out(self, a: np.ndarray, b: np.ndarray, distance: np.ndarray) -> None:
        """Close points a with a neighbour b that no member of a tight group has."""
        spoils = (distance <= self.far) & ((distance > 2 * self.radius) | self.is_alone[b])
        self.is_open[a[spoils]] = False

    def _settle_each(self, rows: np.ndarray) -> None:
        for row in rows:
            if self.is_open[row]:
                self._settle(int(row))

    def _settle(self, row: int) -> None:
        """Decide on one point, and on all its neighbours with it."""
        around, distance = self.finder.around(row)
        is_member = distance <= self.far
        members, others = around[is_member], around[~is_member]
        if distance[is_member].max() <= 2 * self.radius and self._is_tight(members, others):
            self._group(members)
        self.is_open[members] = False

    def _group(self, members: np.ndarray) -> None:
        self.labels[members] = self.n_groups
        self.n_groups += 1

    def _is_tight(self, members: np.ndarray, others: np.ndarray) -> bool:
        if len(members) < 2:
            return False
        others = others[self.points.keys[others] == self.points.keys[members[0]]]
        values = self.points.values[members].astype(np.float64)
        if _reach(values) > self.radius:
            return False
        step = max(1, BLOCK // max(len(members), self.points.n_dimensions))
        for i in range(0, len(others), step):
            if cdist(self.points.values[others[i : i + step]].astype(np.float64), values).min() <= self.far:
                return False
        return _is_linked(values, self.radius)

    def _settle_all(self, rows: np.ndarray, pairs: Pairs) -> None:
        """Decide on all rows whose neighbours are listed: components that are cliques, linked and tight."""
        n = len(self.points)
        a, b, distance = (column[pairs[2] <= self.far] for column in pairs)
        can_be = np.zeros(n, bool)
        can_be[rows] = True
        can_be &= self.is_open
        can_be[a[~can_be[b] | (distance > 2 * self.radius)]] = False
        component = _components(a, b, n)
        is_link = distance <= self.radius
        link = _components(a[is_link], b[is_link], n)
        sizes = np.bincount(component)
        is_clique = np.bincount(a, minlength=n) + 1 == sizes[component]
        spoilt = np.zeros(len(sizes), bool)
        spoilt[component[~can_be | ~is_clique]] = True
        rows = rows[~spoilt[component[rows]]]
        rows = rows[np.argsort(component[rows], kind="stable")]
        for members in np.split(rows, np.flatnonzero(np.diff(component[rows])) + 1):
            if len(members) < 2 or (link[members] != link[members[0]]).any():
                continue
            if len(members) == 2 or _reach(self.points.values[members].astype(np.float64)) <= self.radius:
                self._group(members)


def _components(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    return connected_components(graph, directed=False)[1]


def _reach(values: np.ndarray) -> float:
    """Largest distance from the mean."""
    return float(np.sqrt(((values - values.mean(0)) ** 2).sum(1).max()))


def _is_linked(values: np.ndarray, radius: float) -> bool:
    """Whether steps of at most ``radius`` lead from the first point to all others."""
    waiting, frontier = np.arange(1, len(values)), np.zeros(1, np.int64)
    while len(waiting) and len(frontier):
        step = max(1, BLOCK // len(waiting))
        reached = cdist(values[waiting], values[frontier[:step]]).min(1) <= radius
        frontier = np.concatenate([frontier[step:], waiting[reached]])
        waiting = waiting[~reached]
    return len(waiting) == 0
