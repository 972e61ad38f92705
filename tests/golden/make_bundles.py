"""Write the golden bundles of the heldout that is installed: ``python tests/golden/make_bundles.py [CASE ...]``.

They go to ``tests/golden/bundles/<version>/<case>/``, and are never written again: a case that is there is left alone.
`tests/deploy/test_golden_bundles.py` says what must hold of them in every later version. Everything is seeded; still, a
net that is trained on another machine may differ in its last bits, and a header says when it was written.

A case is a model and the rows that it is asked about. `rows.json` in the version's folder holds the rows of tables,
`<name>.npy` those of arrays; `expected.json` of a case names its rows, its labels and its probabilities.
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline

import heldout
from heldout.deploy.bundle import load_bundle, save_bundle
from heldout.models.calibrated import SoftmaxCalibrated
from heldout.models.candidate import task_of
from heldout.models.steps import prepared
from heldout.models.table import CLASSICAL

HERE = Path(__file__).parent
N_ASKED = 8
Cases = Iterator[tuple[str, str, Any, dict[str, Any]]]


def table() -> tuple[pd.DataFrame, np.ndarray]:
    """Mixed columns with missing values, three classes."""
    random = np.random.default_rng(1)
    n = 60
    frame = pd.DataFrame(
        {
            "age": np.where(random.random(n) < 0.2, np.nan, random.normal(50, 10, n).round(1)),
            "visits": random.integers(0, 9, n).astype(np.float64),
            "dose": (10.0 ** random.normal(-2, 1, n)).round(6),
            "town": pd.Series(random.choice(["Köln", "Bonn", "Ulm", None], n), dtype=object),
            "plan": pd.Series(random.choice(["1", "2", "10", "20"], n), dtype=object),
        }
    )
    y = (frame["visits"] > 4).to_numpy().astype(int) + ((frame["town"] == "Bonn") & (frame["dose"] > 0.005)).to_numpy()
    return frame, y


def images() -> tuple[np.ndarray, np.ndarray]:
    """Noise with a bright half; more than 256 numbers a picture, so that the main job projects them."""
    random = np.random.default_rng(2)
    x = random.integers(0, 160, (24, 10, 9, 3), dtype=np.uint8)
    y = np.arange(24) % 3
    x[y == 1, :5] += 70
    x[y == 2, :, :4] += 70
    return x, y


def sounds() -> tuple[np.ndarray, np.ndarray]:
    """Tones of two pitches in noise."""
    random = np.random.default_rng(3)
    y = np.arange(16) % 2
    tone = np.sin(np.arange(1600) * (0.2 + 0.3 * y[:, None]) + random.uniform(0, 6, (16, 1)))
    return (3000 * tone + random.normal(0, 900, (16, 1600))).astype(np.int16)[..., np.newaxis], y


def numbers(n_classes: int = 3, missing: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Plain rows of four numbers."""
    random = np.random.default_rng(4)
    y = np.arange(60) % n_classes
    x = random.normal(size=(60, 4)) + 1.5 * np.eye(4)[y]
    if missing:
        x[random.random(x.shape) < 0.15] = np.nan
    return x, y


def calibrated(model: Any, x: Any, y: np.ndarray) -> Any:
    """The model fitted, with out-of-fold probabilities."""
    scores = cross_val_predict(model, x, y, cv=3, method="decision_function")
    return SoftmaxCalibrated.from_out_of_fold(model.fit(x, y), scores, y)


def fitted(model: Any, x: Any, y: np.ndarray) -> Any:
    """The model fitted, with probabilities in any case."""
    return model.fit(x, y) if hasattr(model, "predict_proba") else calibrated(model, x, y)


def smaller(name: str, task: Any) -> Any:
    """The candidate as the main job builds it; ensembles and trees of fewer leaves, for small files."""
    if name == "forest":
        return pipeline(task, RandomForestClassifier(4, max_depth=4, random_state=task.seed), scale=False)
    if name == "boosting":
        model = HistGradientBoostingClassifier(max_iter=3, early_stopping=False, random_state=task.seed)
        return pipeline(task, model, scale=False, reduce=True)
    return next(candidate for candidate in CLASSICAL if candidate.name == name).build(task)


def load(kind: str, folder: Path) -> Any:
    """The data as heldout reads it from a file, or a stand-in for its folder of sounds."""
    if kind == "table":
        frame, y = table()
        frame.assign(ill=np.array(["no", "some", "yes"])[y]).to_csv(folder / "table.csv", index=False)
        return heldout.load(str(folder / "table.csv"), target="ill")
    x, y = {"images": images, "sounds": sounds}[kind]()
    if kind == "images":
        np.savez(folder / "images.npz", x=x, y=y)
        return heldout.load(str(folder / "images.npz"))
    form = {"kind": "sounds", "rate": 4000, "length": 1600, "channels": 1}
    return heldout.Dataset("sounds", "sounds", x, y, ("high", "low"), np.arange(16).astype(str), input=form)


def main_job(rows: dict[str, Any]) -> Cases:
    """What `heldout train` makes: every classical candidate for each kind of data, and prepared ones."""
    lines = {
        "table": ("impute mean, ordinal, minmax", "impute most-frequent, robust, pca 0.9", "one-hot 2, pca 3 whiten"),
        "images": ("centre-crop 5x6, standardize", "resize 4, minmax", "grey, pca 3", "grey, colour, centre"),
        "sounds": ("centre, pca 4",),
    }
    for kind in ("table", "images", "sounds"):
        with tempfile.TemporaryDirectory() as folder:
            data = load(kind, Path(folder))
        rows[kind] = data.x[:N_ASKED].copy()
        classes = {"classes": list(data.classes), "input": dict(data.input)}
        for name in [candidate.name for candidate in CLASSICAL]:
            model = smaller(name, task_of(data, n_rows=len(data.x), seed=1))
            yield f"{kind}-{name}", kind, fitted(model, data.x, data.y), classes
        for number, line in enumerate(lines[kind]):
            task = task_of(data, n_rows=len(data.x), seed=1, prepare=line)
            model = pipeline(task, LogisticRegression(max_iter=2000), scale=True)
            yield f"{kind}-prepared-{number}", kind, model.fit(data.x, data.y), classes
        for name, net in nets(kind):
            model = task_pipeline(kind, task_of(data, n_rows=len(data.x), seed=1), net)
            yield f"{kind}-{name}", kind, model.fit(data.x, data.y), classes


def nets(kind: str) -> Iterator[tuple[str, Any]]:
    """Nets by their layers: dense, convolutions over pictures and over signals, batch norm, residual, replicates."""
    texts = {
        "table": {"net": ("dense 6, relu, dropout 0.2, dense 5, tanh", {"replicates": 2})},
        "images": {
            "net": ("conv 4 3, relu, maxpool 2, flatten, dense 8, gelu", {}),
            "net-residual": (
                "conv 4 3 same, batchnorm, relu, residual(conv 4 3 same, batchnorm, relu), avgpool 2, globalpool",
                {"replicates": 2, "optimizer": "sgd", "momentum": 0.9, "standardize": True},
            ),
        },
        "sounds": {
            "net-signal": ("conv 4 9 stride 4 same, batchnorm, relu, maxpool 4, globalpool", {"standardize": True}),
            "net-spectrogram": ("conv 4 3 same, batchnorm, relu, globalpool max", {"standardize": True}),
        },
    }
    for name, (text, settings) in texts[kind].items():
        yield name, heldout.NetClassifier(text, **settings, epochs=4, batch=16, seed=1, threads=1)


def pipeline(task: Any, model: Any, *, scale: bool, reduce: bool = False) -> Any:
    """A model after the preparation that candidates have."""
    return Pipeline([*prepared(scale=scale, reduce=reduce)(task), ("model", model)])


def task_pipeline(kind: str, task: Any, net: Any) -> Any:
    """The net behind what prepares its rows."""
    if kind == "table":
        return pipeline(task, net, scale=True)
    if kind == "images":
        return net
    from heldout.prepare.sounds import ResampleSounds, SoundSpectrogram

    signal = "stride 4" in net.net
    step = ResampleSounds(task.rate, 1000) if signal else SoundSpectrogram(task.rate, 256, 128, n_bands=12)
    return Pipeline([("prepare", step), ("model", net)])


def others(rows: dict[str, Any]) -> Cases:
    """Every kind and form of a model that the main job does not make by itself."""
    from sklearn.decomposition import PCA
    from sklearn.dummy import DummyClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
    from sklearn.svm import SVC, LinearSVC
    from sklearn.tree import DecisionTreeClassifier

    x, y = numbers()
    gaps, y2 = numbers(2, missing=True)
    x2, _ = numbers(2)
    arrays = {"numbers": x, "gaps": gaps, "binary": x2, "single": x.astype(np.float32)}
    rows.update({name: array[:N_ASKED] for name, array in arrays.items()})
    scaled = [
        MinMaxScaler((-1, 2)),
        RobustScaler(with_scaling=False),
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
    ]
    imputer = SimpleImputer(strategy="median", add_indicator=True)
    gaps_empty = np.column_stack([gaps, np.full(60, np.nan)])
    rows["empty"] = gaps_empty[:N_ASKED]
    single = make_pipeline(PCA(3, whiten=True), LogisticRegression(max_iter=500))
    plain: dict[str, tuple[str, Any, Any, np.ndarray]] = {
        "dummy-most-frequent": ("numbers", DummyClassifier(strategy="most_frequent"), x, y),
        "dummy-uniform": ("numbers", DummyClassifier(strategy="uniform"), x, y),
        "centroid-shrunken": ("numbers", NearestCentroid(shrink_threshold=0.2, priors="empirical"), x, y),
        "centroid-binary": ("binary", NearestCentroid(), x2, y2),
        "knn-distance": ("numbers", KNeighborsClassifier(3, weights="distance"), x, y),
        "knn-manhattan": ("numbers", KNeighborsClassifier(4, algorithm="kd_tree", p=1), x, y),
        "knn-chebyshev": ("numbers", KNeighborsClassifier(4, weights="distance", metric="chebyshev"), x, y),
        "knn-power-3": ("numbers", KNeighborsClassifier(4, p=3), x, y),
        "knn-single": ("single", KNeighborsClassifier(4), x.astype(np.float32), y),
        "bayes": ("binary", GaussianNB(), x2, y2),
        "bayes-single": ("single", GaussianNB(), x.astype(np.float32), y),
        "logistic": ("numbers", LogisticRegression(), x, y),
        "logistic-binary": ("binary", LogisticRegression(), x2, y2),
        "logistic-unseen-classes": ("numbers", LogisticRegression(), x[y > 0], y[y > 0]),
        "projected-single": ("single", single, x.astype(np.float32), y),
        "scaled": ("numbers", make_pipeline(*scaled, LogisticRegression()), x, y),
        "imputed": ("empty", make_pipeline(imputer, GaussianNB(var_smoothing=1e-3)), gaps_empty, y2),
        "tree-gaps": ("gaps", DecisionTreeClassifier(max_leaf_nodes=9, random_state=1), gaps, y2),
        "forest-gaps": ("gaps", RandomForestClassifier(4, max_depth=4, random_state=1), gaps, y2),
        "extra-trees": ("numbers", ExtraTreesClassifier(4, max_depth=4, random_state=1), x, y),
        "boosting-gaps": (
            "gaps",
            HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=3, random_state=1),
            gaps,
            y2,
        ),
        "boosting-early": (
            "numbers",
            HistGradientBoostingClassifier(max_iter=6, early_stopping=True, random_state=1),
            x,
            y,
        ),
        "linear-svc": ("numbers", LinearSVC(random_state=1), x, y),
        "svm-linear-binary": ("binary", SVC(kernel="linear"), x2, y2),
        "svm-poly": ("numbers", SVC(kernel="poly", degree=2, gamma=0.1, coef0=1.0, break_ties=True), x, y),
        "svm-sigmoid": ("numbers", SVC(kernel="sigmoid", gamma=0.1), x, y),
        "svm-pairs": ("numbers", SVC(decision_function_shape="ovo"), x, y),
    }
    for name, (which, model, given, labels) in plain.items():
        kind = {"kind": "table", "columns": [], "target": None, "group": None}
        yield name, which, fitted(model, given, labels), {"classes": list("abc")[: 1 + labels.max()], "input": kind}
    rules = {
        "costs": {"kind": "costs", "chosen": "cost:0 1; 5 0", "costs": [[0, 1], [5, 0]]},
        "threshold": {"kind": "threshold", "chosen": "tpr>=0.95", "threshold": 0.2, "positive": 1},
    }
    for name, rule in rules.items():
        about = {"classes": ["no", "yes"], "input": {}, "info": {"decision": rule}}
        yield f"decision-{name}", "binary", LogisticRegression().fit(x2, y2), about
    for name, settings in {"double": {"precision": "float64"}, "batch": {}}.items():
        net = heldout.NetClassifier("dense 5, sigmoid", **settings, epochs=4, batch=16, seed=1, threads=1).fit(x, y)
        info = {"info": {"batch": 8}} if name == "batch" else {}
        yield f"net-{name}", "numbers", net, {"classes": list("abc"), "input": {}, **info}


def write_case(folder: Path, rows: Any, name: str, model: Any, about: dict[str, Any]) -> None:
    """Save the bundle and what it answers."""
    warnings.simplefilter("ignore")
    save_bundle(folder / "model", model, classes=about["classes"], input=about["input"], info=about.get("info", {}))
    bundle = load_bundle(folder / "model")
    probabilities = bundle.probabilities(rows)
    expected = {
        "rows": name,
        "labels": [bundle.classes[number] for number in bundle.decide(probabilities)],
        "probabilities": probabilities.tolist(),
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="ascii")


def write_rows(folder: Path, rows: dict[str, Any]) -> None:
    """Rows of tables as columns of plain JSON, others as arrays."""
    for name, value in rows.items():
        path = folder / (f"{name}.json" if isinstance(value, pd.DataFrame) else f"{name}.npy")
        if path.exists():
            continue
        if path.suffix == ".npy":
            np.save(path, value, allow_pickle=False)
            continue
        columns = {
            column: [None if pd.isna(cell) else cell for cell in value[column].tolist()] for column in value.columns
        }
        path.write_text(json.dumps(columns, indent=1) + "\n", encoding="ascii")


def main(wanted: list[str]) -> None:
    """Write the cases that are not there yet."""
    folder = HERE / "bundles" / heldout.__version__
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Any] = {}
    makers: list[Callable[[dict[str, Any]], Cases]] = [main_job, others]
    for make in makers:
        for name, which, model, about in make(rows):
            if (folder / name).exists() or (wanted and name not in wanted):
                continue
            write_case(folder / name, rows[which], which, model, about)
            print(name)
    write_rows(folder, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
