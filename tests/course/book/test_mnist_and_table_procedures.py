"""Procedures of chapters 7, 10 and 11: centroids, generators, the search for C and gamma, components, definitions."""

from __future__ import annotations

import numpy as np
import pytest

from heldout_course.procedures import classical, definitions, digits


def test_centroids_by_hand_are_the_toolkit_s():
    found = classical.centroids_by_hand(seed=3)
    assert (found["answers_that_differ"], found["changed_without_root"]) == (0, 0)
    assert found["centroid_gap"] < 1e-12
    assert found["accuracy"] > 0.8


def test_one_generator_for_all_couples_order_and_model():
    shared, reseeded, separate = (classical.one_generator(name, "tree") for name in ("shared", "reseeded", "separate"))
    assert (shared["same_again"], shared["same_after_a_draw_more"]) == (1, 0)
    assert reseeded["same_again"] == 0
    assert (separate["same_again"], separate["same_after_a_draw_more"]) == (1, 1)


def test_cells_of_the_grid_are_the_toolkit_s_accuracies():
    from sklearn.svm import SVC

    random = np.random.default_rng(0)
    x, y = random.standard_normal((60, 4)), random.integers(0, 2, 60)
    pairs = [(np.arange(40), np.arange(40, 60)), (np.arange(20, 60), np.arange(20))]
    scores = classical._search(x, y, pairs)
    assert scores.shape == (7, 8)
    for c, gamma in ((0, 0), (4, 2), (6, 7)):
        nets = [SVC(C=classical.C_VALUES[c], gamma=classical.GAMMAS[gamma]).fit(x[a], y[a]) for a, _ in pairs]
        theirs = np.mean([net.score(x[b], y[b]) for net, (_, b) in zip(nets, pairs, strict=True)])
        assert scores[c, gamma] == pytest.approx(theirs)


def test_of_ties_the_first_cell_is_kept():
    scores = np.zeros((7, 8))
    scores[4, 1] = scores[5, 0] = 0.9
    found = classical._best(scores)
    assert (found["C"], round(found["gamma"], 5), found["ties"], found["is_chosen"]) == (10, 0.00417, 2, 1)


def small(monkeypatch, side: int) -> tuple[np.ndarray, ...]:
    """Digits of scikit-learn on a black square of so many pixels, in the place of MNIST."""
    from sklearn.datasets import load_digits

    images, y = load_digits(return_X_y=True)
    edge = ((0, 0), *[((side - 8) // 2, (side - 8) // 2)] * 2)
    wide = np.pad(images.reshape(-1, 8, 8) * 15, edge).astype(np.uint8).reshape(len(y), -1)
    parts = wide[:600], y[:600], wide[600:1700], y[600:1700]
    monkeypatch.setattr(digits, "mnist_rows", lambda: parts)
    digits._along_components.cache_clear()
    return parts


@pytest.fixture
def few_digits(monkeypatch):
    """As large as MNIST's."""
    return small(monkeypatch, 28)


@pytest.fixture
def small_digits(monkeypatch):
    """Of 64 pixels."""
    yield small(monkeypatch, 8)
    digits._along_components.cache_clear()


def test_models_on_components_agree_with_the_toolkit(small_digits):
    from sklearn.decomposition import PCA
    from sklearn.naive_bayes import GaussianNB

    x, y, x_test, y_test = (np.asarray(part, float) for part in small_digits)
    std = np.where(x.std(axis=0) == 0, 1, x.std(axis=0))
    x, x_test = (x - x.mean(axis=0)) / std, (x_test - x.mean(axis=0)) / std
    pca = PCA(9, svd_solver="full").fit(x)
    found = digits.on_components("naive Bayes", 9, rows=600)
    assert found["variance"] == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-5)
    theirs = GaussianNB().fit(pca.transform(x), y).score(pca.transform(x_test), y_test)
    assert found["accuracy"] == pytest.approx(theirs, abs=0.003)
    assert digits.on_components("naive Bayes", 0, rows=600)["variance"] == pytest.approx(1)


def test_validation_rows_are_no_test_rows(small_digits):
    found = digits._along_components(600, "validation")
    assert (len(found.y), len(found.y_test)) == (500, 100)
    assert np.array_equal(found.y_test, small_digits[1][500:])
    assert 0.5 < digits.forest_on_components(9, 600, "validation", trees=5, seed=1)["accuracy"] < 1


def test_pictures_of_scaled_digits_are_the_same_and_scrambled_ones_lose_their_neighbours(few_digits):
    plain, scaled, scrambled, standardized = (
        digits.digit_pictures(way) for way in ("as they are", "scaled", "scrambled", "standardized")
    )
    assert scaled["picture_gap"] == 0
    assert standardized["neighbours_alike"] == pytest.approx(plain["neighbours_alike"])
    assert abs(scrambled["neighbours_alike"]) < plain["neighbours_alike"]
    assert sorted(scrambled["pictures"][0].ravel()) == sorted(plain["pictures"][0].ravel())


def test_first_answers_are_of_the_digits_asked_for(few_digits):
    found = definitions.first_answers([8], [3, 3, 2], rows=200, epochs=2, seed=1)
    assert [row.split()[-1] for row in found["table"].split("; ")] == ["3", "3", "2"]
    assert found["gap_from_1"] < 1e-6


def test_counts_stand_where_the_tables_say():
    found = definitions.table_layout()
    assert (found["row_assigned_1"], found["row_assigned_0"]) == ("TP, FP", "FN, TN")
    assert (found["our_row_actual_0"], found["our_row_actual_1"]) == ("TN, FP", "FN, TP")


def test_settings_are_read_from_the_toolkit_and_from_ours():
    found = definitions.net_setting("momentum", "momentum", "varied")
    assert (found["toolkit_default"], found["ours"], found["is_changed"]) == ("0.9", "momentum: 0.0", 1)


def test_schemes_draw_the_shapes_of_their_names():
    assert [definitions.scheme_by_number(k, seed=1)["shape"] for k in range(5)] == [
        "uniform",
        "uniform",
        "normal",
        "normal",
        "normal",
    ]
