"""Pairs that stand out among candidate pairs: much more alike than either is to any other candidate.

Where the distance of two items is only known for listed pairs (after shifting one over the other, say), a group is
tight if its members are linked by distances of at most a radius, and every other listed neighbour of theirs is several
times as far. Coarse radii come first; a finer one may still find what a coarser one could not separate.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

TAIL = 1.5
DENSE = 0.5
FEW = 0.02


def tight_pairs(
    a: np.ndarray, b: np.ndarray, distance: np.ndarray, n: int, *, radii: tuple[float, ...], gap: float
) -> np.ndarray:
    """Positions of the pairs that link members of tight groups.

    Parameters
    ----------
    a, b : int arrays, shape (n_pairs,)
        Items of each pair, each pair once.
    distance : float array, shape (n_pairs,)
    n : int
        Items.
    radii : tuple of float
        From coarse to fine.
    gap : float
        How many times the radius of a group everything else must be away.
    """
    kept = [np.empty(0, np.int64)]
    is_grouped = np.zeros(n, bool)
    for radius in radii:
        found = _tight(a, b, distance, n, radius, gap)
        found = found[~is_grouped[a[found]] & ~is_grouped[b[found]]]
        if len(found) == 0:
            continue
        if len(found) < FEW * n and len(_tight(a, b, distance, n, TAIL * radius, gap / TAIL)) > TAIL**3 * len(found):
            continue  # but the near end of how far apart neighbours are
        kept.append(found)
        is_grouped[a[found]] = is_grouped[b[found]] = True
    return np.concatenate(kept)


def _tight(a: np.ndarray, b: np.ndarray, distance: np.ndarray, n: int, radius: float, gap: float) -> np.ndarray:
    links = np.flatnonzero(distance <= radius)
    graph = coo_matrix((np.ones(len(links), np.int8), (a[links], b[links])), shape=(n, n))
    component = connected_components(graph, directed=False)[1]
    # A group's own reach decides how far the rest must be: of two at half the radius, half the gap is enough.
    reach = np.zeros(int(component.max(initial=-1)) + 1)
    np.maximum.at(reach, component[a[links]], distance[links])
    torn = component[a] != component[b]
    nearest = np.full(len(reach), np.inf)
    for ends in (a, b):
        np.minimum.at(nearest, component[ends[torn]], distance[torn])
    sizes, n_links = (
        np.bincount(component, minlength=len(reach)),
        np.bincount(component[a[links]], minlength=len(reach)),
    )
    is_whole = n_links >= DENSE * sizes * (sizes - 1) / 2  # a chain (frames of a film) has few of all possible links
    is_tight = (nearest >= gap * np.maximum(reach, 1e-9)) & is_whole
    result: np.ndarray = links[is_tight[component[a[links]]]]
    return result
