"""Every kind, on real data: what is loaded answers as the estimator that was saved, and as scikit-learn has it."""

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


# Sums of the same numbers in another order, as shares of 1; scikit-learn computes float32 rows in single precision.
TOLERANCE = {np.float64: 1e-12, np.float32: 1e-4}
SAME_BITS = {
    "dummy", "dummy-most-frequent", "knn", "knn-kd-manhattan", "tree", "tree-best-first", "forest", "extra-trees",
    "boosting", "boosting-early",
}  # fmt: skip


def assert_answers_as(model, bundle, x, name="", dtype=np.float64):
    expected, found = model.predict_proba(x), bundle.probabilities(x)
    if name in SAME_BITS:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] / 10)
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    for row in (0, len(x) // 2, len(x) - 1):
        alone = bundle.probabilities(x.iloc[[row]] if hasattr(x, "iloc") else x[[row]])
        np.testing.assert_array_equal(alone[0], found[row])


@pytest.mark.parametrize("dataset", ["iris", "breast-cancer", "digits"])
@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_classifier_answers_as_the_one_that_was_saved(name, dataset, tmp_path):
    x, y = data_of(dataset)
    if name.startswith("nearest-centroid") and dataset == "digits":
        x = x + np.random.default_rng(0).normal(size=x.shape)  # this model warns on constant columns
    model = make_pipeline(StandardScaler(), MODELS[name]).fit(x, y)
    if name == "knn-distance":  # of a training row itself: scikit-learn's distance is not quite 0
        x = x + 0.01
    assert_answers_as(model, through_a_file(model, tmp_path / "model", y.max() + 1), x, name)


@pytest.mark.parametrize("dataset", ["iris", "breast-cancer", "digits"])
@pytest.mark.parametrize("name", TO_CALIBRATE)
def test_a_loaded_calibrated_machine_answers_as_the_one_that_was_saved(name, dataset, tmp_path):
    x, y = data_of(dataset)
    base = make_pipeline(StandardScaler(), TO_CALIBRATE[name])
    scores = cross_val_predict(base, x, y, cv=3, method="decision_function")
    model = SoftmaxCalibrated.from_out_of_fold(base.fit(x, y), scores, y)
    bundle = through_a_file(model, tmp_path / "model", y.max() + 1)
    expected, found = model.decision_function(x), bundle.model.decision_function(x)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    assert_answers_as(model, bundle, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("whiten", [False, True])
def test_a_loaded_projection_answers_as_the_one_that_was_saved(dtype, whiten, tmp_path):
    x, y = data_of("digits")
    model = make_pipeline(PCA(16, whiten=whiten, random_state=0), LogisticRegression(max_iter=500))
    model.fit(x.astype(dtype), y)
    assert_answers_as(model, through_a_file(model, tmp_path / "model", 10), x.astype(dtype), dtype=dtype)


@pytest.mark.parametrize("name", ["forest", "knn", "boosting", "naive-bayes", "nearest-centroid"])
def test_a_loaded_image_model_answers_as_the_one_that_was_saved(name, tmp_path):
    x, y = data_of("digits")
    images = (x.reshape(-1, 8, 8, 1) * 15).astype(np.uint8)
    steps = [FlattenPixels()] if name != "nearest-centroid" else [FlattenPixels(), PCA(12)]
    model = make_pipeline(*steps, MODELS[name]).fit(images, y)
    same = name if name != "nearest-centroid" else ""
    assert_answers_as(model, through_a_file(model, tmp_path / "model", 10), images, same, np.float32)


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
def test_a_loaded_table_model_answers_as_the_one_that_was_saved(name, scale, tmp_path):
    frame, y = table()
    model = make_pipeline(table_preparation(frame, scale=scale), MODELS[name]).fit(frame, y)
    new = frame.copy()
    new.loc[:5, "town"] = "nowhere"
    new.loc[3:9, "weight"] = np.nan
    bundle = through_a_file(model, tmp_path / "model", 2)
    assert_answers_as(model, bundle, new, name)
    assert np.array_equal(bundle.probabilities(new), bundle.probabilities(new[new.columns[::-1]]))


def test_classes_that_training_never_saw_get_probability_0(tmp_path):
    x, y = data_of("iris")
    model = LogisticRegression().fit(x[y > 0], y[y > 0] + 2)
    out = through_a_file(model, tmp_path / "model", 6).probabilities(x)
    assert out.shape == (150, 6)
    np.testing.assert_allclose(out[:, [3, 4]], model.predict_proba(x), rtol=1e-12, atol=1e-13)
    assert out[:, [0, 1, 2, 5]].max() == 0


def test_no_rows_give_no_probabilities(tmp_path):
    x, y = data_of("iris")
    assert through_a_file(GaussianNB().fit(x, y), tmp_path / "model", 3).probabilities(x[:0]).shape == (0, 3)
