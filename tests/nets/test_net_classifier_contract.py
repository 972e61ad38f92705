"""What scikit-learn, a user and a hostile file expect of NetClassifier."""

import inspect
import pickle  # only to see that scikit-learn's own tools (clone, joblib) can move a net between processes

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from heldout.errors import DataError, LabelError, SettingError, ShapeError
from heldout.nets.classifier import NetClassifier
from heldout.nets.fit.feed import Feed, check_rows, mean_and_std
from heldout.nets.net import Net
from heldout.nets.settings import Settings, parameters
from heldout.settings import settings_of

NET = "conv 4 3, relu, maxpool 2, flatten, dense 6, relu"


def images(n=90, seed=0):
    random = np.random.default_rng(seed)
    x = random.integers(0, 200, (n, 8, 8, 2)).astype(np.uint8)
    y = random.integers(0, 3, n)
    x[y == 1, 2:6] += 50
    x[y == 2, :, 2:6] //= 2
    return x, y


def net(**changes):
    return NetClassifier(**{"net": NET, "epochs": 4, "batch": 16, "lr": 0.01, "threads": 1, **changes})


@pytest.mark.slow
def test_scikit_learns_checks_pass():
    # Weights and repeated rows make other batches, so they cannot be equivalent; scikit-learn's own MLP fails it too.
    expected = {"check_sample_weight_equivalence_on_dense_data": "batches differ"}
    estimator = NetClassifier("dense 20, relu", epochs=30, batch=16, lr=0.01, threads=1)
    results = check_estimator(estimator, expected_failed_checks=expected, on_skip=None)
    assert sum(r["status"] == "passed" for r in results) > 40


def test_a_grid_search_in_a_pipeline_finds_the_better_rate():
    x, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), NetClassifier("dense 8, relu", epochs=15, batch=16))
    search = GridSearchCV(pipeline, {"netclassifier__lr": [1e-6, 0.02]}, cv=3).fit(x, y)
    assert search.best_params_ == {"netclassifier__lr": 0.02}


def test_a_clone_trains_to_the_same_bits_and_a_moved_net_predicts_them():
    x, y = images()
    first = net().fit(x, y)
    assert np.array_equal(clone(first).fit(x, y).predict_proba(x), first.predict_proba(x))
    moved = pickle.loads(pickle.dumps(first))
    assert np.array_equal(moved.predict_proba(x), first.predict_proba(x))


def test_bytes_are_divided_by_255_and_samples_of_sound_by_32768():
    x, y = images()
    one = net().fit(x, y).predict_proba(x)
    two = net().fit((x / 255).astype(np.float32), y).predict_proba((x / 255).astype(np.float32))
    np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-5)
    feed = Feed(np.array([[-32768, 16384]], np.int16), None, None, *_cpu())
    assert feed.gather(_torch([0])).tolist() == [[-1.0, 0.5]]


def _cpu():
    import torch

    return torch.device("cpu"), torch.float32


def _torch(values):
    import torch

    return torch.tensor(values)


def test_standardising_uses_the_training_rows_of_each_channel():
    x, _ = images()
    feed = Feed(x, None, None, *_cpu())
    mean, std = mean_and_std(feed, np.arange(10, 50))
    part = x[10:50].astype(float) / 255
    np.testing.assert_allclose(mean, part.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(std, part.std((0, 1, 2)), rtol=1e-6)


def test_a_constant_feature_is_left_alone_by_standardising():
    x = np.ones((30, 2))
    x[:, 1] = np.arange(30)
    y = (x[:, 1] > 14).astype(int)
    found = NetClassifier("", standardize=True, epochs=50, batch=8, lr=0.1).fit(x, y)
    assert found.score(x, y) > 0.9
    assert found.replicates_[0]["input.std"][0] == 1


def test_signals_are_trained():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 200)
    x = random.standard_normal((200, 40, 1)).astype(np.float32)
    x[y == 1] += 2 * np.sin(np.arange(40))[None, :, None]
    found = NetClassifier("conv 8 7, relu, globalpool max", epochs=25, batch=16, lr=0.01).fit(x[:150], y[:150])
    assert found.score(x[150:], y[150:]) > 0.8


def test_class_weights_move_the_decision():
    random = np.random.default_rng(0)
    y = (random.random(300) < 0.1).astype(int)
    x = random.standard_normal((300, 2)) + y[:, None]
    plain = NetClassifier("", epochs=30, batch=32, lr=0.05).fit(x, y)
    balanced = NetClassifier("", epochs=30, batch=32, lr=0.05, class_weight="balanced").fit(x, y)
    by_rows = NetClassifier("", epochs=30, batch=32, lr=0.05).fit(x, y, sample_weight=np.where(y == 1, 9.0, 1.0))
    given = NetClassifier("", epochs=30, batch=32, lr=0.05, class_weight={0: 1, 1: 9}).fit(x, y)
    assert balanced.predict(x).sum() > 2 * plain.predict(x).sum()
    np.testing.assert_allclose(given.predict_proba(x), by_rows.predict_proba(x), rtol=1e-6)


def test_early_stopping_keeps_the_best_weights():
    x, y = images()
    y = np.random.default_rng(5).permutation(y)  # nothing to learn: the validation loss rises soon
    found = net(epochs=60, lr=0.05, validation=0.3, early_stopping=3).fit(x, y)
    losses = [row["validation_loss"] for row in found.history_]
    assert len(losses) == int(np.argmin(losses)) + 1 + 3 < 60
    again = net(epochs=int(np.argmin(losses)) + 1, lr=0.05, validation=0.3).fit(x, y)
    assert np.array_equal(found.predict_proba(x), again.predict_proba(x))


def test_full_history_measures_the_training_rows_in_inference_mode():
    x, y = images()
    found = net(history="full", validation=(x[:20], y[:20])).fit(x, y)
    last = found.history_[-1]
    p = found.predict_proba(x)
    assert last["train_error"] == pytest.approx(np.mean(p.argmax(1) != y))
    assert last["train_loss"] == pytest.approx(-np.log(p[np.arange(90), y]).mean(), rel=1e-5)
    assert last["validation_error"] == pytest.approx(np.mean(p[:20].argmax(1) != y[:20]))


def test_validation_rows_are_not_trained_on_and_follow_the_groups():
    x, y = images()
    groups = np.arange(90) // 3
    one = net(validation=0.3, history="light").fit(x, y, groups=groups)
    from heldout.nets.fit.parts import hold_out

    training, validation = hold_out(np.arange(90), y, 0.3, 0, groups)
    assert not set(groups[training]) & set(groups[validation])
    assert len(validation) == pytest.approx(27, abs=3)
    changed = x.copy()
    changed[validation] = 0
    two = net(validation=0.3).fit(changed, y, groups=groups)
    assert all(np.array_equal(a, two.replicates_[0][n]) for n, a in one.replicates_[0].items())


def test_a_warm_start_goes_on_from_the_last_weights():
    x, y = images()
    settings = {"optimizer": "sgd", "batch": 90, "schedule": "constant", "seed": 1}
    twice = net(**settings, epochs=3, warm_start=True).fit(x, y).fit(x, y)
    once = net(**settings, epochs=6).fit(x, y)
    np.testing.assert_allclose(twice.predict_proba(x), once.predict_proba(x), rtol=1e-4, atol=1e-6)


def test_fine_tuning_gets_a_new_head_and_keeps_frozen_layers_bit_for_bit():
    x, y = images()
    first = net(warm_start=True, freeze=("conv 1",)).fit(x, y)
    before = first.replicates_[0]
    first.fit(x, np.minimum(y, 1))
    after = first.replicates_[0]
    assert after["output.kernel"].shape == (2, 6)
    assert np.array_equal(before["conv 1.kernel"], after["conv 1.kernel"])
    assert not np.array_equal(before["dense 1.kernel"], after["dense 1.kernel"])


def test_frozen_layers_are_counted_as_not_trained():
    spec = "conv 4 3 frozen, relu, flatten"
    assert Net(spec).count((8, 8, 2), 3) - Net(spec).count_trained((8, 8, 2), 3) == 4 * 18 + 4


@pytest.mark.parametrize("precision", ["mixed", "float64"])
def test_other_precisions_learn_the_same_task(precision):
    x, y = images(200)
    found = net(epochs=12, precision=precision).fit(x[:150], y[:150])
    assert found.score(x[150:], y[150:]) > 0.8
    kind = np.float64 if precision == "float64" else np.float32
    assert found.replicates_[0]["conv 1.kernel"].dtype == kind


def test_replicates_differ_and_their_number_does_not_change_the_first():
    x, y = images()
    three, one = net(replicates=3).fit(x, y), net().fit(x, y)
    each = three.replicate_probabilities(x)
    np.testing.assert_allclose(each[0], one.predict_proba(x), rtol=1e-4, atol=1e-6)
    assert not np.allclose(each[0], each[1])
    assert {row["replicate"] for row in three.history_} == {0, 1, 2}


def test_a_batch_larger_than_the_data_is_all_of_it():
    x, y = images()
    np.testing.assert_allclose(
        net(batch=1000).fit(x, y).predict_proba(x), net(batch=90).fit(x, y).predict_proba(x), rtol=1e-6
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_named_by_row(bad):
    x = np.zeros((50, 8, 8, 2), np.float32)
    x[31, 2, 3, 1] = bad
    with pytest.raises(DataError, match=r"x, row 31, position \(2, 3, 1\): Input X contains (NaN|infinity)"):
        net().fit(x, np.arange(50) % 3)
    with pytest.raises(DataError, match="row 3"):
        check_rows(np.array([[0.0], [1], [2], [bad]]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": -1.0}, r"lr is -1.0; it must be above 0 and at most 1e\+06"),
        ({"lr": float("nan")}, "lr is nan, not a finite number"),
        ({"momentum": 1.0}, "momentum is 1.0; it must be at least 0 and below 1"),
        ({"batch": 2.5}, "batch is 2.5, not a whole number"),
        ({"epochs": True}, "epochs is True, not a whole number"),
        ({"replicates": 0}, "replicates is 0; it must be at least 1"),
        ({"seed": -1}, "seed is -1"),
        ({"threads": 0}, "threads is 0"),
        ({"schedule": "cosin"}, "schedule='cosin'"),
        ({"loss": "hinge"}, "loss is 'hinge'; it must be one of cross-entropy"),
        ({"initializer": "gloro"}, "did you mean 'glorot'"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"validation": 1.5}, "validation=1.5"),
        ({"validation": "a"}, "validation=str"),
        ({"early_stopping": 3}, "early_stopping needs validation rows"),
        ({"freeze": ("9",)}, "the net has no layer '9'"),
        ({"freeze": "conv 2"}, "the net has no layer 'conv 2'; did you mean 'conv 1'"),
        ({"freeze": ("conv 1", "dense 1", "output")}, "every layer is frozen"),
        ({"freeze": ("body", "output")}, "every layer is frozen"),
        ({"class_weight": {7: 1.0}}, "class_weight names 7"),
        ({"class_weight": "even"}, "class_weight='even'"),
        ({"net": "conv 4 30, flatten"}, "window of 30 is larger"),
        ({"net": 5}, "the net is a line of text, not 5"),
        ({"clip": 0}, "clip is 0; it must be above 0"),
    ],
)
def test_an_impossible_setting_is_named(changes, message):
    x, y = images()
    with pytest.raises(SettingError, match=message):
        net(**changes).fit(x, y)


def test_everything_impossible_is_named_at_once():
    x, y = images()
    with pytest.raises(SettingError, match=r"optimizer is 'adams'.*did you mean 'adam'.*batch is 0.*replicates is 0"):
        net(optimizer="adams", batch=0, replicates=0).fit(x, y)


def test_a_parameter_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(TypeError, match="NetClassifier has no parameter 'replicate'; did you mean 'replicates'"):
        NetClassifier(replicate=3)


def test_the_constructor_its_docs_and_what_is_kept_follow_from_one_declaration():
    names = [one.name for one in parameters()]
    assert sorted(NetClassifier().get_params()) == sorted(names)
    assert list(inspect.signature(NetClassifier).parameters) == names
    for one in parameters():
        assert f"    {one.name} : " in NetClassifier.__doc__
        assert getattr(NetClassifier(), one.name) == one.default
        assert one.help.endswith(".")
        assert len(one.help) < 200
    x, y = images()
    meta, _ = net().fit(x, y).to_arrays()
    assert list(meta["settings"]) == [one.name for one in settings_of(Settings)]


def test_rows_of_another_shape_or_type_are_refused_at_prediction():
    x, y = images()
    found = net().fit(x, y)
    with pytest.raises(ShapeError, match=r"rows of shape \(7, 8, 2\), but the net was trained on \(8, 8, 2\)"):
        found.predict(x[:, :7])
    with pytest.raises(DataError, match="rows are float32, but the net was trained on uint8"):
        found.predict(x.astype(np.float32))


def test_validation_rows_must_be_of_the_same_kind_and_classes():
    x, y = images()
    with pytest.raises(ShapeError, match="validation rows are uint8"):
        net(validation=(x[:, :7], y)).fit(x, y)
    with pytest.raises(LabelError, match=r"validation labels \[9\] do not occur"):
        net(validation=(x[:5], np.full(5, 9))).fit(x, y)


def test_weights_that_are_no_weights_are_refused():
    x, y = images()
    with pytest.raises(ShapeError, match="sample_weight has shape"):
        net().fit(x, y, sample_weight=np.ones(5))
    with pytest.raises(SettingError, match="negative"):
        net().fit(x, y, sample_weight=-np.ones(90))


def test_the_same_rows_give_the_same_probabilities_bit_for_bit_again():
    x, y = images()
    found = net().fit(x, y)
    assert np.array_equal(found.predict_proba(x), found.predict_proba(x))


def test_no_global_generator_is_touched():
    import torch

    x, y = images()
    np.random.seed(0)  # noqa: NPY002 - to see that it stays
    torch.manual_seed(0)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    NetClassifier("dropout 0.5, flatten", epochs=1).fit(x, y)
    assert np.array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert torch.equal(before[1], torch.get_rng_state())
