"""Runs that released versions left behind: which there are, and how a test gets a copy that it may change."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from golden_cases import few_patients, flowers, patients, pictures, tones, two_flowers
from PIL import Image

RUNS = Path(__file__).with_name("runs")
"""`runs/<version>/<name>/` holds `data/`, `run/` and `expected.json`; new versions only ever add folders."""

HERE = "{HERE}"
"""Stands in a run's files where the path of its folder stood."""


@dataclass(frozen=True)
class Kept:
    """One run that is kept: what writes its data, and its settings."""

    data: Callable[[Path], Path]
    settings: dict[str, Any]
    assess: bool = False
    nets: bool = False


def parted_pictures(folder: Path) -> Path:
    """Grey pictures that come as train/ and test/, one of the training part being in both."""
    whole = pictures(folder / "all", side=8, n=18, grey=True)
    for kind in "abc":
        for i in range(18):
            part = folder / "parted" / ("test" if i % 4 == 0 else "train") / kind
            part.mkdir(parents=True, exist_ok=True)
            shutil.copy(whole / kind / f"{i}.png", part / f"{i}.png")
    shutil.copy(whole / "a" / "0.png", folder / "parted" / "train" / "a" / "copy.png")
    shutil.rmtree(folder / "all")
    return folder / "parted"


def some_pictures(folder: Path) -> Path:
    """Coloured pictures, one of them twice."""
    found = pictures(folder, side=6, n=14)
    image = np.asarray(Image.open(found / "a" / "0.png"))
    Image.fromarray(image).save(found / "a" / "again.png")
    return found


def some_tones(folder: Path) -> Path:
    """Few and noisy."""
    return tones(folder, n=10)


def few_flowers(folder: Path) -> Path:
    """Three classes in 75 rows."""
    return flowers(folder, n=75)


TABLE = {"target": "outcome", "group": "patient", "folds": 3, "repeats": 1}
KEPT: dict[str, Kept] = {
    "table": Kept(patients, {**TABLE, "models": "nearest-centroid,naive-bayes,tree"}),
    "table-assessed": Kept(
        patients, {**TABLE, "models": "dummy,naive-bayes,boosting", "threshold": "tpr>=0.9"}, assess=True
    ),
    "table-searched": Kept(
        few_flowers, {"target": "kind", "models": "k-nn", "folds": 3, "repeats": 1, "search": "light"}
    ),
    "table-net": Kept(two_flowers, {"target": "kind", "models": "mlp", "folds": 2, "repeats": 1}, nets=True),
    "table-by-time": Kept(
        few_flowers, {"target": "kind", "models": "linear-svm", "split": "time:day", "folds": "published"}
    ),
    "table-by-group": Kept(
        few_patients,
        {"target": "outcome", "group": "patient", "models": "rbf-svm", "split": "hash:group", "folds": "loo-group"},
    ),
    "images": Kept(some_pictures, {"models": "nearest-centroid,forest", "folds": 3, "repeats": 1}),
    "images-parted": Kept(parted_pictures, {"models": "k-nn", "folds": 3, "repeats": 1}, assess=True),
    "sounds": Kept(some_tones, {"models": "naive-bayes,k-nn", "folds": 3, "repeats": 1}),
}


def kept_runs() -> list[str]:
    """Every run that is kept, as ``version/name``."""
    return sorted(path.parent.relative_to(RUNS).as_posix() for path in RUNS.glob("*/*/expected.json"))


def data_of(folder: Path) -> Path:
    """The data beside a run: the only file or folder in ``data/``."""
    (found,) = (folder / "data").iterdir()
    return found


def training_part(data: Path, split: dict[str, Any], folder: Path) -> Path:
    """Write the training rows of a run as data of their own, below a folder."""
    if data.is_file():
        lines = data.read_text("utf-8").splitlines(keepends=True)
        path = folder / "known.csv"
        path.write_text(lines[0] + "".join(lines[1 + int(row)] for row in split["train"]), "utf-8", newline="")
        return path
    for name in split["train"]:
        path = folder / "known" / Path(name).parent.name / Path(name).name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data / name, path)
    return folder / "known"


def copy_run(name: str, folder: Path) -> Path:
    """Copy a kept run below a folder, with the paths in its files set right; its folder, with ``run`` and ``data``."""
    here = folder / name.replace("/", "-")
    shutil.copytree(RUNS / name, here)
    for file in ("config.yaml", "environment.json", "events.jsonl", "metrics.json"):
        path = here / "run" / file
        path.write_text(path.read_text("utf-8").replace(HERE, str(here).replace("\\", "/")), "utf-8")
    return here
