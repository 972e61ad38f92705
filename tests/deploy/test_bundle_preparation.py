"""Steps of preparation in a bundle: the same answers after a round trip, and a damaged one is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from heldout.deploy.bundle import load_bundle, save_bundle
from heldout.deploy.registry import kind_names, put_together, take_apart
from heldout.errors import ArtifactError, SettingError, ShapeError
from heldout.prepare.images import FlattenPixels
from heldout.prepare.language import picture_steps, table_steps, vector_steps
from heldout.prepare.vectors import ToVectors

LINES = [
    "impute mean, ordinal, minmax",
    "impute most-frequent, robust, pca 0.9",
    "one-hot 2, centre, pca 3 whiten",
    "standardize, pca 2, robust",
]
PICTURES = [
    "centre-crop 5x6, standardize",
    "resize 4, minmax",
    "grey, pca 3",
    "grey, colour, centre",
    "centre-crop 6, resize 3x4",
]


def table():
    random = np.random.default_rng(5)
    n = 90
    frame = pd.DataFrame({"a": random.normal(size=n), "b": random.normal(size=n) * 50, "same": np.ones(n)})
    frame.loc[::7, "a"] = np.nan
    frame["size"] = pd.Series(random.choice(["1", "2", "10", None], n), dtype=object)
    return frame, (frame["b"] > 0).to_numpy().astype(np.int64)


def assert_same_answers_after_a_file(model, x, folder, tolerance):
    save_bundle(folder, model, classes=["no", "yes"], input={}, info={})
    bundle = load_bundle(folder)
    whole = bundle.probabilities(x)
    np.testing.assert_allclose(whole, model.predict_proba(x), rtol=tolerance, atol=tolerance)
    alone = bundle.probabilities(x.iloc[[3]] if hasattr(x, "iloc") else x[[3]])
    assert np.array_equal(alone[0], whole[3])


@pytest.mark.parametrize("line", LINES)
def test_a_prepared_table_model_gives_the_same_answers(line, tmp_path):
    frame, y = table()
    model = Pipeline([*table_steps(line, frame, seed=1), ("model", LogisticRegression(max_iter=2000))]).fit(frame, y)
    new = frame.copy()
    new.loc[:5, "size"] = "never seen"
    new.loc[3:8, "b"] = np.nan
    assert_same_answers_after_a_file(model, new, tmp_path / "model", 1e-12)


@pytest.mark.parametrize("line", PICTURES)
def test_a_prepared_image_model_gives_the_same_answers(line, tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (40, 8, 9, 3), dtype=np.uint8)
    y = (images.mean(axis=(1, 2, 3)) > 127).astype(np.int64)
    steps = [*picture_steps(line), ("flat", FlattenPixels()), *vector_steps(line, seed=1)]
    model = Pipeline([*steps, ("model", LogisticRegression(max_iter=2000))]).fit(images, y)
    assert_same_answers_after_a_file(model, images, tmp_path / "model", 2e-6)


def test_rows_made_numbers_by_their_kind_give_the_same_bits(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (40, 8, 9, 3), dtype=np.uint8)
    y = (images.mean(axis=(1, 2, 3)) > 127).astype(np.int64)
    steps = [("numbers", ToVectors("images")), *vector_steps("standardize", seed=1)]
    model = Pipeline([*steps, ("model", LogisticRegression(max_iter=2000))]).fit(images, y)
    assert_same_answers_after_a_file(model, images, tmp_path / "model", 2e-6)
    with pytest.raises(ShapeError, match=r"images of shape \(8, 8, 3\) given, the model was trained on \(8, 9, 3\)"):
        load_bundle(tmp_path / "model").probabilities(images[:, :, :8])


def test_every_step_has_a_kind():
    assert {
        "min-max-scaler",
        "robust-scaler",
        "category-numbers",
        "components",
        "centre-crop",
        "resize",
        "to-grey",
        "to-colour",
    } <= set(kind_names())


def test_what_a_bundle_does_not_cover_is_refused_when_saving():
    x = np.arange(12.0).reshape(6, 2)
    with pytest.raises(SettingError, match="clip=True"):
        take_apart(MinMaxScaler(clip=True).fit(x))
    tree, arrays = take_apart(RobustScaler(with_scaling=False).fit(x))
    again = put_together(tree, arrays, n_classes=2, where="here")
    np.testing.assert_array_equal(again.transform(x), RobustScaler(with_scaling=False).fit_transform(x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "step",
    [
        StandardScaler(),
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
        MinMaxScaler((-1, 3)),
        RobustScaler(),
        RobustScaler(with_centering=False, quantile_range=(10, 70)),
        SimpleImputer(strategy="mean"),
        SimpleImputer(strategy="most_frequent", add_indicator=True),
        SimpleImputer(strategy="median", keep_empty_features=True, add_indicator=True),
    ],
)
@pytest.mark.filterwarnings("ignore:Skipping features without any observed values", "ignore:All-NaN slice encountered")
def test_a_step_gives_the_same_bits_in_either_precision(step, dtype):
    x = (np.random.default_rng(3).normal(size=(40, 5)) * [1, 10, 1e-3, 1e4, 1]).astype(dtype)
    x[::6, 1] = np.nan
    if isinstance(step, SimpleImputer):
        x[:, 4] = np.nan
    step.fit(x)
    tree, arrays = take_apart(step)
    found = put_together(tree, arrays, n_classes=2, where="here").transform(x)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, step.transform(x))


@pytest.mark.parametrize(
    ("line", "kind", "change"),
    [
        ("minmax", "min-max-scaler", {"low": 2.0}),
        ("minmax", "min-max-scaler", {"n_samples_seen": 0}),
        ("robust", "robust-scaler", {"high": 10.0}),
        ("robust", "robust-scaler", {"with_scaling": "yes"}),
        ("ordinal", "category-numbers", {"categories": [["a", "a"]]}),
        ("ordinal", "category-numbers", {"columns": []}),
        ("pca 2", "components", {"n_features": 3}),
        ("pca 2", "components", {"seed": -1}),
    ],
)
def test_a_changed_step_is_refused(line, kind, change):
    frame, y = table()
    tree, arrays = take_apart(
        Pipeline([*table_steps(line, frame, seed=1), ("model", LogisticRegression())]).fit(frame, y)
    )

    def find(node):
        if node["kind"] == kind:
            return node
        return next((found for child in node["children"].values() if (found := find(child))), None)

    tree = json.loads(json.dumps(tree))
    find(tree)["params"].update(change)
    with pytest.raises(ArtifactError, match="must be"):
        put_together(tree, arrays, n_classes=2, where="here")


@pytest.mark.parametrize("change", [{"height": 99}, {"height": 0}, {"input_shape": [8, 9]}, {"input_shape": [8, 9, 0]}])
def test_a_changed_crop_is_refused(change):
    step = picture_steps("centre-crop 5")[0][1].fit(np.zeros((2, 8, 9, 3), np.uint8))
    tree, arrays = take_apart(step)
    tree["params"].update(change)
    with pytest.raises((ArtifactError, SettingError), match=r"must be|cannot be cut"):
        put_together(tree, arrays, n_classes=2, where="here")
