"""Steps against scikit-learn, Pillow and NumPy; constant columns, unseen categories, names, and no look ahead."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OrdinalEncoder, RobustScaler, StandardScaler

from heldout.errors import DataError, SettingError, ShapeError
from heldout.prepare.categories import CategoryNumbers
from heldout.prepare.components import Components
from heldout.prepare.images import FlattenPixels
from heldout.prepare.language import (
    LANGUAGE,
    check_kind,
    is_for_pictures,
    parse_prepare,
    picture_steps,
    table_steps,
    vector_steps,
)
from heldout.prepare.pictures import CentreCrop, ResizeImages, ToColour, ToGrey

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 9, 12, 3), dtype=np.uint8)


def frame(n=60, seed=0):
    random = np.random.default_rng(seed)
    made = pd.DataFrame({"a": random.normal(5, 3, n), "b": random.exponential(100, n), "same": np.full(n, 7.0)})
    made.loc[random.random(n) < 0.2, "a"] = np.nan
    made["size"] = pd.Series(random.choice(["1 small", "2 middle", "3 large", None], n), dtype=object)
    return made


@pytest.mark.parametrize(
    ("line", "scaler"),
    [
        ("centre", StandardScaler(with_std=False)),
        ("standardize", StandardScaler()),
        ("minmax", MinMaxScaler()),
        ("robust", RobustScaler()),
    ],
)
@pytest.mark.parametrize("strategy", ["mean", "median", "most-frequent"])
def test_a_table_is_filled_and_scaled_as_scikit_learn_does_it(line, scaler, strategy):
    x, new = frame(), frame(30, seed=1)
    ours = Pipeline(table_steps(f"impute {strategy}, {line}", x[["a", "b"]], seed=0)).fit(x)
    imputer = SimpleImputer(strategy=strategy.replace("-", "_"), add_indicator=True)
    theirs = Pipeline([("impute", imputer), ("scale", scaler)]).fit(x[["a", "b"]])
    assert np.array_equal(ours.transform(new), theirs.transform(new[["a", "b"]]))


@pytest.mark.parametrize("scaler", ["centre", "standardize", "minmax", "robust"])
def test_a_constant_column_stays_finite_whatever_comes_later(scaler):
    x = pd.DataFrame({"same": np.full(20, 7.0), "zero": np.zeros(20), "gone": np.full(20, np.nan)})
    steps = Pipeline(table_steps(f"{scaler}, pca 0.9", x, seed=0)).fit(x)
    later = pd.DataFrame({"same": [7.0, 1e6], "zero": [0.0, -3.0], "gone": [np.nan, 1.0]})
    assert np.isfinite(steps.transform(later)).all()


def test_names_of_features_survive_the_whole_line():
    x = frame()
    steps = Pipeline(table_steps("impute mean, one-hot 2, standardize", x, seed=0)).fit(x)
    names = steps.get_feature_names_out().tolist()
    assert names[:4] == ["a", "b", "same", "missingindicator_a"]
    assert names[-1] == "size is other"
    out = clone(steps).set_output(transform="pandas").fit_transform(x)
    assert out.columns.tolist() == names
    projected = Pipeline(table_steps("standardize, pca 2", x[["a", "b"]], seed=0)).fit(x)
    assert projected.get_feature_names_out().tolist() == ["components0", "components1"]


def test_categories_in_order_equal_those_of_scikit_learn_and_unknown_is_missing():
    column = pd.DataFrame({"c": ["b", "a", "c", "a", "b"]}, dtype=object)
    ours = CategoryNumbers().fit(column)
    theirs = OrdinalEncoder().fit(column)
    assert np.array_equal(ours.transform(column), theirs.transform(column))
    assert np.isnan(ours.transform(pd.DataFrame({"c": ["new", None]}, dtype=object))).all()
    assert ours.get_feature_names_out().tolist() == ["c"]


def test_numbers_written_as_text_are_ordered_as_numbers_and_an_order_may_be_given():
    column = pd.DataFrame({"c": ["10", "9", "9.5"]}, dtype=object)
    assert CategoryNumbers().fit_transform(column)[:, 0].tolist() == [2, 0, 1]
    sizes = pd.DataFrame({"c": ["large", "small", None]}, dtype=object)
    fitted = CategoryNumbers({"c": ["small", "middle", "large"]}).fit(sizes)
    assert fitted.transform(sizes)[:2, 0].tolist() == [2, 0]
    with pytest.raises(DataError, match="'c' lacks 'large'"):
        CategoryNumbers({"c": ["small"]}).fit(sizes)
    with pytest.raises(ShapeError, match="2 categorical columns given"):
        fitted.transform(pd.DataFrame({"c": ["a"], "d": ["b"]}))


def test_an_ordinal_column_is_filled_marked_and_scaled():
    x = frame()
    out = Pipeline(table_steps("ordinal, minmax", x[["size"]], seed=0)).fit(x).transform(x)
    assert out.shape == (60, 2)
    assert set(np.unique(out[:, 0])) == {0.0, 0.5, 1.0}
    assert np.array_equal(out[:, 1] == 1, x["size"].isna())


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_share_of_the_variance_keeps_as_many_components_as_scikit_learn(share):
    x = np.random.default_rng(1).normal(size=(80, 6)) * [5, 3, 2, 1, 0.5, 0.1]
    ours, theirs = Components(share).fit(x), PCA(share, svd_solver="full").fit(x)
    assert np.array_equal(ours.transform(x), theirs.transform(x))
    assert ours.pca_.explained_variance_ratio_.sum() >= share


def test_iris_has_the_known_shares_of_variance():
    from sklearn.datasets import load_iris

    ratio = Components(4).fit(load_iris().data).pca_.explained_variance_ratio_
    assert ratio == pytest.approx([0.92461872, 0.05306648, 0.01710261, 0.00521218])
    assert Components(0.95).fit(load_iris().data).pca_.n_components_ == 2


def test_more_components_than_there_are_directions_become_as_many_as_there_are():
    x = np.random.default_rng(1).normal(size=(5, 8))
    assert Components(50).fit_transform(x).shape == (5, 5)
    assert Components(0.95).fit_transform(np.ones((6, 3))).shape == (6, 1)
    for wrong in (0, -1, 1.5, 2.5, True):
        with pytest.raises(SettingError, match="n_components"):
            Components(wrong).fit(x)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 12))
def test_the_crop_is_the_middle_of_the_picture(height, width):
    out = CentreCrop(height, width).fit_transform(PICTURES)
    above, left = (9 - height) // 2, (12 - width) // 2
    assert np.array_equal(out, PICTURES[:, above : above + height, left : left + width])
    assert 9 - height - above in (above, above + 1)


def test_a_crop_of_28_drops_two_pixels_a_side_of_32():
    images = np.zeros((1, 32, 32, 1), np.uint8)
    images[0, 2:30, 2:30] = 255
    assert CentreCrop(28, 28).fit_transform(images).min() == 255


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(4, 5), (18, 30), (9, 12)])
def test_resizing_is_that_of_pillow(size, channels):
    images = PICTURES[..., :channels]
    out = ResizeImages(*size).fit_transform(images)
    assert out.shape == (4, *size, channels)
    picture = Image.fromarray(images[2, ..., 0] if channels == 1 else images[2])
    by_hand = np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR)).reshape(*size, channels)
    assert np.array_equal(out[2], by_hand)


def test_a_fine_pattern_becomes_its_mean_and_not_a_false_pattern():
    stripes = np.zeros((1, 32, 32, 1), np.uint8)
    stripes[:, :, ::2] = 255
    small = ResizeImages(8, 8).fit_transform(stripes)[0, 1:-1, 1:-1]
    assert np.abs(small.astype(int) - 127).max() <= 2


def test_grey_is_that_of_pillow_and_colour_has_three_equal_channels():
    grey = ToGrey().fit_transform(PICTURES)
    for row, pixels in enumerate(PICTURES):
        assert np.array_equal(grey[row, ..., 0], np.asarray(Image.fromarray(pixels).convert("L")))
    back = ToColour().fit_transform(grey)
    assert back.shape == PICTURES.shape
    assert np.array_equal(ToGrey().fit_transform(back), grey)
    assert np.array_equal(ToGrey().fit_transform(grey), grey)


@pytest.mark.parametrize("step", [CentreCrop(10, 5), CentreCrop(0, 5), ResizeImages(0, 4), ResizeImages(5, 5000)])
def test_a_size_that_cannot_be_is_refused_at_fit(step):
    with pytest.raises(SettingError, match="pixels"):
        step.fit(PICTURES)


def test_pictures_of_another_shape_or_kind_are_refused():
    step = clone(CentreCrop(4, 4)).fit(PICTURES)
    with pytest.raises(ShapeError, match="were trained on"):
        step.transform(PICTURES[:, :8])
    with pytest.raises(ShapeError, match="four axes"):
        ToGrey().fit(PICTURES[0])
    with pytest.raises(SettingError, match="2 channels"):
        ToGrey().fit(PICTURES[..., :2])


def test_flattened_pictures_have_names_of_pixels():
    assert FlattenPixels().fit(PICTURES).get_feature_names_out()[[0, 5]].tolist() == ["pixel 0 0 0", "pixel 0 1 2"]
    assert FlattenPixels().fit(PICTURES[..., :1]).get_feature_names_out()[-1] == "pixel 8 11"


@pytest.mark.parametrize(
    "line",
    [
        "impute mean, ordinal, standardize, pca 0.9",
        "one-hot, robust, pca 3 whiten",
        "impute most-frequent, minmax",
        "centre",
    ],
)
def test_rows_that_are_not_trained_on_change_no_fitted_number(line):
    x = frame()
    moved = x.copy()
    moved.loc[40:, ["a", "b", "same"]] = 1e9
    moved.loc[40:, "size"] = "4 huge"
    out = [Pipeline(table_steps(line, part, seed=0)).fit(part[:40]).transform(x[:40]) for part in (x, moved)]
    assert np.array_equal(*out)
    assert not np.array_equal(out[0], Pipeline(table_steps(line, x, seed=0)).fit(moved).transform(x[:40]))


@pytest.mark.parametrize(
    ("line", "wrong", "fix"),
    [
        ("impute mean, standardise2, pca 3", "standardise2", "did you mean 'standardize'"),
        ("impute average", "average", "mean|median|most-frequent"),
        ("pca", "", "pca 0.95"),
        ("standardize, pca 1.5", "1.5", "pca 0.95"),
        ("standardize, pca 1.0", "1.0", "pca 0.95"),
        ("pca 20 white", "white", "pca NUMBER|SHARE [whiten]"),
        ("standardize minmax", "minmax", "separated by commas"),
        ("pca 5, impute mean", "impute", "first"),
        ("standardize, minmax", "minmax", "scale once"),
        ("one-hot, ordinal", "ordinal", "encode one way"),
        ("centre-crop 28y", "28y", "PIXELS|HEIGHTxWIDTH"),
        ("grey, Crop 28", "Crop", "write centre-crop 28"),
        ("random-crop 28", "random-crop", "choose from"),
        ("resize 0", "0", "resize 16"),
        ("one-hot many", "many", "one-hot 50"),
        ("centre,, pca 2", ",", "put a step before it"),
        ("", "", "choose from"),
    ],
)
def test_a_wrong_line_is_refused_with_a_mark_under_the_word(line, wrong, fix):
    with pytest.raises(SettingError, match=re.escape(fix)) as caught:
        parse_prepare(line)
    _, shown, mark = caught.value.what.split("\n")
    assert shown.strip() == line
    assert shown[mark.index("^") : len(mark)] == wrong


def test_both_spellings_and_every_word_are_understood():
    words = [step.word for step in parse_prepare("Grey, Center-Crop 4, center").items]
    words += [step.word for step in parse_prepare("standardise").items]
    assert words == ["grey", "centre-crop", "centre", "standardize"]
    for word in LANGUAGE.words.values():
        (step,) = parse_prepare(word.example or word.name).items
        assert parse_prepare(word.write(step.values)).items == (step,)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abcdeimnoprst0129.,x- \n", max_size=40))
def test_any_text_is_read_or_refused_with_a_remedy(line):
    refusal = None
    try:
        steps = parse_prepare(line)
    except SettingError as error:
        refusal = error
    assert steps.items if refusal is None else refusal.fix


def test_each_kind_of_data_has_its_own_words():
    check_kind("impute, standardize", "table")
    check_kind("centre-crop 4, grey, pca 3", "images")
    check_kind("standardize, pca 0.9", "sounds")
    for line, kind in (("centre-crop 4", "table"), ("standardize, pca 2", "images"), ("grey", "sounds")):
        if line.startswith("standardize"):
            check_kind(line, kind)
        else:
            with pytest.raises(SettingError, match=f"is not for {kind}"):
                check_kind(line, kind)


def test_the_steps_of_a_line_for_pictures_are_those_for_pictures_and_then_those_for_rows():
    line = "centre-crop 6, grey, standardize, pca 3"
    pictures = Pipeline(picture_steps(line)).fit_transform(PICTURES)
    assert pictures.shape == (4, 6, 6, 1)
    rows = Pipeline([("flat", FlattenPixels()), *vector_steps(line, seed=0)]).fit_transform(pictures)
    assert rows.shape == (4, 3)
    assert is_for_pictures("centre-crop 6, grey")
    assert not is_for_pictures(line)
