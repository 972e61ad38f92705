"""`metrics.json` of a fixed seed says what it said in the released version that wrote `metrics/`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from golden_cases import CASES, train, versions

GOLDEN = Path(__file__).with_name("metrics")

CLASSICAL_TOLERANCE = 1e-9
"""Relative and absolute. Sums of other kernels of a linear-algebra library differ in the last bits only."""
INTERVAL_TOLERANCE = 1e-5
"""For ends of intervals that come from resampling in single precision."""
SOLVER_TOLERANCE = 2e-3
"""For probabilities that follow from a solver that stops at a tolerance of its own (support vector machines: 1e-3), so
that last bits decide how far it goes."""
NET_TOLERANCE = 0.1
"""A net's weights are the end of hundreds of steps that each round, so that another kernel gives another net: a row or
two of a fold may be answered otherwise. On one machine the numbers are equal."""

SOLVERS = ("linear-svm", "rbf-svm")
NETS = ("mlp", "cnn", "signal-cnn", "spectrogram-cnn")

RENAMED = {"ladder": "candidates", "ladder_rows": "cross_validated_rows"}  # schema 1 to 2
NOT_COMPARED = {
    # measured by a clock, or names of places
    *("seconds", "fit_seconds", "predict_seconds_per_1000", "time", "ledger"),
    # sentences for people, which may be reworded
    *("why", "note", "notes", "remarks", "says", "chosen_for"),
    # a hash over all bits of the model and its format; and the schema
    *("bundle", "schema"),
}


def leaves(values: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that is compared, with its place."""
    if isinstance(values, dict):
        for key, value in values.items():
            if key not in NOT_COMPARED:
                yield from leaves(value, (*place, RENAMED.get(key, key) if not place else key))
        return
    if isinstance(values, list):
        yield (*place, "length"), len(values)
        for number, value in enumerate(values):
            name = value["model"] if isinstance(value, dict) and "model" in value else str(number)
            yield from leaves(value, (*place, name))
        return
    yield place, values


def tolerance(place: tuple[str, ...], chosen: str) -> float:
    """How far a number may be off: by the model that it comes from."""
    model = place[1] if place[0] == "candidates" and len(place) > 1 else chosen
    if model in NETS:
        return NET_TOLERANCE
    if model in SOLVERS and place[0] != "candidates":
        return SOLVER_TOLERANCE
    return INTERVAL_TOLERANCE if any(part.endswith("_ci") for part in place) else CLASSICAL_TOLERANCE


def differences(golden: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What is no longer the same: numbers by their tolerance, everything else exactly. New keys are no difference."""
    now = dict(leaves(found))
    chosen = golden["chosen"]["model"]
    wrong = []
    for place, value in leaves(golden):
        new = now.get(place, "missing")
        if isinstance(value, float) and isinstance(new, float | int):
            allowed = tolerance(place, chosen)
            same = math.isclose(value, new, rel_tol=allowed, abs_tol=allowed)
        else:
            same = type(value) is type(new) and value == new
        if not same:
            wrong.append(f"{'.'.join(place)}: was {value!r}, is {new!r}")
    return wrong


@pytest.mark.parametrize("name", CASES)
def test_a_fixed_seed_gives_the_numbers_of_the_released_version(name: str, tmp_path: Path) -> None:
    kept = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    other = {package for package, version in versions().items() if kept["versions"][package] != version}
    if "scikit-learn" in other or (CASES[name].nets and other):
        pytest.skip(f"the numbers were written with other versions of {', '.join(sorted(other))}")
    assert differences(kept["metrics"], train(CASES[name], tmp_path).metrics) == []


def test_a_number_that_moved_a_missing_key_and_another_choice_are_noticed() -> None:
    golden = json.loads((GOLDEN / "threshold.json").read_text("utf-8"))["metrics"]
    changed = json.loads(json.dumps(golden))
    assert differences(golden, changed) == []
    changed["chosen"]["model"] = "tree"
    changed["test"]["mcc"] *= 1 + 1e-7
    changed["data"]["groups"] += 1
    del changed["test"]["brier"]
    places = [line.split(":")[0] for line in differences(golden, changed)]
    assert sorted(places) == ["chosen.model", "data.groups", "test.brier", "test.mcc"]
