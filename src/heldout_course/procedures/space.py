"""How much of a space samples cover, and how far a line carries beyond them."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout_course.experiments.procedures import procedure

MOST_DIMENSIONS = 12
"""More are not drawn: their numbers follow from the formula."""
WORLD = {1910: 1.75, 1920: 1.86, 1930: 2.07, 1940: 2.3, 1950: 2.557, 1960: 3.042}
"""World population in billions, by year."""
LATER = {1952: 2.637, 2000: 6.089}


@procedure("space-coverage")
def space_coverage(dimensions: int, points: int = 100, bins: int = 10, *, seed: int = 0) -> dict[str, Any]:
    """Share of the cells of a grid that uniform points fall into, and what it should be.

    Each cell is empty with probability (1 - 1 / cells)^points. `log10_points_for_same` is how many points, as a power
    of ten, cover as large a share of this grid as 10^dimensions points do of theirs: their number over the cells stays.
    """
    found: dict[str, Any] = {"log10_points_for_same": dimensions * np.log10(bins)}
    if dimensions > MOST_DIMENSIONS:
        return found
    drawn = np.random.default_rng(seed).random((points, dimensions))
    cells = float(bins) ** dimensions
    occupied = len(np.unique(np.floor(drawn * bins).astype(int), axis=0))
    found["covered"] = occupied / cells
    found["expected"] = float(-np.expm1(points * np.log1p(-1 / cells)))
    return found | ({"points": np.round(drawn, 3)} if dimensions <= 3 else {})


@procedure("population-line")
def population_line(year: int, rounded: bool = True) -> dict[str, Any]:
    """Least squares through the world population of 1910 to 1960, asked about another year.

    `rounded` computes with slope and intercept to four digits, as they are published.
    """
    years, people = np.array(list(WORLD), float), np.array(list(WORLD.values()))
    slope = float(((years - years.mean()) * (people - people.mean())).sum() / ((years - years.mean()) ** 2).sum())
    intercept = float(people.mean() - slope * years.mean())
    if rounded:
        slope, intercept = round(slope, 5), round(intercept, 2)
    predicted, actual = slope * year + intercept, LATER[year]
    return {
        "slope": slope,
        "intercept": intercept,
        "predicted": predicted,
        "actual": actual,
        "error": predicted - actual,
        "error_percent": 100 * (predicted - actual) / actual,
        "year": year,
        "years": years,
        "people": people,
    }
