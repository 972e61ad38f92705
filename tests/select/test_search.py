"""The search of any estimator: what it tries and chooses, with scikit-learn as oracle, and what it refuses."""

import sqlite3

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import matthews_corrcoef
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from heldout.errors import ArtifactError, LabelError, SettingError, ShapeError, TrainingError
from heldout.models.spaces import Options, Range
from heldout.select.search import rounds as search_rounds
from heldout.select.search import search
from heldout.select.search.choice import choose_point
from heldout.select.search.points import Point, plan_points


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def noisy(n=90, seed=0):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 3
    return random.normal(size=(n, 4)) + y[:, None] * 0.8, y


SPACE = {"C": [0.1, 1, 10], "gamma": [0.01, 0.1]}
MODEL = make_pipeline(StandardScaler(), SVC())


def test_a_grid_gives_the_scores_of_scikit_learn_on_the_same_folds():
    x, y = noisy()
    found = search(MODEL, SPACE, x, y, folds=3, rule="best", jobs=2)
    theirs = GridSearchCV(
        MODEL,
        {f"svc__{name}": values for name, values in SPACE.items()},
        cv=found.studies[0].inner,
        scoring=lambda model, x, y: matthews_corrcoef(y, model.predict(x)),
    ).fit(x, y)
    for point in found.points:
        number = theirs.cv_results_["params"].index({f"svc__{k}": v for k, v in point.setting.items()})
        expected = [theirs.cv_results_[f"split{k}_test_score"][number] for k in range(3)]
        np.testing.assert_allclose(point.scores, expected, atol=1e-12)
    best = max(point.mean for point in found.points)
    assert best == pytest.approx(theirs.best_score_)
    assert found.estimator.get_params()["svc__C"] == found.setting["C"]


def test_without_outer_folds_there_is_no_score_to_report():
    x, y = noisy()
    found = search(MODEL, SPACE, x, y, folds=3, jobs=1)
    assert (found.mean, found.se, found.nested_scores) == (None, None, [])


def test_the_reported_score_comes_from_rows_that_no_choice_has_seen():
    x, y = noisy()
    found = search(MODEL, SPACE, x, y, folds=3, nested=3, jobs=2, seed=4)
    outer = found.studies[1:]
    for study, setting, score in zip(outer, found.nested_settings, found.nested_scores, strict=True):
        seen = np.unique(np.concatenate([np.concatenate(part) for part in study.inner]))
        np.testing.assert_array_equal(seen, study.rows)
        unseen = np.setdiff1d(np.arange(len(y)), study.rows)
        model = make_pipeline(StandardScaler(), SVC(**setting)).fit(x[study.rows], y[study.rows])
        assert score == pytest.approx(matthews_corrcoef(y[unseen], model.predict(x[unseen])))
    assert found.mean == pytest.approx(np.mean(found.nested_scores))


def test_the_score_of_random_labels_is_chance_where_the_maximised_one_is_not():
    from sklearn.dummy import DummyClassifier

    y = np.random.default_rng(0).permutation(np.arange(80) % 2)
    guesses = {"random_state": list(range(60))}
    model = DummyClassifier(strategy="uniform")
    found = search(model, guesses, np.zeros((80, 1)), y, folds=2, nested=4, metric="accuracy", rule="best", jobs=1)
    assert max(point.mean for point in found.points) > 0.57
    assert abs(found.mean - 0.5) < 0.17  # three binomial standard errors of 80 rows


def test_no_group_is_on_both_sides_of_any_fold():
    x, y = noisy(120)
    groups = np.repeat(np.arange(40), 3)
    y = np.repeat(np.arange(40) % 2, 3)
    found = search(MODEL, {"C": [1, 10]}, x, y, groups=groups, folds=3, nested=3, jobs=1)
    for study in found.studies:
        for train, validation in study.inner:
            assert not set(groups[train]) & set(groups[validation])
        outside = np.setdiff1d(np.arange(120), study.rows)
        assert not set(groups[study.rows]) & set(groups[outside])


def test_a_shift_in_an_outer_fold_changes_nothing_that_was_chosen_without_it():
    x, y = noisy()
    plain = search(MODEL, SPACE, x, y, folds=3, nested=3, jobs=1)
    outside = np.setdiff1d(np.arange(len(y)), plain.studies[1].rows)
    moved = x.copy()
    moved[outside] += 1e6
    shifted = search(MODEL, SPACE, moved, y, folds=3, nested=3, jobs=1)
    assert [p.scores for p in plain.studies[1].points] == [p.scores for p in shifted.studies[1].points]
    assert plain.nested_settings[0] == shifted.nested_settings[0]
    assert [p.scores for p in plain.points] != [p.scores for p in shifted.points]


def test_the_simplest_setting_within_one_standard_error_is_chosen():
    space = {"C": Range(0.01, 100, log=True, simpler="low")}
    scores = {0.01: (0.1, 0.2, 0.3), 0.1: (0.7, 0.8, 0.85), 1: (0.7, 0.85, 0.85), 10: (0.7, 0.9, 0.9), 100: (0.8,) * 3}
    points = [Point(i, {"C": c}, found) for i, (c, found) in enumerate(scores.items())]
    # The best mean is that of C = 10: 0.8333, with a corrected error of 0.1155 * (1/3 + 1/2)**0.5 = 0.1054.
    chosen = choose_point(points, space, n_train=60, n_validation=30)
    assert (chosen.point.setting["C"], chosen.best.setting["C"]) == (0.1, 10)
    assert chosen.least == pytest.approx(0.8333 - 0.1054, abs=1e-4)
    assert choose_point(points, space, n_train=60, n_validation=30, rule="best").point.setting["C"] == 10
    unordered = choose_point(points, {"C": Range(0.01, 100, log=True)}, n_train=60, n_validation=30)
    assert unordered.point.setting["C"] == 10  # where nothing is simpler, the best of the equals


@pytest.mark.parametrize("how", ["random", "spread", "optuna"])
def test_the_same_seed_gives_the_same_search_with_any_number_of_jobs(how, iris):
    if how == "optuna":
        pytest.importorskip("optuna")
    space = {"n_neighbors": Range(1, 40, whole=True), "weights": ["uniform", "distance"]}
    runs = [
        search(KNeighborsClassifier(), space, *iris, how=how, n_points=n, jobs=jobs, folds=2, seed=5)
        for n, jobs in ((14, 1), (14, 2))
    ]
    assert [p.setting for p in runs[0].points] == [p.setting for p in runs[1].points]
    assert [p.scores for p in runs[0].points] == [p.scores for p in runs[1].points]
    assert len(runs[0].points) == 14
    other = search(KNeighborsClassifier(), space, *iris, how=how, n_points=14, jobs=1, folds=2, seed=6)
    assert [p.setting for p in other.points] != [p.setting for p in runs[0].points]


def test_optuna_comes_nearer_to_a_peak_than_it_began():
    pytest.importorskip("optuna")
    space = {"C": Range(1e-4, 1e4, log=True), "w": Options(["a", "b"])}
    plan = plan_points(space, "optuna", 40, seed=0)
    points: list[Point] = []
    while len(points) < 40:
        for setting in plan.propose(points, 4, seed=3):
            score = -(np.log10(setting["C"] / 50) ** 2) - (setting["w"] == "a")
            points.append(Point(len(points), setting, (score, score)))
    means = [point.mean for point in points]
    assert np.mean(means[24:]) > np.mean(means[:8])
    assert max(means) > -0.1


@pytest.mark.parametrize("how", ["grid", "optuna"])
def test_a_search_that_was_broken_off_goes_on_with_its_finished_points(how, tmp_path, monkeypatch, iris):
    if how == "optuna":
        pytest.importorskip("optuna")
    space = {"n_neighbors": Range(1, 40, whole=True)}
    call = {"how": how, "n_points": 16, "per_dimension": 16, "folds": 2, "jobs": 1}
    monkeypatch.setattr(search_rounds, "FITS_AT_ONCE", 8)
    whole = search(KNeighborsClassifier(), space, *iris, **call)

    def stop(done):
        if done >= 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(KNeighborsClassifier(), space, *iris, **call, storage=tmp_path / "s.sqlite", on_round=stop)
    fitted = []
    original = search_rounds.Fitter.run
    monkeypatch.setattr(
        search_rounds.Fitter, "run", lambda self, fits, **more: fitted.extend(fits) or original(self, fits, **more)
    )
    again = search(KNeighborsClassifier(), space, *iris, **call, storage=tmp_path / "s.sqlite")
    assert [(p.setting, p.scores) for p in again.points] == [(p.setting, p.scores) for p in whole.points]
    assert 0 < len(fitted) <= 2 * (16 - 9)


def test_a_record_of_other_data_or_another_model_is_not_believed(tmp_path, iris):
    x, y = iris
    path = tmp_path / "s.sqlite"
    space = {"n_neighbors": [1, 9]}
    search(KNeighborsClassifier(), space, x, y, folds=2, jobs=1, storage=path)
    with sqlite3.connect(path) as base:
        base.execute("update point set scores = '[9.0, 9.0]'")
    base.close()
    believed = search(KNeighborsClassifier(), space, x, y, folds=2, jobs=1, storage=path)
    assert believed.points[0].scores == (9.0, 9.0)  # the same search takes its record as it stands
    other = search(KNeighborsClassifier(), space, x + 1, y, folds=2, jobs=1, storage=path)
    weighted = search(KNeighborsClassifier(weights="distance"), space, x, y, folds=2, jobs=1, storage=path)
    assert other.points[0].scores[0] <= 1 >= weighted.points[0].scores[0]


def test_a_file_that_is_no_record_is_refused(tmp_path, iris):
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(ArtifactError, match="no record of a search") as caught:
        search(KNeighborsClassifier(), {"n_neighbors": [1]}, *iris, storage=path, jobs=1)
    assert str(path) in caught.value.where


def test_nets_are_searched_as_one_stack_and_equal_their_solo_fits(monkeypatch, iris):
    pytest.importorskip("torch")
    from heldout.nets.classifier import NetClassifier
    from heldout.nets.fit import folds as stacks

    x, y = iris
    calls = []
    original = stacks.fit_jobs
    monkeypatch.setattr(
        stacks, "fit_jobs", lambda net, x, y, jobs, **more: calls.append(jobs) or original(net, x, y, jobs, **more)
    )
    net = make_pipeline(StandardScaler(), NetClassifier("dense 8, relu, dropout 0.1", epochs=4, batch=32))
    space = {"lr": [0.001, 0.03], "dropout": [0.0, 0.4]}
    found = search(net, space, x, y, folds=2, jobs=1, rule="best")
    assert [len(jobs) for jobs in calls] == [2, 6]  # the first setting alone, then all others at once
    study = found.studies[0]
    for point in found.points:
        for k, (train, validation) in enumerate(study.inner):
            scaler = StandardScaler().fit(x[train])
            solo = NetClassifier(
                "dense 8, relu, dropout 0.1", epochs=4, batch=32, seed=study.seed + k, **point.setting
            ).fit(scaler.transform(x[train]).astype(np.float32), y[train])
            predicted = solo.predict(scaler.transform(x[validation]).astype(np.float32))
            assert point.scores[k] == pytest.approx(matthews_corrcoef(y[validation], predicted), abs=0.03)


def test_tables_and_text_labels_are_searched_too():
    x, y = noisy()
    frame = pd.DataFrame(x, columns=list("abcd"))
    names = np.array(["low", "middle", "high"], dtype=object)[y]
    found = search(MODEL, {"C": [0.1, 1]}, frame, names, folds=2, jobs=1)
    assert all(0 < point.mean <= 1 for point in found.points)


def test_a_setting_that_fails_is_told_and_the_others_go_on():
    x, y = noisy(30)
    found = search(KNeighborsClassifier(), {"n_neighbors": [500, 3]}, x, y, folds=2, jobs=1)
    assert found.setting == {"n_neighbors": 3}
    assert "n_neighbors" in found.points[0].note
    assert np.isnan(found.points[0].mean)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"space": {"gama": [1]}}, SettingError, "no hyperparameter 'gama'.*\n.*did you mean 'gamma'"),
        ({"space": {"C": []}}, SettingError, "C: there are no values to try"),
        ({"how": "gird"}, SettingError, "did you mean 'grid'"),
        ({"fold": 3}, SettingError, "Unknown setting 'fold'.*did you mean 'folds'"),
        ({"metric": "mc"}, SettingError, "did you mean 'mcc'"),
        ({"rule": "first"}, SettingError, "must be one of one-se, best"),
        ({"how": "random", "n_points": 0}, SettingError, "n_points is 0; it must be between 1 and 10000"),
        ({"space": {"C": Range(1, 2), "gamma": Range(1, 2)}, "per_dimension": 200}, SettingError, "40,000 points"),
        ({"space": {"C": [-1.0, -2.0]}}, TrainingError, "none of the 2 settings.*InvalidParameterError"),
        ({"metric": lambda y, p: float("nan")}, TrainingError, "none of the 6 settings"),
        ({"time": 1e-6}, TrainingError, "did not suffice for one setting"),
        ({"folds": 40}, LabelError, "all rows, 90 rows.*too few for 40 folds"),
        ({"nested": 2, "groups": np.arange(90) // 15}, LabelError, "fold 0.*too few for 5 folds"),
        ({"groups": np.zeros(4)}, ShapeError, "groups for 90 rows"),
        ({"y": np.zeros((90, 2))}, ShapeError, "one label for each row"),
    ],
)
def test_bad_input_is_refused_with_cause_and_remedy(change, error, says):
    import re

    x, y = noisy()
    call = {"space": SPACE, "x": x, "y": y, "jobs": 1} | change
    with pytest.raises(error) as caught:
        search(MODEL, call.pop("space"), call.pop("x"), call.pop("y"), **call)
    assert re.search(says, str(caught.value), re.DOTALL)
    assert caught.value.fix
