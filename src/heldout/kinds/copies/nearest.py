"""The most similar vectors of each, by products of blocks of a matrix."""

from __future__ import annotations

import numpy as np

from heldout.kinds.copies.side_by_side import over_blocks

ROWS = 512
COLUMNS = 2048  # so that a block of products stays in the cache
SAMPLE = 2048
SPARE = 3  # times as many vectors pass the first sieve as are asked for, on average


def nearest(queries: np.ndarray, base: np.ndarray, k: int, generator: np.random.Generator) -> np.ndarray:
    """Positions of about the k most similar others of each query, most similar first; -1 where there are fewer.

    A threshold for each query, taken from a random sample, sieves before anything is sorted, so that now and then one
    of the last of the k is missed; the first ones never are.

    Parameters
    ----------
    queries, base : float32 arrays, shape (n, n_dimensions)
        Of unit length; query i is the same item as base vector i, and is not its own neighbour.
    k : int
    generator : numpy.random.Generator
    """
    n = len(base)
    sample = base[generator.permutation(n)[:SAMPLE]]
    rank = max(1, round(SPARE * k * len(sample) / n)) if n > SAMPLE else min(k + 1, n)
    found = np.full((n, k), -1, np.int64)
    lying = np.ascontiguousarray(base.T)

    def fill(place: slice) -> None:
        block, ids = queries[place], np.arange(place.start, place.stop)
        threshold = _kth_largest(block @ sample.T, rank)
        rows, columns, values = _sieve(block, lying, threshold, ids)
        order = np.lexsort((-values, rows))
        rows, columns = rows[order], columns[order]
        rank_of = np.arange(len(rows)) - np.searchsorted(rows, rows)
        first = rank_of < k
        found[place.start + rows[first], rank_of[first]] = columns[first]

    over_blocks(fill, n, ROWS)
    return found


def _kth_largest(values: np.ndarray, k: int) -> np.ndarray:
    k = min(k, values.shape[1])
    return np.partition(values, values.shape[1] - k, axis=1)[:, values.shape[1] - k]


def _sieve(
    block: np.ndarray, lying: np.ndarray, threshold: np.ndarray, ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and similarity of all that pass the threshold of their row, but for the row itself."""
    rows, columns, values = [], [], []
    memory = np.empty(len(block) * COLUMNS, np.float32)
    for start in range(0, lying.shape[1], COLUMNS):
        part = lying[:, start : start + COLUMNS]
        product = memory[: len(block) * part.shape[1]].reshape(len(block), -1)
        np.matmul(block, part, out=product)
        hits = np.flatnonzero(product >= threshold[:, None])
        row, column = np.divmod(hits, product.shape[1])
        other = column + start != ids[row]
        rows.append(row[other])
        columns.append(column[other] + start)
        values.append(product.ravel()[hits[other]])
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)
