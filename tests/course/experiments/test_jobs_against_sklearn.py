"""Jobs give what scikit-learn and a net fitted alone give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from heldout.errors import DataError, SettingError
from heldout_course.experiments import fast_folds, rows
from heldout_course.experiments.data import DataSpec
from heldout_course.experiments.expand import expand
from heldout_course.experiments.features import fit_scaling, values_of
from heldout_course.experiments.measures import AT_THRESHOLDS, THRESHOLDS, numbers_of
from heldout_course.experiments.recipe import recipe_from_text
from heldout_course.experiments.results import Result
from heldout_course.experiments.rows import find_rows
from heldout_course.experiments.tasks import run_task


def jobs(data: str, model: str, repeats: int = 1, more: str = "", measure: str = "accuracy"):
    text = f"id: a\ntitle: A\ndata: {data}\nmodel: {model}\nrepeats: {repeats}\nmeasure: [{measure}]\n{more}\n"
    return expand(recipe_from_text(text), "full").jobs


def run(found):
    return [result for result, _ in run_task([dict(job.spec) for job in found], "")]


def accuracy(part):
    matrix = np.array(part["confusion"])
    return np.trace(matrix) / matrix.sum()


def test_a_first_part_of_iris_is_that_of_sklearn():
    x, y = load_iris(return_X_y=True)
    [result] = run(jobs("{name: iris, train: 80%, shuffle: 3}", "{kind: naive-bayes}"))
    order = np.random.default_rng([3, 2]).permutation(150)
    expected = GaussianNB().fit(x[order[:120]], y[order[:120]]).score(x[order[120:]], y[order[120:]])
    assert accuracy(result["parts"][0]) == pytest.approx(expected)


def test_folds_are_equal_parts_and_the_rest_is_left_out_as_the_course_cuts_them():
    found = find_rows(DataSpec(name="breast-cancer", folds=5), 1)
    assert [(len(train), len(test)) for train, test in found.pairs] == [(452, 113)] * 5
    tests = np.concatenate([test for _, test in found.pairs])
    assert len(np.unique(tests)) == 565
    assert all(not np.isin(test, train).any() for train, test in found.pairs)


def test_a_scaler_is_fitted_on_training_rows_only_unless_the_course_s_way_is_asked_for():
    spec = DataSpec(name="breast-cancer", train="80%", scale="standardize")
    found = find_rows(spec, 1)
    train, test = found.pairs[0]
    x, _ = load_breast_cancer(return_X_y=True)
    ours = fit_scaling(found, spec, *(values_of(found, spec, which, np.float64) for which in (train, test)))
    scaler = StandardScaler().fit(x[train])
    np.testing.assert_allclose(ours[1], scaler.transform(x[test]), rtol=1e-12, atol=1e-12)
    spec = replace(spec, scale="standardize-all")
    ours = fit_scaling(found, spec, *(values_of(found, spec, which, np.float64) for which in (train, test)))
    np.testing.assert_allclose(ours[1], StandardScaler().fit(x).transform(x[test]), rtol=1e-10, atol=1e-12)


def test_repeats_draw_other_folds_and_the_same_seed_the_same():
    found = jobs("{name: iris, folds: 5}", "{kind: k-nn, k: 1}", repeats=3)
    assert [job.seed for job in found] == [1, 2, 3]
    first, again = run(found), run(found)
    assert [r["parts"][0]["right"] for r in first] == [r["parts"][0]["right"] for r in again]
    assert len({r["parts"][0]["right"] for r in first}) > 1


def test_a_pair_of_classes_is_renumbered_in_the_order_given():
    [result] = run(jobs('{name: digits, classes: ["5", "3"], train: 80%}', "{kind: k-nn, k: 1}"))
    assert result["classes"] == ["5", "3"]
    assert np.array(result["parts"][0]["confusion"]).shape == (2, 2)
    assert result["parts"][0]["auc"] > 0.9


def test_even_and_odd_need_classes_that_are_numbers():
    with pytest.raises(SettingError, match="numbers"):
        run(jobs("{name: iris, labels: even-odd, train: 80%}", "{kind: k-nn}"))


def test_a_stack_of_nets_equals_each_net_alone():
    found = jobs(
        "{name: digits, scale: 1/256, train: first 300}",
        '{net: "dense 12, relu", optimizer: sgd, lr: 0.1, epochs: 3, batch: 32}',
        repeats=2,
        more="vary: {momentum: [0, 0.9]}",
        measure="final_error",
    )
    together = run(found)
    alone = [run([job])[0] for job in found]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a["test_error_per_epoch"], b["test_error_per_epoch"], atol=2e-3)
        assert a["parameters"] == (64 + 1) * 12 + 13 * 10


def test_thresholds_trade_false_positives_for_true_ones():
    data = "{name: digits, scale: 1/256, labels: even-odd, train: first 300}"
    [result] = run(jobs(data, '{net: "dense 12, relu", epochs: 5, batch: 32}'))
    values = {name: numbers_of(Result.read(result), name)[0] for name in AT_THRESHOLDS}
    for rate in ("tpr", "fpr"):
        assert np.all(np.diff([values[f"{rate}_at_{percent}"] for percent in THRESHOLDS]) <= 0)
    assert values["tpr_at_50"] == numbers_of(Result.read(result), "tpr")[0]
    assert values["mcc_at_50"] == pytest.approx(numbers_of(Result.read(result), "mcc")[0])


def test_nets_over_folds_with_a_fitted_scaler_are_trained_fold_by_fold():
    [result] = run(jobs("{name: iris, folds: 3, scale: standardize}", '{net: "dense 8, relu", epochs: 30, batch: 16}'))
    assert len(result["parts"]) == 3
    assert np.mean([accuracy(part) for part in result["parts"]]) > 0.7


def test_groups_never_cross_folds(tmp_path):
    lines = ["a,label,patient"] + [f"{n % 7},{'xy'[n % 2]},p{n // 4}" for n in range(80)]
    path = tmp_path / "grouped.csv"
    path.write_text("\n".join(lines))
    spec = DataSpec(name=str(path), target="label", group="patient", folds=4)
    found = find_rows(spec, 1)
    for train, test in found.pairs:
        assert not set(found.data.groups[train]) & set(found.data.groups[test])
    each = find_rows(replace(spec, folds="loo-group"), 1)
    assert [len(set(each.data.groups[test])) for _, test in each.pairs] == [1] * 20
    with pytest.raises(SettingError, match="groups, which must not cross"):
        find_rows(replace(spec, folds=None, train="80%"), 1)


def test_more_rows_than_there_are_is_told():
    with pytest.raises(DataError, match="first 1000 of 150 rows"):
        find_rows(DataSpec(name="iris", train="first 1000"), 1)


def test_a_table_with_words_and_gaps_is_encoded_from_its_training_rows(tmp_path):
    lines = ["a,colour,label"] + [f"{n % 5 if n % 9 else ''},{['red', 'blue'][n % 2]},{n % 2}" for n in range(60)]
    path = tmp_path / "mixed.csv"
    path.write_text("\n".join(lines))
    [result] = run(jobs(f"{{name: {path}, target: label, folds: 3}}", "{kind: tree}"))
    assert np.mean([accuracy(part) for part in result["parts"]]) == 1.0


def test_a_solver_that_stops_before_it_arrives_is_recorded():
    [result] = run(jobs("{name: breast-cancer, train: 80%}", "{kind: linear-svm, max_iter: 2}"))
    assert "limit of iterations" in result["parts"][0]["unfinished"]


@pytest.mark.slow
def test_printed_cells_of_mnist_come_out_to_all_digits(real_data, monkeypatch):
    monkeypatch.setenv("HELDOUT_MIRROR", str(real_data))
    rows._loaded.cache_clear()
    for scale, centroid, bayes in (("1/256", 0.8203, 0.5558), ("standardize-epsilon", 0.8092, 0.5239)):
        data = f"{{name: mnist, scale: {scale}}}"
        for kind, printed in (("nearest-centroid", centroid), ("naive-bayes", bayes)):
            [result] = run(jobs(data, f"{{kind: {kind}}}"))
            assert round(accuracy(result["parts"][0]), 4) == printed
    counts = run(jobs('{name: mnist, scale: 1/256, classes: ["3", "5"]}', "{kind: nearest-centroid}"))[0]["parts"][0]
    assert counts["confusion"] == [[909, 101], [132, 760]]


@pytest.mark.parametrize("model", ["{kind: nearest-centroid}", "{kind: k-nn, k: 3}", "{kind: naive-bayes}"])
@pytest.mark.parametrize("scale", ["none", "standardize", "standardize-all"])
def test_folds_at_once_answer_as_fold_by_fold(monkeypatch, model, scale):
    data = f"{{name: breast-cancer, folds: 5, scale: {scale}, stratify: {str(scale == 'none').lower()}}}"
    found = jobs(data, model, repeats=2)
    at_once = run(found)
    monkeypatch.setattr(fast_folds, "goes_together", lambda spec: False)
    one_by_one = run(found)
    for a, b in zip(at_once, one_by_one, strict=True):
        assert [part["right"] for part in a["parts"]] == [part["right"] for part in b["parts"]]


def test_neighbours_are_those_of_sklearn_on_each_fold():
    x, y = load_breast_cancer(return_X_y=True)
    [job] = jobs("{name: breast-cancer, folds: 3}", "{kind: k-nn, k: 5}")
    found = find_rows(job.data, job.seed)
    for part, (train, test) in zip(run([job])[0]["parts"], found.pairs, strict=True):
        assert accuracy(part) == KNeighborsClassifier(5).fit(x[train], y[train]).score(x[test], y[test])


def test_errors_per_epoch_are_those_of_each_jobs_own_test_rows_where_splits_are_drawn():
    found = jobs(
        "{name: iris, shuffle: each, train: 80%}",
        '{net: "dense 5, relu", optimizer: sgd, lr: 0.02, batch: 16, epochs: 3}',
        repeats=3,
        measure="final_error",
    )
    for result, job in zip(run(found), found, strict=True):
        assert result["test_error_per_epoch"] == pytest.approx(run([job])[0]["test_error_per_epoch"], abs=0.04)
        assert result["test_error_per_epoch"][-1] == pytest.approx(1 - accuracy(result["parts"][0]), abs=1e-6)
