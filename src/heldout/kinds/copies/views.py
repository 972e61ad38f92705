"""The same picture in another view: shifted, cropped a little, mirrored, turned a little, brighter or in other colours.

Candidates are the nearest pictures by two descriptions: the picture reduced to 8 x 8 grey levels (also mirrored), and
the strength of its low spatial frequencies, which a shift leaves alone. Each candidate pair is then laid over one
another at five scales, mirrored or not, at every shift that keeps the middle three quarters inside; the distance is
``sqrt(2 - 2 c)`` of the best correlation c of grey levels, so that brightness and contrast do not count. A pair is a
copy if all other candidates of both are at least half as far again, and if the two agree in nearly every ninth of the
picture, not only in its frame.
"""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from heldout.kinds.copies.nearest import nearest
from heldout.kinds.copies.registered import tight_pairs
from heldout.kinds.copies.side_by_side import over_blocks

SIDE = 24
SMALL = 8
FREQUENCIES = 6
AXES = 32
K = 10
STANDS_OUT = 0.9  # of the distance of the last candidate: nearer ones are looked at closely
INNER = 0.75  # share of the side that must lie within the other picture
SCALES = (1.0, 0.92, 0.85, 1.08, 1.17)
RADII = (0.45, 0.32, 0.22, 0.16, 0.11)  # a correlation of 0.9, 0.95, 0.975, 0.987, 0.994
GAP = 1.5
COARSE = 0.75  # correlation at equal scale below which other scales are not tried
LEAST_CONTRAST = 6.0  # grey levels within the window
LEAST_SIDE = 8
MOST = 100_000  # pictures
PAIRS = 2048
TILES = 3
TILE_CONTRAST = 4.0  # grey levels; of tiles with more, nearly all must agree
TILE_AGREES = 0.5
NEARLY_ALL_TILES = 0.85


def view_pairs(images: np.ndarray, rows: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows that are views of one picture.

    Parameters
    ----------
    images : uint8 array, shape (n_images, height, width, channels)
    rows : int array
        Those to compare, no two of them known copies; of more than 100,000, 100,000 at random.
    generator : numpy.random.Generator
    """
    if len(rows) > MOST:
        rows = np.sort(generator.permutation(rows)[:MOST])
    nothing = rows[:0]
    if len(rows) < 2 or min(images.shape[1:3]) < LEAST_SIDE:
        return nothing, nothing
    grey = _greys(images, rows)
    views = Views(grey)
    neighbours = _candidates(grey, generator)
    a, b = _stand_out(*neighbours)
    distance = views.distances(a, b)
    near = distance <= RADII[0] * GAP
    a, b, distance = a[near], b[near], distance[near]
    links = tight_pairs(a, b, distance, len(rows), radii=RADII, gap=GAP)
    # What is left is compared with all candidates of both.
    involved = np.unique(np.concatenate([a[links], b[links]]))
    more = np.concatenate([each[0][involved] for each in neighbours], axis=1)
    c, d = _each_once(np.repeat(involved, more.shape[1]), more.ravel(), len(rows))
    distance = views.distances(c, d)
    near = distance <= RADII[0] * GAP
    c, d, distance = c[near], d[near], distance[near]
    links = tight_pairs(c, d, distance, len(rows), radii=RADII, gap=GAP)
    links = links[_mostly(c[links], d[links], views.agree(c[links], d[links]), len(rows))]
    return rows[c[links]], rows[d[links]]


def _mostly(a: np.ndarray, b: np.ndarray, agree: np.ndarray, n: int) -> np.ndarray:
    """Pairs that agree, of groups in which most do."""
    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    component = connected_components(graph, directed=False)[1][a]
    share = np.bincount(component, weights=agree, minlength=n) / np.maximum(np.bincount(component, minlength=n), 1)
    result: np.ndarray = agree & (share[component] > 0.5)
    return result


def _candidates(grey: np.ndarray, generator: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Nearest others by each description, and their distances, shape (n, K)."""
    small = _area(grey, SMALL)
    plain, mirrored = _whitened(small), _whitened(small[:, :, ::-1], like=small)
    spectrum = _spectrum(_area(grey, 2 * SMALL))
    found = []
    for queries, base in ((plain, plain), (mirrored, plain), (spectrum, spectrum)):
        others = nearest(queries, base, K, generator)
        product = np.einsum("ikd,id->ik", base[others], queries)
        distance = np.where(others >= 0, np.sqrt(np.maximum(2 - 2 * product, 0)), np.inf)
        found.append((others, distance))
    return found


def _stand_out(*found: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Candidate pairs, each once, that are clearly nearer than the last candidate."""
    a, b = [], []
    for others, distance in found:
        there = others >= 0
        last = np.where(there, distance, -np.inf).max(1, keepdims=True)
        few = there.sum(1, keepdims=True) < K  # all others are candidates
        row, place = np.nonzero(there & (few | (distance <= STANDS_OUT * last)))
        a.append(row)
        b.append(others[row, place])
    return _each_once(np.concatenate(a), np.concatenate(b), len(found[0][0]))


def _each_once(a: np.ndarray, b: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    there = (b >= 0) & (a != b)
    low, high = np.minimum(a, b)[there], np.maximum(a, b)[there]
    low, high = np.divmod(np.unique(low * n + high), n)
    return low, high


def _greys(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mean of the channels, averaged down to at most `SIDE` pixels a side."""
    parts = []
    for start in range(0, len(rows), PAIRS):
        block = np.asarray(images[rows[start : start + PAIRS]], np.float32).mean(3)
        parts.append(_area(block, SIDE))
    return np.concatenate(parts)


def _area(grey: np.ndarray, side: int) -> np.ndarray:
    """Averages over equal areas, at most ``side`` of them a side, parts of pixels counted in part."""
    down, across = (_shares(length, min(length, side)) for length in grey.shape[1:])
    result: np.ndarray = np.matmul(np.matmul(down, grey), across.T)
    return result


def _shares(length: int, n: int) -> np.ndarray:
    """Share of each pixel in each of n equal parts, rows summing to 1."""
    edges = np.linspace(0, length, n + 1)
    pixels = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.maximum(overlap, 0) * (n / length)).astype(np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(length, 1e-6)).astype(np.float32)


def _flat(small: np.ndarray) -> np.ndarray:
    values = small.reshape(len(small), -1)
    return _unit(values - values.mean(1, keepdims=True))


def _whitened(small: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
    """Grey levels of any brightness and contrast, along their main axes, fine ones raised."""
    values = _flat(small)
    base = values if like is None else _flat(like)
    spread, axes = np.linalg.eigh(base.T.astype(np.float64) @ base / len(base))
    spread, axes = spread[::-1][:AXES], axes[:, ::-1][:, :AXES]
    return _unit(values @ (axes / np.maximum(spread, 1e-9) ** 0.25).astype(np.float32))


def _spectrum(grey: np.ndarray) -> np.ndarray:
    """Strength of the low spatial frequencies, the same for a shifted or mirrored picture; every one standardised."""
    tapers = [np.hanning(length + 2)[1:-1] for length in grey.shape[1:]]
    window = (tapers[0][:, None] * tapers[1]).astype(np.float32)
    strength = np.abs(fft.fft2((grey - grey.mean((1, 2), keepdims=True)) * window))
    parts = []
    for i in range(min(FREQUENCIES, grey.shape[1] // 2)):
        for j in range(min(FREQUENCIES, grey.shape[2] // 2)):
            one, other = strength[:, i, j], strength[:, i, -j]
            if i and j:
                parts += [one + other, np.abs(one - other)]
            elif i or j:
                parts.append(one)
    values = np.sqrt(_unit(np.stack(parts, axis=1)))
    return _unit((values - values.mean(0)) / np.maximum(values.std(0), 1e-6))


class Views:
    """Grey pictures, laid over one another.

    Parameters
    ----------
    grey : float32 array, shape (n, height, width)
    """

    def __init__(self, grey: np.ndarray) -> None:
        self.grey = grey
        self.height, self.width = grey.shape[1:]
        self.inner = tuple(max(4, round(INNER * side)) for side in grey.shape[1:])
        self.shifts = (self.height - self.inner[0] + 1, self.width - self.inner[1] + 1)
        blocks = [self._window_lengths(grey[start : start + PAIRS]) for start in range(0, len(grey), PAIRS)]
        self.lengths = np.concatenate(blocks)
        self.least = LEAST_CONTRAST * (self.inner[0] * self.inner[1]) ** 0.5

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distance of each pair, 0 (the same picture) to 2; infinite where a picture has hardly any contrast."""
        best = np.full(len(a), -1.0, np.float32)

        def fill(block: slice) -> None:
            found = self._correlation(a[block], b[block], SCALES[:1])
            close = np.flatnonzero(found >= COARSE)
            if len(close):
                finer = self._correlation(a[block][close], b[block][close], SCALES[1:])
                found[close] = np.maximum(found[close], finer)
            best[block] = found

        over_blocks(fill, len(a), PAIRS)
        return np.where(best > -1, np.sqrt(np.maximum(2 - 2 * best, 0)), np.inf)

    def agree(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Whether the pictures of each pair agree in nearly all parts of the window in which they are most alike."""
        result = np.zeros(len(a), bool)
        for start in range(0, len(a), PAIRS):
            block = slice(start, start + PAIRS)
            best = np.full(len(a[block]), -2.0, np.float32)
            tiles = np.zeros(len(best))
            for scale in SCALES:
                for flip in (1, -1):
                    template = self._middle(b[block], scale)[:, :, ::flip]
                    value, window = self._best_window(a[block], template)
                    better = value > best
                    tiles[better] = _agreeing_tiles(window[better], template[better])
                    best = np.maximum(best, value)
            result[block] = tiles >= NEARLY_ALL_TILES
        return result

    def _best_window(self, a: np.ndarray, template: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Correlation with the best window of each picture, and that window."""
        height, width = self.inner
        windows = np.lib.stride_tricks.sliding_window_view(self.grey[a], (height, width), axis=(1, 2))
        unit = template - template.mean((1, 2), keepdims=True)
        unit /= np.maximum(np.sqrt((unit**2).sum((1, 2), keepdims=True)), 1e-6)
        values = np.einsum("nijhw,nhw->nij", windows, unit) / self.lengths[a]
        flat = values.reshape(len(a), -1)
        place = flat.argmax(1)
        i, j = np.divmod(place, values.shape[2])
        n = np.arange(len(a))
        return flat[n, place], windows[n, i, j]

    def _correlation(self, a: np.ndarray, b: np.ndarray, scales: tuple[float, ...]) -> np.ndarray:
        """Best correlation of the middle of b with any window of a, over scales and mirrored or not."""
        pictures = self.grey[a]
        length, shifts = self.lengths[a], self.shifts
        is_clear = length >= self.least
        spectra = fft.rfft2(pictures)
        best = np.full(len(a), -1.0, np.float32)
        for scale in scales:
            middle = self._middle(b, scale)
            middle = middle - middle.mean((1, 2), keepdims=True)
            norm = np.sqrt((middle**2).sum((1, 2)))
            has_contrast = norm >= self.least
            unit = middle / np.maximum(norm, 1e-6)[:, None, None]
            for template in (unit, unit[:, :, ::-1]):
                product = spectra * np.conj(fft.rfft2(template, s=(self.height, self.width)))
                found = fft.irfft2(product, s=(self.height, self.width))[:, : shifts[0], : shifts[1]]
                correlation = np.where(is_clear, found / length, -1.0).max((1, 2))
                best = np.maximum(best, np.where(has_contrast, correlation, -1.0))
        return best

    def _window_lengths(self, pictures: np.ndarray) -> np.ndarray:
        """Norm of each window about its mean."""
        height, width = self.inner
        centred = (pictures - pictures.mean((1, 2), keepdims=True)).astype(np.float64)
        sums = [self._window_sums(values, height, width) for values in (centred, centred**2)]
        variance = np.maximum(sums[1] - sums[0] ** 2 / (height * width), 0)
        length: np.ndarray = np.maximum(np.sqrt(variance), 1e-6).astype(np.float32)
        return length

    @staticmethod
    def _window_sums(values: np.ndarray, height: int, width: int) -> np.ndarray:
        total = np.pad(values, ((0, 0), (1, 0), (1, 0))).cumsum(1).cumsum(2)
        result: np.ndarray = (
            total[:, height:, width:]
            - total[:, :-height, width:]
            - total[:, height:, :-width]
            + total[:, :-height, :-width]
        )
        return result

    def _middle(self, rows: np.ndarray, scale: float) -> np.ndarray:
        """The middle of pictures enlarged by a scale."""
        picked = self.grey[rows]
        places = []
        for length, inner in zip((self.height, self.width), self.inner, strict=True):
            centre = (length - 1) / 2
            places.append(_weights(centre + (np.arange(inner) - (inner - 1) / 2) / scale, length))
        return np.matmul(np.matmul(places[0], picked), places[1].T)


def _weights(places: np.ndarray, length: int) -> np.ndarray:
    """Linear interpolation at these places as a matrix."""
    places = np.clip(places, 0, length - 1)
    low = np.minimum(places.astype(int), length - 2)
    matrix = np.zeros((len(places), length), np.float32)
    matrix[np.arange(len(places)), low] = 1 - (places - low)
    matrix[np.arange(len(places)), low + 1] += places - low
    return matrix


def _agreeing_tiles(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Share of the parts with contrast in which two windows correlate; 0 where none has any."""
    cuts = [np.array_split(np.arange(length), TILES) for length in one.shape[1:]]
    clear, agreeing = np.zeros(len(one)), np.zeros(len(one))
    for rows in cuts[0]:
        for columns in cuts[1]:
            first, second = (w[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] for w in (one, other))
            first, second = (w - w.mean((1, 2), keepdims=True) for w in (first, second))
            lengths = [np.sqrt((w**2).sum((1, 2))) for w in (first, second)]
            has_contrast = np.maximum(*lengths) >= TILE_CONTRAST * (len(rows) * len(columns)) ** 0.5
            correlation = (first * second).sum((1, 2)) / np.maximum(lengths[0] * lengths[1], 1e-6)
            clear += has_contrast
            agreeing += has_contrast & (correlation >= TILE_AGREES)
    return agreeing / np.maximum(clear, 1)
