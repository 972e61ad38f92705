"""Small jobs whose numbers are kept: each writes its data, the same bytes on every machine, and names its settings.

`make_metrics.py` runs them with a released version and keeps what came out; `test_golden_metrics.py` runs them again.
"""

from __future__ import annotations

import csv
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CLASSICAL = "dummy,nearest-centroid,k-nn,naive-bayes,tree,forest,linear-svm,rbf-svm,boosting"


@dataclass(frozen=True)
class Case:
    """One job: `data` writes its file or folder below a folder, and returns its path."""

    data: Callable[[Path], Path]
    settings: dict[str, Any]
    assess: bool = False
    nets: bool = False


def _random(seed: int) -> np.random.RandomState:
    """NumPy's frozen generator: its streams never change, as those of `default_rng` may."""
    return np.random.RandomState(seed)


def _write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def patients(folder: Path, n: int = 156) -> Path:
    """Two classes; missing values, categories, two visits a patient, and near-copies of twelve rows."""
    random = _random(1)
    rows = []
    for i in range(n):
        ill = (i // 2) % 2
        rows.append(
            {
                "patient": f"P{i // 2}",
                "age": "" if random.rand() < 0.1 else f"{random.normal(50 + 4 * ill, 9):.1f}",
                "marker": f"{random.normal(1.6 * ill, 1):.3f}",
                "pressure": f"{random.normal(120, 12):.2f}",
                "ward": ("north", "south", "")[random.randint(3) if not ill else random.randint(2)],
                "outcome": ("well", "ill")[ill],
            }
        )
    for i in range(0, 24, 2):
        rows.append({**rows[i], "patient": f"Q{i}", "pressure": f"{float(rows[i]['pressure']) + 0.01:.2f}"})
    return _write_table(folder / "patients.csv", rows)


def few_patients(folder: Path) -> Path:
    """As many groups as can be left out one by one."""
    return patients(folder, n=48)


def flowers(folder: Path, n: int = 120, classes: int = 3) -> Path:
    """Numbers only; the classes overlap."""
    random = _random(2)
    rows = []
    for i in range(n):
        kind = i % classes
        means = (0.9 * kind, 0.5 * (kind == 1), 0.0, -0.7 * kind)
        values = {f"x{j}": f"{random.normal(mean, 0.8):.4f}" for j, mean in enumerate(means)}
        rows.append({**values, "day": i, "fold": (i // classes) % 4, "kind": "abc"[kind]})
    return _write_table(folder / "flowers.csv", rows)


def two_flowers(folder: Path) -> Path:
    """Two classes of `flowers`."""
    return flowers(folder, n=140, classes=2)


def pictures(folder: Path, side: int = 8, n: int = 26, grey: bool = False) -> Path:
    """Three classes of squares at a place that differs, in noise."""
    random = _random(3)
    for kind in range(3):
        (folder / "pictures" / "abc"[kind]).mkdir(parents=True)
        for i in range(n):
            pixels = random.randint(0, 90, (side, side) if grey else (side, side, 3))
            at = side // 4 * kind + random.randint(2)
            pixels[at : at + side // 3 + 1, 1 : side // 2] += 22 + 4 * kind
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "pictures" / "abc"[kind] / f"{i}.png")
    return folder / "pictures"


def large_pictures(folder: Path) -> Path:
    """Pictures of more pixels than are used as they are: models that compare distances get principal components."""
    return pictures(folder, side=18, n=20, grey=True)


def tones(folder: Path, n: int = 20, loudness: int = 4000) -> Path:
    """Quarter seconds at 4,000 Hz: two tones in noise."""
    random = _random(4)
    time = np.arange(1000) / 4000
    for kind, pitch in (("low", 300), ("high", 420)):
        (folder / "tones" / kind).mkdir(parents=True)
        for i in range(n):
            wiggle = np.sin(2 * np.pi * (pitch + 60 * random.rand()) * time + 7 * random.rand())
            samples = np.round(loudness * wiggle + 6000 * random.normal(size=len(time))).clip(-32000, 32000)
            with wave.open(str(folder / "tones" / kind / f"{i}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(4000)
                file.writeframes(samples.astype("<i2").tobytes())
    return folder / "tones"


def few_tones(folder: Path) -> Path:
    """Fewer and clearer tones, for nets."""
    return tones(folder, n=12, loudness=16_000)


CASES: dict[str, Case] = {
    "mixed-table": Case(
        patients,
        {
            "target": "outcome",
            "group": "patient",
            "models": CLASSICAL,
            "folds": 3,
            "repeats": 2,
            "learning_curve": True,
        },
        assess=True,
    ),
    "table-net": Case(
        two_flowers, {"target": "kind", "models": "nearest-centroid,mlp", "folds": 3, "repeats": 1}, nets=True
    ),
    "three-classes-searched": Case(
        flowers,
        {"target": "kind", "models": "naive-bayes,k-nn,tree", "folds": 3, "repeats": 1, "search": "light"},
        assess=True,
    ),
    "threshold": Case(
        two_flowers,
        {
            "target": "kind",
            "models": "naive-bayes,linear-svm",
            "folds": 4,
            "repeats": 1,
            "threshold": "tpr>=0.9",
            "rows": 90,
        },
        assess=True,
    ),
    "published-folds": Case(
        flowers,
        {"target": "kind", "models": "nearest-centroid,naive-bayes", "split": "time:day", "folds": "published"},
        assess=True,
    ),
    "each-group-left-out": Case(
        few_patients,
        {
            "target": "outcome",
            "group": "patient",
            "models": "nearest-centroid,naive-bayes",
            "split": "hash",
            "folds": "loo-group",
            "prepare": "impute mean, standardize, pca 2",
        },
    ),
    "images": Case(pictures, {"models": CLASSICAL, "folds": 3, "repeats": 1}, assess=True),
    "image-nets": Case(pictures, {"models": "nearest-centroid,cnn", "folds": 2, "repeats": 1}, nets=True),
    "large-images": Case(large_pictures, {"models": "k-nn,linear-svm,rbf-svm", "folds": 3, "repeats": 1}),
    "sounds": Case(tones, {"models": CLASSICAL, "folds": 3, "repeats": 1}, assess=True),
    "sound-nets": Case(
        few_tones, {"models": "nearest-centroid,signal-cnn,spectrogram-cnn", "folds": 2, "repeats": 1}, nets=True
    ),
}


def train(case: Case, folder: Path) -> Any:
    """Run a job below a folder; the `heldout.Run`."""
    import heldout as ho

    data = case.data(folder)
    return ho.train(data, out=folder / "run", seed=1, jobs=1, assess=case.assess, look=False, **case.settings)


def versions() -> dict[str, str]:
    """Versions on which the numbers of models depend."""
    from importlib.metadata import version

    return {name: ".".join(version(name).split(".")[:2]) for name in ("scikit-learn", "torch")}
