"""Comparing runs and choosing thresholds as a user does: through the command line, on run folders."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import heldout as ho
from heldout.cli.main import _run
from heldout.deploy.bundle import load_bundle
from heldout.errors import ArtifactError

QUICK = ["--folds", "3", "--repeats", "2", "-q"]


def run_json(arguments, capsys, code=0):
    assert _run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A table with rare ill rows, two runs of the same folds, one of other folds, one of other data."""
    folder = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(3)
    ill = rng.random(300) < 0.25
    frame = pd.DataFrame({"a": rng.normal(size=300) + 1.2 * ill, "b": rng.normal(size=300)})
    frame["outcome"] = np.where(ill, "ill", "well")
    frame.to_csv(folder / "data.csv", index=False)
    frame.iloc[:250].to_csv(folder / "other.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HELDOUT_LEDGER", str(folder / "ledger.sqlite"))
        for name, data, models, more in (
            ("bayes", "data.csv", "nearest-centroid,naive-bayes", ["--threshold", "tpr[ill]>=0.9", "--assess"]),
            ("nearest", "data.csv", "k-nn", ["--assess"]),
            ("reseeded", "data.csv", "k-nn", ["--seed", "5"]),
            ("other", "other.csv", "k-nn", []),
        ):
            arguments = ["train", str(folder / data), "--target", "outcome", "--models", models, *QUICK, *more]
            assert _run([*arguments, "--out", str(folder / name)]) == 0
    return folder


def test_runs_of_the_same_folds_are_paired_and_the_sentence_says_what_holds(runs, tmp_path, capsys):
    found = run_json(
        ["compare", str(runs / "bayes"), str(runs / "nearest"), "--svg", str(tmp_path / "f.svg"), "--margin", "0.5"],
        capsys,
    )
    (pair,) = found["pairs"]
    assert (pair["paired"], pair["n"], pair["test"]) == (True, 6, "corrected resampled t-test")
    assert pair["low"] < pair["difference"] < pair["high"]
    assert pair["equivalent"] is True
    assert found["verdict"] == pair["says"] + "."
    scores = [pd.read_csv(runs / name / "scores.csv") for name in ("bayes", "nearest")]
    chosen = json.loads((runs / "bayes" / "metrics.json").read_text())["chosen"]["model"]
    a, b = (
        table[table["model"] == model]["mcc"].to_numpy() for table, model in zip(scores, (chosen, "k-nn"), strict=True)
    )
    sizes = {key: scores[0][key].mean() for key in ("n_train", "n_validation")}
    assert ho.compare(a, b, **sizes).p == pytest.approx(pair["p"])
    (test,) = found["test"]
    tables = [pd.read_csv(runs / name / "predictions.csv") for name in ("bayes", "nearest")]
    right = [(table["label"] == table["prediction"]).to_numpy() for table in tables]
    assert (test["only_a"], test["only_b"]) == ((right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum())
    svg = (tmp_path / "f.svg").read_text()
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert ">bayes<" in svg


def test_the_models_of_one_run_are_compared_with_each_other(runs, capsys):
    assert _run(["compare", str(runs / "bayes"), "--metric", "accuracy"]) == 0
    out = capsys.readouterr().out
    assert "naive-bayes" in out
    assert "Verdict: " in out


def test_other_folds_fall_back_to_an_unpaired_test_and_other_data_are_refused(runs, capsys):
    found = run_json(["compare", str(runs / "nearest"), str(runs / "reseeded")], capsys)
    assert found["pairs"][0]["paired"] is False
    assert "Welch" in found["pairs"][0]["test"]
    assert "other folds" in found["notes"][0]
    assert found["test"] == []
    error = run_json(["compare", str(runs / "nearest"), str(runs / "other")], capsys, code=2)["error"]
    assert "different data" in error["what"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda run: (run / "scores.csv").unlink(), "cannot be read"),
        (lambda run: (run / "scores.csv").write_text("model,repeat\nk-nn,x\n"), "cannot be read"),
        (lambda run: (run / "scores.csv").write_bytes(b"\xff\xfe\x00"), "cannot be read"),
        (lambda run: (run / "metrics.json").write_text('{"schema": 99}'), "schema 99; this heldout reads up to 2"),
        (lambda run: (run / "metrics.json").write_text('{"schema": 1}'), "has no 'data'"),
        (lambda run: (run / "metrics.json").write_text("[" * 100_000), "cannot be read"),
        (lambda run: (run / "predictions.csv").write_text("id,label\n1,ill\n"), "cannot be read"),
    ],
)
def test_damaged_and_newer_runs_are_refused_with_their_place(runs, tmp_path, capsys, spoil, says):
    shutil.copytree(runs / "nearest", tmp_path / "spoilt")
    spoil(tmp_path / "spoilt")
    error = run_json(["compare", str(runs / "bayes"), str(tmp_path / "spoilt")], capsys, code=2)["error"]
    assert says in error["what"]
    assert "spoilt" in error["where"]


def test_too_few_and_repeated_runs_are_refused(runs, capsys):
    for arguments, says in (
        ([str(runs / "nearest")], "nothing to compare it with"),
        ([str(runs / "nearest"), str(runs / "bayes" / ".." / "nearest")], "named twice"),
        ([str(runs / "nearest"), str(runs)], "not a run folder"),
        ([str(runs / "nearest"), str(runs / "bayes"), "--svg", "forest.pdf"], "not named so"),
        ([str(runs / "nearest"), str(runs / "bayes"), "--margin", "-1"], "margin"),
        ([str(runs / "nearest"), str(runs / "bayes"), "--level", "95"], "level is 95"),
    ):
        assert says in run_json(["compare", *arguments], capsys, code=2)["error"]["what"]


def test_a_threshold_is_chosen_on_training_rows_kept_in_the_bundle_and_used_by_predict(runs, tmp_path, capsys):
    values = json.loads((runs / "bayes" / "metrics.json").read_text())
    rule = values["decision"]["rule"]
    assert rule["positive"] == values["data"]["classes"].index("ill") == 0
    assert values["decision"]["says"].startswith("ill if its probability is ")
    out_of_fold = values["cross_validation"]["out_of_fold"]
    assert out_of_fold["per_class"]["ill"]["recall"] >= 0.9
    # labels of new rows, of the assessed rows and of `evaluate` all follow the rule, not the greatest probability
    bundle = load_bundle(runs / "bayes" / "model")
    assert bundle.rule.record() == rule
    frame = pd.read_csv(runs / "data.csv")
    frame[["a", "b"]].to_csv(tmp_path / "new.csv", index=False)
    found = run_json(["predict", str(runs / "bayes"), str(tmp_path / "new.csv")], capsys)["predictions"]
    expected = ["ill" if row["probabilities"]["ill"] >= rule["threshold"] else "well" for row in found]
    assert [row["label"] for row in found] == expected
    usual = ["ill" if row["probabilities"]["ill"] > 0.5 else "well" for row in found]
    assert usual != expected
    assert all(row["probability"] == row["probabilities"][row["label"]] for row in found)
    test = pd.read_csv(runs / "bayes" / "predictions.csv")
    assert ((test["p_ill"] >= rule["threshold"]) == (test["prediction"] == "ill")).all()
    assert values["test"]["accuracy"] == pytest.approx((test["label"] == test["prediction"]).mean())
    frame.assign(a=frame["a"] + 0.011).to_csv(tmp_path / "moved.csv", index=False)
    scored = run_json(["evaluate", str(runs / "bayes"), str(tmp_path / "moved.csv")], capsys)
    assert scored["per_class"]["ill"]["predicted"] > out_of_fold["per_class"]["ill"]["support"]


def test_a_changed_rule_is_not_the_model_that_was_trained(runs, tmp_path):
    from heldout.run.folder import RunFolder
    from heldout.use.assess import bundle_hash

    shutil.copytree(runs / "bayes", tmp_path / "run")
    before = bundle_hash(RunFolder(tmp_path / "run"))
    header = tmp_path / "run" / "model" / "header.json"
    values = json.loads(header.read_text())
    values["info"]["decision"]["threshold"] = 0.01
    header.write_text(json.dumps(values))
    assert bundle_hash(RunFolder(tmp_path / "run")) != before
    with pytest.raises(ArtifactError, match=r"header.json"):
        load_bundle(tmp_path / "run" / "model")  # the sums do not fit any more


def test_rules_that_do_not_fit_end_before_training(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for data, asked, says in (
        (str(runs / "data.csv"), "tpr[sick]>=0.9", "'sick'"),
        (str(runs / "data.csv"), "best", "is not a decision rule"),
        ("iris", "mcc", "there are 3"),
        ("iris", "cost:0 1; 1 0", "for 3 classes"),
    ):
        target = [] if data == "iris" else ["--target", "outcome"]
        error = run_json(["train", data, *target, "--threshold", asked], capsys, code=2)["error"]
        assert says in error["what"]
    assert not (tmp_path / "runs").exists()


def test_costs_of_several_classes_decide_and_a_rate_beyond_reach_leaves_the_usual_labels(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    iris = ["train", "iris", "--models", "naive-bayes", *QUICK]
    found = run_json([*iris, "--threshold", "cost:0 1 1; 1 0 1; 1 50 0"], capsys)
    assert found["decision"]["rule"]["costs"][2] == [1.0, 50.0, 0.0]
    matrix = found["cross_validation"]["out_of_fold"]["confusion"]
    assert matrix[2][1] <= matrix[1][2]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=120), "y": np.where(rng.random(120) < 0.5, "n", "p")})
    frame.to_csv("noise.csv", index=False)
    arguments = ["train", "noise.csv", "--target", "y", "--models", "naive-bayes", "--threshold", "ppv>=1", *QUICK]
    found = run_json(arguments, capsys)
    if found["decision"]["rule"] is None:
        assert "no threshold gives ppv 1" in found["decision"]["says"]
        assert load_bundle(tmp_path / found["run"] / "model").rule is None


def test_a_recorded_result_is_widened_when_others_open_the_seal_later(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["train", "iris", "--models", "nearest-centroid", "--assess", *QUICK]
    first = run_json([*command, "--out", "first"], capsys)
    run_json([*command, "--out", "second"], capsys)
    assert run_json([*command, "--out", "third"], capsys)["seal"]["level"] == pytest.approx(1 - 0.05 / 3)
    shown = run_json(["assess", "first"], capsys)
    assert first["test"]["ci_level"] == 0.95
    assert shown["test"]["ci_level"] == pytest.approx(1 - 0.05 / 3)
    assert shown["test"]["accuracy"] == first["test"]["accuracy"]
    for key in ("accuracy_ci", "mcc_ci", "log_loss_ci"):
        low, high = shown["test"][key]
        assert low < first["test"][key][0]
        assert high >= first["test"][key][1]
    assert (shown["seal"]["number"], shown["seal"]["openings"]) == (1, 3)
    assert "opened 3 times by now" in " ".join(shown["seal"]["remarks"])
    assert run_json(["assess", "first"], capsys) == shown
    assert run_json(["assess", "third"], capsys)["seal"]["openings"] == 3


def test_perfect_folds_keep_a_standard_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    y = np.arange(90) % 2
    pd.DataFrame({"a": 10.0 * y + np.linspace(0, 1, 90) ** 2, "y": np.where(y, "p", "n")}).to_csv("d.csv", index=False)
    found = run_json(["train", "d.csv", "--target", "y", "--models", "dummy,nearest-centroid,k-nn", *QUICK], capsys)
    perfect = [candidate for candidate in found["candidates"] if candidate["mean"] == 1.0]
    assert len(perfect) == 2
    assert all(0.005 < candidate["se"] < 0.1 for candidate in perfect)
    pairs = run_json(["compare", found["run"]], capsys)["pairs"]
    same = next(pair for pair in pairs if {pair["a"], pair["b"]} == {"nearest-centroid", "k-nn"})
    assert same["low"] < 0 == same["difference"] < same["high"]
