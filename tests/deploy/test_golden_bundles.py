"""Bundles that earlier versions wrote load, and answer as they did then; see tests/golden/README.md."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heldout.deploy.bundle import load_bundle
from heldout.deploy.registry import kind_names

GOLDEN = Path(__file__).parents[1] / "golden" / "bundles"
CASES = sorted(path.parent for path in GOLDEN.glob("*/*/expected.json"))

# Relative, of probabilities: other kernels and orders of a sum move the last bits. In single precision, 1 - p of a p
# near 1 has few digits.
DOUBLE, SINGLE = 1e-9, 2e-5
LEAST = {DOUBLE: 1e-12, SINGLE: 1e-6}
# Levels of a spectrogram are rounded to bytes: a last bit can move one by a whole step.
ROUNDED = 1e-2


def kinds_in(node):
    yield node["kind"]
    for child in node["children"].values():
        yield from kinds_in(child)


def kinds_of(case):
    return set(kinds_in(json.loads((case / "model" / "header.json").read_text("ascii"))["model"]))


def rows_of(case, name):
    path = case.parent / f"{name}.json"
    if not path.exists():
        return np.load(path.with_suffix(".npy"), allow_pickle=False)
    columns = json.loads(path.read_text("ascii"))
    is_text = {column: any(isinstance(cell, str) for cell in cells) for column, cells in columns.items()}
    return pd.DataFrame(
        {column: pd.Series(cells, dtype=object if is_text[column] else float) for column, cells in columns.items()}
    )


def tolerance_of(kinds):
    if "sound-spectrogram" in kinds:
        return ROUNDED
    single = {"net", "flatten-pixels", "sound-summary", "resample-sounds"}
    return SINGLE if kinds & single else DOUBLE


def test_there_are_golden_bundles():
    assert len(CASES) >= 70


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_golden_bundle_answers_as_it_did(case):
    kinds = kinds_of(case)
    if "net" in kinds:
        pytest.importorskip("torch", reason="needs the extra nets")
    if "resample-sounds" in kinds:
        pytest.importorskip("soxr", reason="needs the extra sounds")
    expected = json.loads((case / "expected.json").read_text("ascii"))
    rows = rows_of(case, expected["rows"])
    bundle = load_bundle(case / "model")
    found = bundle.probabilities(rows)
    single = rows.dtype == np.float32 if isinstance(rows, np.ndarray) else False
    tolerance = max(tolerance_of(kinds), SINGLE if single else 0)
    np.testing.assert_allclose(found, expected["probabilities"], rtol=tolerance, atol=LEAST.get(tolerance, tolerance))
    assert [bundle.classes[number] for number in bundle.decide(found)] == expected["labels"]


def test_no_kind_disappears():
    assert set().union(*map(kinds_of, CASES)) <= set(kind_names())
