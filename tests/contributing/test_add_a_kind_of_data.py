"""CONTRIBUTING, 'add a kind of data': a file in kinds/ and its line in `KINDS`, and every command takes it."""

import json

import numpy as np
import pytest

KIND = '''"""Signals: a row is a short series of numbers, in an .npy file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from heldout.data.media import Media
from heldout.errors import DataError
from heldout.kinds.base import Kind

SIGNALS = Media((".npy",), "signal", "signals", "signal.npy")


class Signals(Kind):
    """Signals."""

    name: ClassVar[str] = SIGNALS.many
    row: ClassVar[str] = SIGNALS.one
    rows: ClassVar[str] = SIGNALS.many
    files: ClassVar[Media | None] = SIGNALS

    def read_input(self, source: Any, input: Mapping[str, Any]) -> np.ndarray:
        """Read one file."""
        try:
            row = np.load(source, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DataError(f"not a signal ({error})", where=str(source), fix="np.save('signal.npy', x)") from None
        if row.ndim != 1 or row.dtype.kind != "f" or list(row.shape) != input.get("shape", list(row.shape)):
            raise DataError(f"shape {row.shape}", where=str(source), fix="give signals of one length")
        return row.astype(np.float32)

    def vectors(self, x: Any) -> np.ndarray:
        """The strength of each frequency: where a signal begins does not count."""
        return np.abs(np.fft.rfft(x, axis=1)).astype(np.float32)

    def n_features(self, shape: tuple[int, ...]) -> int:
        """One for each frequency."""
        return shape[0] // 2 + 1
'''


@pytest.fixture(scope="module", autouse=True)
def kind(house):
    house.write("src/heldout/kinds/signals.py", KIND)
    house.insert(
        "src/heldout/kinds/registry.py",
        "from heldout.kinds.sounds import Sounds\n",
        "from heldout.kinds.signals import Signals\n",
    )
    house.insert("src/heldout/kinds/registry.py", "        Sounds(),\n", "        Signals(),\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Waves of two frequencies that begin anywhere, one of them twice; and a file that is no signal."""
    random = np.random.default_rng(0)
    place = tmp_path_factory.mktemp("signals")
    for label, frequency in (("slow", 3), ("quick", 7)):
        (place / "waves" / label).mkdir(parents=True)
        for i in range(24):
            phase = 2 * np.pi * random.random()
            wave = np.sin(2 * np.pi * frequency * np.arange(61) / 61 + phase) + 0.3 * random.standard_normal(61)
            np.save(place / "waves" / label / f"{i:02d}.npy", wave)
    (place / "waves" / "slow" / "again.npy").write_bytes((place / "waves" / "slow" / "00.npy").read_bytes())
    (place / "waves" / "slow" / "broken.npy").write_bytes(b"no signal")
    return place


def test_it_is_looked_at(house, place):
    seen = json.loads(house.heldout("look", place / "waves", "--json", "--quiet"))
    assert (seen["kind"], seen["rows"], seen["copies"]["rows"]) == ("signals", 49, 2)
    assert {"copies", "unusable-file"} <= {each["id"] for each in seen["findings"]}


def test_it_is_described(house, place):
    assert "49 rows of kind signals" in house.heldout("data", "info", place / "waves")


def test_models_are_trained_assessed_and_used(house, place):
    options = ("--models", "dummy,nearest-centroid,k-nn", "--seed", "1", "--folds", "3", "--out", "run", "--quiet")
    house.heldout("train", "waves", *options, "--assess", "--no-look", cwd=place)
    metrics = json.loads((place / "run" / "metrics.json").read_text("utf-8"))
    assert metrics["data"]["kind"] == "signals"
    assert metrics["test"]["accuracy"] == 1.0  # after its own preparation, one frequency tells the classes apart
    assert (place / "run" / "report.html").is_file()
    new = place / "new.npy"
    np.save(new, np.cos(2 * np.pi * 7 * np.arange(61) / 61))
    found = json.loads(house.heldout("predict", "run", new, "waves/slow/03.npy", "--json", cwd=place))
    assert [each["label"] for each in found["predictions"]] == ["quick", "slow"]


def test_an_input_that_is_none_is_refused(house, place):
    np.save(place / "short.npy", np.zeros(5))
    assert "shape (5,)" in house.heldout("predict", "run", "short.npy", code=2, cwd=place)
