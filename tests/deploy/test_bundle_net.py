"""Nets in bundles; needs the extra nets."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

pytest.importorskip("torch", reason="needs the extra nets")

from heldout.deploy.bundle import load_bundle, save_bundle
from heldout.errors import ArtifactError, MissingExtraError, SettingError
from heldout.nets.classifier import NetClassifier

X, Y = load_digits(return_X_y=True)
X, Y = X[:300], Y[:300]
IMAGES = (X.reshape(-1, 8, 8, 1) * 15).astype(np.uint8)


def save_to(folder, model):
    save_bundle(folder, model, classes=[str(i) for i in range(10)], input={}, info={})
    return folder


@pytest.mark.parametrize(
    ("text", "x"),
    [("dense 20, relu", X), ("conv 4 3, batchnorm, relu, maxpool 2, dropout 0.2, flatten, dense 16, relu", IMAGES)],
)
def test_a_loaded_net_gives_the_same_bits(text, x, tmp_path):
    model = NetClassifier(text, epochs=2, batch=32, replicates=2, seed=1, threads=1).fit(x, Y)
    bundle = load_bundle(save_to(tmp_path / "model", model))
    assert np.array_equal(model.predict_proba(x), bundle.model.predict_proba(x))
    whole = bundle.probabilities(x)
    certain = bundle.probabilities(x, batch=1)
    for row in (0, 77, 299):
        assert np.array_equal(bundle.probabilities(x[[row]], batch=1)[0], certain[row])
        assert np.array_equal(bundle.probabilities(x[[row]])[0], whole[row])
    np.testing.assert_allclose(certain, whole, rtol=1e-5, atol=1e-7)


def test_a_net_behind_a_scaler_gives_the_same_answers(tmp_path):
    model = make_pipeline(StandardScaler(), NetClassifier("dense 8", epochs=1, batch=32, seed=1, threads=1)).fit(X, Y)
    bundle = load_bundle(save_to(tmp_path / "model", model))
    np.testing.assert_allclose(bundle.probabilities(X), model.predict_proba(X), rtol=1e-5, atol=1e-7)


def test_a_net_that_knows_text_labels_is_refused(tmp_path):
    net = NetClassifier("dense 4", epochs=1, batch=32, seed=1, threads=1).fit(X, Y.astype(str))
    with pytest.raises(SettingError, match="class numbers"):
        save_to(tmp_path / "model", net)


def test_a_net_with_more_classes_than_the_bundle_is_refused(tmp_path):
    net = NetClassifier("dense 4", epochs=1, batch=32, seed=1, threads=1).fit(X, Y)
    with pytest.raises(SettingError, match="class 9"):
        save_bundle(tmp_path / "model", net, classes=["a", "b"], input={}, info={})


def test_without_torch_a_net_is_refused_with_the_extra_to_install(tmp_path, monkeypatch):
    folder = save_to(tmp_path / "model", NetClassifier("dense 4", epochs=1, batch=32, seed=1, threads=1).fit(X, Y))
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "torch" else find(name, *more))
    with pytest.raises(MissingExtraError, match=r"heldout\[nets\]"):
        load_bundle(folder)


def test_a_net_whose_text_and_arrays_disagree_is_refused(tmp_path):
    from test_bundle_refusals import header_of, put

    folder = save_to(tmp_path / "model", NetClassifier("dense 4", epochs=1, batch=32, seed=1, threads=1).fit(X, Y))
    header = header_of(folder)
    header["model"]["params"]["meta"]["settings"]["net"] = "dense 5"
    put(folder, header=header)
    with pytest.raises(ArtifactError, match="expected"):
        load_bundle(folder)


def test_a_loaded_net_gives_the_same_bits_in_another_process(tmp_path):
    net = NetClassifier("dense 8, relu", epochs=1, batch=32, seed=1, threads=1).fit(X, Y)
    folder = save_to(tmp_path / "model", net)
    np.save(tmp_path / "x.npy", X)
    code = (
        "import sys, numpy as np; from heldout.deploy.bundle import load_bundle; "
        "np.save(sys.argv[3], load_bundle(sys.argv[1]).probabilities(np.load(sys.argv[2])))"
    )
    paths = [str(folder), str(tmp_path / "x.npy"), str(tmp_path / "p.npy")]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)
    assert np.array_equal(np.load(tmp_path / "p.npy"), load_bundle(folder).probabilities(X))


def test_another_version_of_torch_is_noted(tmp_path):
    from test_bundle_refusals import header_of, put

    folder = save_to(tmp_path / "model", NetClassifier("dense 4", epochs=1, batch=32, seed=1, threads=1).fit(X, Y))
    assert load_bundle(folder).notes == ()
    header = header_of(folder)
    header["versions"]["torch"] = "1.0.0"
    put(folder, header=header)
    (note,) = load_bundle(folder).notes
    assert "1.0.0" in note
