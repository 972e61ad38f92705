"""Every kind, on real data: the loaded model gives the same bits as the one that was saved."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from heldout.deploy.bundle import load_bundle, save_bundle
from heldout.models.calibrated import SoftmaxCalibrated
from heldout.models.linear_svm import LinearSVM
from heldout.prepare.images import FlattenPixels
from heldout.prepare.tables import table_preparation

MODELS = {
    "dummy": DummyClassifier(strategy="prior"),
    "dummy-most-frequent": DummyClassifier(strategy="most_frequent"),
    "nearest-centroid": NearestCentroid(),
    "nearest-centroid-shrunken": NearestCentroid(shrink_threshold=0.1, priors="empirical"),
    "knn": KNeighborsClassifier(5),
    "knn-distance": KNeighborsClassifier(3, weights="distance", algorithm="brute"),
    "knn-kd-manhattan": KNeighborsClassifier(3, weights="distance", algorithm="kd_tree", p=1),
    "naive-bayes": GaussianNB(),
    "tree": DecisionTreeClassifier(max_depth=6, random_state=1),
    "tree-best-first": DecisionTreeClassifier(max_leaf_nodes=12, ccp_alpha=1e-3, random_state=1),
    "forest": RandomForestClassifier(12, random_state=1),
    "extra-trees": ExtraTreesClassifier(12, random_state=1),
    "logistic": LogisticRegression(max_iter=500),
    "boosting": HistGradientBoostingClassifier(max_iter=12, random_state=1),
    "boosting-early": HistGradientBoostingClassifier(max_iter=12, early_stopping=True, random_state=1),
}
TO_CALIBRATE = {
    "linear-svm": LinearSVC(max_iter=5000),
    "newton-svm": LinearSVM(),
    "svm-rbf": SVC(break_ties=True),
    "svm-linear": SVC(kernel="linear", break_ties=True),
    "svm-poly": SVC(kernel="poly", degree=2, gamma=0.01, coef0=1.0, break_ties=True),
}


def data_of(name):
    x, y = {"iris": load_iris, "breast-cancer": load_breast_cancer, "digits": load_digits}[name](return_X_y=True)
    return (x[::3], y[::3]) if name == "digits" else (x, y)


def through_a_file(model, folder, n_classes):
    save_bundle(folder, model, classes=[f"c{i}" for i in range(n_classes)], input={"kind": "table"}, info={})
    return load_bundle(folder)


def assert_same_bits(model, bundle, x):
    before, after = model.predict_proba(x), bundle.model.predict_proba(x)
    assert before.dtype == after.dtype
    assert np.array_equal(before, after)
    assert np.array_equal(model.predict(x), bundle.model.predict(x))
    whole = bundle.probabilities(x)
    assert np.allclose(whole.sum(axis=1), 1)
    for row in (0, len(x) // 2, len(x) - 1):
        alone = bundle.probabilities(x.iloc[[row]] if hasattr(x, "iloc") else x[[row]])
        assert np.array_equal(alone[0], whole[row])


@pytest.mark.parametrize("dataset", ["iris", "breast-cancer", "digits"])
@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_classifier_gives_the_same_bits(name, dataset, tmp_path):
    x, y = data_of(dataset)
    if name.startswith("nearest-centroid") and dataset == "digits":
        x = x + np.random.default_rng(0).normal(size=x.shape)  # this model warns on constant columns
    model = make_pipeline(StandardScaler(), MODELS[name]).fit(x, y)
    assert_same_bits(model, through_a_file(model, tmp_path / "model", y.max() + 1), x)


@pytest.mark.parametrize("dataset", ["iris", "breast-cancer", "digits"])
@pytest.mark.parametrize("name", TO_CALIBRATE)
def test_a_loaded_calibrated_machine_gives_the_same_bits(name, dataset, tmp_path):
    x, y = data_of(dataset)
    base = make_pipeline(StandardScaler(), TO_CALIBRATE[name])
    scores = cross_val_predict(base, x, y, cv=3, method="decision_function")
    model = SoftmaxCalibrated.from_out_of_fold(base.fit(x, y), scores, y)
    bundle = through_a_file(model, tmp_path / "model", y.max() + 1)
    assert np.array_equal(model.decision_function(x), bundle.model.decision_function(x))
    assert_same_bits(model, bundle, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("whiten", [False, True])
def test_a_loaded_projection_gives_the_same_bits(dtype, whiten, tmp_path):
    x, y = data_of("digits")
    model = make_pipeline(PCA(16, whiten=whiten, random_state=0), LogisticRegression(max_iter=500))
    model.fit(x.astype(dtype), y)
    assert_same_bits(model, through_a_file(model, tmp_path / "model", 10), x.astype(dtype))


@pytest.mark.parametrize("name", ["forest", "knn", "boosting", "naive-bayes", "nearest-centroid"])
def test_a_loaded_image_model_gives_the_same_bits(name, tmp_path):
    x, y = data_of("digits")
    images = (x.reshape(-1, 8, 8, 1) * 15).astype(np.uint8)
    steps = [FlattenPixels()] if name != "nearest-centroid" else [FlattenPixels(), PCA(12)]
    model = make_pipeline(*steps, MODELS[name]).fit(images, y)
    assert_same_bits(model, through_a_file(model, tmp_path / "model", 10), images)


def table():
    rng = np.random.default_rng(5)
    n = 240
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.2, np.nan, rng.normal(50, 10, n)),
            "weight": rng.normal(70, 9, n),
            "empty": np.full(n, np.nan),
            "town": pd.Series(rng.choice(["Köln", "Bonn", "Ulm", None], n), dtype=object),
            "plan": pd.Series(rng.choice([f"plan {i}" for i in range(70)], n), dtype=object),
        }
    )
    y = (frame["weight"].to_numpy() + 10 * (frame["town"] == "Bonn").to_numpy() > 72).astype(np.int64)
    return frame, y


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("name", ["logistic", "forest", "boosting", "knn", "dummy"])
def test_a_loaded_table_model_gives_the_same_bits(name, scale, tmp_path):
    frame, y = table()
    model = make_pipeline(table_preparation(frame, scale=scale), MODELS[name]).fit(frame, y)
    new = frame.copy()
    new.loc[:5, "town"] = "nowhere"
    new.loc[3:9, "weight"] = np.nan
    bundle = through_a_file(model, tmp_path / "model", 2)
    assert_same_bits(model, bundle, new)
    assert np.array_equal(bundle.probabilities(new), bundle.probabilities(new[new.columns[::-1]]))


def test_classes_that_training_never_saw_get_probability_0(tmp_path):
    x, y = data_of("iris")
    model = LogisticRegression().fit(x[y > 0], y[y > 0] + 2)
    out = through_a_file(model, tmp_path / "model", 6).probabilities(x)
    assert out.shape == (150, 6)
    assert np.array_equal(out[:, [3, 4]], model.predict_proba(x))
    assert out[:, [0, 1, 2, 5]].max() == 0


def test_no_rows_give_no_probabilities(tmp_path):
    x, y = data_of("iris")
    assert through_a_file(GaussianNB().fit(x, y), tmp_path / "model", 3).probabilities(x[:0]).shape == (0, 3)
