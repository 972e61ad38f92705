"""Procedures about data: statistics, codings, coverage, splits, components; against SciPy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from heldout.errors import DataError, SettingError, ShapeError
from heldout_course.book.work import register
from heldout_course.experiments.pixels import MOST_BYTES, packed, unpacked
from heldout_course.experiments.procedures import PROCEDURES
from heldout_course.procedures import components, conditions, facts, space, splitting, toy_table

register()


def run(name: str, seed: int = 1, **settings):
    PROCEDURES[name].check(settings)
    return PROCEDURES[name].run(settings, seed)


@pytest.mark.parametrize("feature", toy_table.NAMES)
@pytest.mark.parametrize("ddof", [0, 1])
def test_statistics_of_a_feature_are_scipys(feature, ddof):
    x = toy_table.X[:, toy_table.place_of(feature)]
    found = run("toy-feature", feature=feature, ddof=ddof)
    assert found["mean"] == pytest.approx(np.mean(x))
    assert found["std"] == pytest.approx(np.std(x, ddof=ddof))
    assert found["se"] == pytest.approx(stats.sem(x, ddof=ddof))
    low, high = stats.t.interval(0.95, 14, loc=np.mean(x), scale=stats.sem(x))
    assert found["half_interval"] == pytest.approx((high - low) / 2)
    assert found["iqr"] == pytest.approx(stats.iqr(x))
    beyond = (x < found["q1"] - 1.5 * found["iqr"]) | (x > found["q3"] + 1.5 * found["iqr"])
    assert found["n_outliers"] == beyond.sum()
    assert {found["low_whisker"], found["high_whisker"]} <= set(x.tolist())


def test_rows_are_standardized_as_scikit_learn_does_and_cut_not_rounded():
    theirs = StandardScaler().fit_transform(toy_table.X)
    for sample in range(15):
        ours = [run("toy-standardized", sample=sample, digits="round")[name] for name in toy_table.NAMES]
        np.testing.assert_allclose(ours, theirs[sample], atol=5.1e-5)
    assert run("toy-standardized", sample=0)["x0"] == 0.693
    assert run("toy-standardized", sample=0, digits="round")["x0"] == 0.6931


def test_a_scaler_that_is_fitted_on_training_rows_has_not_seen_the_others():
    before = run("toy-standardized", sample=0, fitted_on="train")["x4"]
    basis = toy_table.X[: toy_table.N_TRAIN, 4]
    assert before == pytest.approx((toy_table.X[0, 4] - basis.mean()) / basis.std(), abs=1e-4)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_holes_are_filled_with_what_scikit_learn_fills_them(statistic):
    theirs = SimpleImputer(strategy=statistic).fit(toy_table.with_holes()).statistics_
    ours = [run("toy-fill", feature=name)[statistic] for name in toy_table.NAMES]
    np.testing.assert_allclose(ours, theirs)


def test_a_feature_that_is_not_there_is_refused():
    with pytest.raises(SettingError, match="Unknown feature 'x9'"):
        run("toy-feature", feature="x9")


@pytest.mark.parametrize(("value", "n_values"), [(0, 2), (1, 2), (4, 5), (17, 100)])
def test_a_category_becomes_one_1_among_zeros(value, n_values):
    found = run("one-hot", value=value, n_values=n_values)
    assert (found["columns"], found["ones"]) == (n_values, 1)
    assert (found["first"], found["second"]) == (int(value == 0), int(value == 1))


def test_coverage_is_what_the_formula_expects_on_average():
    found = [run("space-coverage", seed=seed, dimensions=2) for seed in range(300)]
    covered = np.array([one["covered"] for one in found])
    error = covered.std(ddof=1) / np.sqrt(len(covered))
    assert found[0]["expected"] == pytest.approx(1 - 0.99**100)
    assert abs(covered.mean() - found[0]["expected"]) < 4 * error


def test_the_line_is_that_of_least_squares():
    found = run("population-line", year=2000, rounded=False)
    line = stats.linregress(list(space.WORLD), list(space.WORLD.values()))
    assert (found["slope"], found["intercept"]) == pytest.approx((line.slope, line.intercept))
    assert found["predicted"] == pytest.approx(line.slope * 2000 + line.intercept)


@pytest.mark.parametrize("class_1", range(1000, 1041))
def test_the_printed_split_fails_only_where_both_classes_leave_an_odd_number(class_1):
    class_0 = 10_000 - class_1
    rests = [n - int(0.9 * n) for n in (class_0, class_1)]
    found = run("split-by-class", class_0=class_0, class_1=class_1)
    assert found["fails"] == int(all(rest % 2 for rest in rests))
    filled = np.zeros(int(rests[0] / 2 + rests[1] / 2))
    try:
        filled[rests[0] // 2 :] = np.ones(rests[1] // 2)
        failed = False
    except ValueError:
        failed = True
    assert failed == bool(found["fails"])
    assert run("split-by-class", class_0=class_0, class_1=class_1, way="mended")["rows"] == 10_000


def test_ten_splits_by_class_spread_less_than_at_random():
    at_random, by_class = (run("ten-splits", part="test", way=way) for way in ("random", "by class"))
    assert by_class["relative_spread"] < at_random["relative_spread"]
    assert at_random["rows"] == by_class["rows"] == 500
    assert at_random["mean_1"] == pytest.approx(np.mean(at_random["counts_1"]))


def test_flipped_labels_move_the_share_of_the_rare_class():
    counts = [int(splitting.generated(seed)[1].sum()) for seed in range(10)]
    expected = run("generated-classes")["expected_percent_1"]
    assert expected == pytest.approx(10.4)
    assert np.mean(counts) / 100 == pytest.approx(expected, abs=0.15)
    assert run("generated-classes", flipped=0.0)["class_1"] == 1000


@pytest.mark.parametrize("k", [2, 5, 7, 10])
def test_folds_test_every_row_once_and_train_on_it_k_minus_1_times(k):
    found = run("fold-scheme", k=k)
    assert (found["least_tested"], found["most_tested"]) == (1, 1)
    assert (found["least_trained"], found["most_trained"]) == (k - 1, k - 1)
    assert found["train_share"] == pytest.approx((k - 1) / k, abs=0.002)


def test_a_background_that_tells_the_class_misleads():
    told, varied = (run("wrong-cue", background=name) for name in ("tells", "varied"))
    assert told["same_conditions"] > 0.85 > 0.7 > told["other_conditions"]
    assert varied["other_conditions"] > 0.9
    assert told["edge_alone"] > 0.85
    assert varied["edge_alone"] < 0.7


def test_other_appearances_of_a_class_are_taken_for_the_other_class():
    one, every = (run("unseen-appearance", training=name) for name in ("one", "all"))
    assert one["right_unseen"] < 0.6
    assert every["right_unseen"] > 0.9
    assert conditions._digits()[0].dtype == np.uint8


def test_the_uci_copy_of_iris_differs_from_fishers_in_two_rows():
    uci, fisher = (facts.table_of("iris", copy)[0] for copy in ("uci", "fisher"))
    rows = np.flatnonzero((uci != fisher).any(axis=1))
    assert rows.tolist() == [34, 37]
    assert facts.table_of("iris", "fisher")[0][34].tolist() == [4.9, 3.1, 1.5, 0.2]
    with pytest.raises(SettingError, match="Unknown table 'wine'"):
        facts.table_of("wine")


@pytest.mark.parametrize("of_classes", [[1, 2], [0, 2]])
def test_components_of_two_features_are_scikit_learns(of_classes):
    x, y, _ = facts.table_of("iris")
    theirs = PCA().fit(x[np.isin(y, of_classes)][:, :2])
    found = run("iris-pair-components", of_classes=of_classes)
    np.testing.assert_allclose([found["share_1"], found["share_2"]], theirs.explained_variance_ratio_)
    np.testing.assert_allclose(np.abs(found["components"]), np.abs(theirs.components_))


def test_new_irises_keep_their_test_rows_out_of_the_fit():
    found = run("iris-new-rows", way="scores", fitted_on="train")
    x, _ = components.shuffled_iris(1)
    assert (found["total"], found["test_rows"]) == (1200, 30)
    np.testing.assert_allclose(found["rows"], x[:120, :2])
    assert found["moved_alike"] < 0.5 < 0.99 < run("iris-new-rows")["moved_alike"]


def test_the_printed_listing_leaves_the_first_two_features_alone():
    found = run("iris-new-rows", way="component-columns")
    assert found["furthest_sepal"] < 1e-12
    assert found["furthest_petal"] > 0.1


def test_pictures_survive_the_store():
    pictures = np.random.default_rng(1).integers(0, 256, (3, 5, 4, 3), dtype=np.uint8)
    np.testing.assert_array_equal(unpacked(packed(pictures)), pictures)


@pytest.mark.parametrize(
    "values",
    [
        None,
        {"shape": [2, 2]},
        {"shape": [2, 2], "zlib": "????"},
        {"shape": [2, 2], "zlib": ""},
        {"shape": [-1, 4], "zlib": ""},
        {"shape": [MOST_BYTES, 4], "zlib": ""},
        {"shape": [2, 3], "zlib": packed(np.zeros((2, 2), np.uint8))["zlib"]},
        {"shape": [2, 1], "zlib": packed(np.zeros((2, 2), np.uint8))["zlib"]},
    ],
)
def test_damaged_pictures_are_refused(values):
    with pytest.raises(DataError, match=r"[Pp]ictures"):
        unpacked(values)


def test_pictures_of_other_types_are_refused():
    with pytest.raises(ShapeError, match="float64"):
        packed(np.zeros((2, 2)))
