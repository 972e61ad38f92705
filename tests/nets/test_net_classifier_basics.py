import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from heldout.errors import ArtifactError, LabelError, SettingError, TrainingError
from heldout.nets.classifier import NetClassifier
from heldout.nets.fit.folds import FitJob, fit_jobs
from heldout.nets.fit.loop import TrainingStopped
from heldout.nets.net import Net
from heldout.nets.presets import small_cnn, table_mlp
from heldout.nets.settings import LATER


def digits(n=600):
    x, y = load_digits(return_X_y=True)
    return (x[:n].reshape(-1, 8, 8, 1) * 15.9375).astype(np.uint8), y[:n]


def quick_cnn(**changes):
    settings = {"epochs": 3, "batch": 32, "lr": 0.01, "standardize": True, "threads": 1, **changes}
    return NetClassifier("conv 8 3 same, relu, maxpool 2, batchnorm, flatten, dropout 0.1", **settings)


def test_a_net_learns_iris_in_a_pipeline():
    x, y = load_iris(return_X_y=True)
    net = NetClassifier("dense 16, relu", epochs=40, batch=16, lr=0.01)
    assert cross_val_score(make_pipeline(StandardScaler(), net), x, y, cv=5).mean() > 0.92


def test_a_small_cnn_learns_digits():
    x, y = digits(1200)
    net = NetClassifier(**{**small_cnn((8, 8, 1), 10, 1000), "epochs": 4}).fit(x[:1000], y[:1000])
    assert net.score(x[1000:], y[1000:]) > 0.9


def test_the_table_preset_equals_a_linear_machine_on_breast_cancer():
    x, y = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), NetClassifier(**table_mlp(30, 2, 455)))
    assert cross_val_score(pipeline, x, y, cv=3, scoring="matthews_corrcoef").mean() > 0.92


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    x, y = digits(200)
    first, again, other = (quick_cnn(seed=s).fit(x, y).predict_proba(x) for s in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_predictions_survive_the_way_through_arrays_bit_for_bit():
    x, y = digits(200)
    net = quick_cnn(replicates=2).fit(x, y)
    meta, arrays = net.to_arrays()
    back = NetClassifier.from_arrays(json.loads(json.dumps(meta)), arrays)
    assert np.array_equal(back.predict_proba(x), net.predict_proba(x))
    assert np.array_equal(back.predict(x), net.predict(x))


def test_labels_of_text_come_back_as_text():
    x, y = digits(200)
    names = np.array(list("abcdefghij"))[y]
    net = quick_cnn().fit(x, names)
    meta, arrays = net.to_arrays()
    assert meta["classes"] == list("abcdefghij")
    assert NetClassifier.from_arrays(meta, arrays).predict(x).dtype.kind == "U"


def test_probabilities_are_the_mean_over_the_replicates():
    x, y = digits(100)
    net = quick_cnn(replicates=3).fit(x, y)
    each = net.replicate_probabilities(x)
    assert each.shape == (3, 100, 10)
    assert np.allclose(each.sum(-1), 1)
    assert np.array_equal(net.predict_proba(x), each.mean(0))


def test_folds_equal_their_solo_trainings():
    x, y = load_iris(return_X_y=True)
    x = (x - x.mean(0)) / x.std(0)
    folds = [rows for rows, _ in StratifiedKFold(4, shuffle=True, random_state=0).split(x, y)]
    net = NetClassifier("dense 11, tanh, dropout 0.2", epochs=5, batch=32, precision="float64")
    together = fit_jobs(net, x, y, [(rows, 7 + k) for k, rows in enumerate(folds)])
    for k, rows in enumerate(folds):
        alone = clone(net).set_params(seed=7 + k).fit(x[rows], y[rows])
        assert np.allclose(alone.predict_proba(x), together[k].predict_proba(x), rtol=1e-9, atol=1e-12)


def test_jobs_may_differ_in_their_settings():
    x, y = load_iris(return_X_y=True)
    rows = np.arange(len(y))
    jobs = [FitJob(rows, 0, {"lr": lr, "epochs": n}) for lr, n in ((0.1, 3), (0.001, 7))]
    fitted = fit_jobs(NetClassifier("dense 5, relu", batch=20), x, y, jobs)
    assert [len(f.history_) for f in fitted] == [3, 7]
    assert fitted[0].lr == 0.1


def test_progress_counts_to_the_end():
    x, y = digits(100)
    events = []
    quick_cnn(callback=events.append).fit(x, y)
    assert [e["epoch"] for e in events if e["loss"] is not None] == [1, 2, 3]
    assert events[-1]["step"] == events[-1]["steps"]
    assert events[-1]["seconds_left"] == 0


def test_being_told_to_stop_ends_the_training():
    x, y = digits(100)
    with pytest.raises(TrainingStopped, match="stopped"):
        quick_cnn(should_stop=lambda: True).fit(x, y)


def test_all_impossible_settings_are_named_at_once():
    x, y = digits(50)
    with pytest.raises(SettingError, match=r"did you mean 'adam'.*batch is 0.*epochs is 0"):
        quick_cnn(optimizer="adams", batch=0, epochs=0).fit(x, y)


def test_a_single_class_is_refused():
    x, _ = digits(50)
    with pytest.raises(LabelError, match="one class"):
        quick_cnn().fit(x, np.zeros(50, int))


def test_a_fold_without_one_of_the_classes_is_refused():
    x, y = digits(100)
    with pytest.raises(LabelError, match="job 1 has no row of 1 of 10 classes"):
        fit_jobs(quick_cnn(), x, y, [(np.arange(100), 0), (np.flatnonzero(y != 3), 0)])


def test_a_learning_rate_that_diverges_says_so():
    x, y = digits(100)
    net = NetClassifier(
        "flatten, dense 9, linear", optimizer="sgd", lr=1e6, momentum=0.9, loss="cross-entropy", epochs=60
    )
    with pytest.raises(TrainingError, match="diverged in epoch"):
        net.fit((x * 1e10).astype(np.float32), y)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m, a: m.update(shape=[8, 8, 2]),
        lambda m, a: m.update(shape=[10**9, 8, 1]),
        lambda m, a: m.update(classes=m["classes"][:9]),
        lambda m, a: m.update(classes=m["classes"][::-1]),
        lambda m, a: m.update(replicates=2),
        lambda m, a: m["settings"].update(net="dense 1000000, relu, dense 1000000"),
        lambda m, a: m["settings"].update(optimizer="os.system"),
        lambda m, a: m.update(extra=1),
        lambda m, a: a.pop("0/output.bias"),
        lambda m, a: a.update({"0/output.bias": a["0/output.bias"].astype(np.float64)}),
        lambda m, a: a.update({"0/output.bias": a["0/output.bias"] * np.nan}),
        lambda m, a: a.update({"0/input.std": a["0/input.std"] * 0}),
    ],
)
def test_spoiled_arrays_are_refused(spoil):
    x, y = digits(60)
    meta, arrays = quick_cnn(epochs=1).fit(x, y).to_arrays()
    spoil(meta, arrays)
    with pytest.raises(ArtifactError, match=r"Fix: (the file is damaged|pip install --upgrade)"):
        NetClassifier.from_arrays(meta, arrays)


def as_schema_1(meta, arrays):
    """What the first version wrote: arrays named by the place of their layer."""
    plan = Net(meta["settings"]["net"]).plan(tuple(meta["shape"]), len(meta["classes"]))
    old = dict(zip([p.name for p in plan.parameters], plan.old_parameter_names, strict=True))
    meta = {**meta, "schema": 1, "settings": {k: v for k, v in meta["settings"].items() if k not in LATER}}
    renamed = {}
    for key, array in arrays.items():
        replicate, _, name = key.partition("/")
        renamed[f"{replicate}/{old.get(name, name)}"] = array
    return meta, renamed


def test_arrays_that_were_named_by_place_are_read_and_frozen_layers_found():
    x, y = digits(60)
    spec = "conv 3 3 same, residual(conv 4 3 same, batchnorm), relu, flatten, dense 5"
    net = NetClassifier(spec, epochs=1, freeze=("0", "1.shortcut.0"), replicates=2, standardize=True, threads=1)
    net.fit(x, y)
    meta, arrays = as_schema_1(*net.to_arrays())
    assert {"1/1.shortcut.1.scale", "0/input.mean", "0/4.kernel", "1/output.bias"} <= set(arrays)
    back = NetClassifier.from_arrays(meta, arrays)
    assert np.array_equal(back.predict_proba(x), net.predict_proba(x))
    assert list(back.replicates_[0]) == list(net.replicates_[0])
    assert "residual 1 shortcut batchnorm 1.scale" in back.replicates_[0]
    frozen = [f.name for f in net.plan_.describe() if f.parameters and not f.trained]
    assert frozen == ["conv 1", "residual 1 shortcut conv 1"]


def test_a_bundle_of_an_older_version_takes_the_default_of_a_setting_that_it_lacks():
    x, y = digits(60)
    net = quick_cnn(epochs=1).fit(x, y)
    meta, arrays = net.to_arrays()
    for name in ("label_smoothing", "freeze", "history"):
        del meta["settings"][name]
    back = NetClassifier.from_arrays(meta, arrays)
    assert (back.label_smoothing, back.freeze, back.history) == (0.0, (), "light")
    assert np.array_equal(back.predict_proba(x), net.predict_proba(x))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["settings"].update(wavelet="haar"), "written by a newer heldout: unknown setting 'wavelet'"),
        (lambda m: m.update(calibration={}), "written by a newer heldout: unknown key 'calibration'"),
        (lambda m: m.update(schema=99), "written by a newer heldout: schema 99"),
    ],
)
def test_a_bundle_of_a_newer_version_says_so_and_how_to_read_it(change, message):
    x, y = digits(60)
    meta, arrays = quick_cnn(epochs=1).fit(x, y).to_arrays()
    change(meta)
    with pytest.raises(ArtifactError, match=message) as caught:
        NetClassifier.from_arrays(meta, arrays)
    assert caught.value.fix == "pip install --upgrade heldout"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: m["settings"].pop("net"),
        lambda m: m.pop("machine"),
        lambda m: m.update(schema=True),
        lambda m: m.update(schema=0),
        lambda m: m.update(schema="1"),
        lambda m: m["settings"].update(freeze="output"),
        lambda m: m["settings"].update(nesterov=1),
    ],
)
def test_what_is_missing_or_of_another_type_is_damage_and_no_version(spoil):
    x, y = digits(60)
    meta, arrays = quick_cnn(epochs=1).fit(x, y).to_arrays()
    spoil(meta)
    with pytest.raises(ArtifactError, match="the file is damaged or was not written by heldout") as caught:
        NetClassifier.from_arrays(meta, arrays)
    assert "newer" not in caught.value.what
