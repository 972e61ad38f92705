"""Preparation of sounds in a bundle: the same bits back, and nothing out of range let in."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from heldout.deploy.bundle import load_bundle, save_bundle
from heldout.deploy.registry import put_together, take_apart
from heldout.errors import ArtifactError
from heldout.prepare.sounds import ResampleSounds, SoundSpectrogram, SoundSummary

X = np.random.default_rng(1).integers(-3000, 3000, (12, 2000, 1)).astype(np.int16)
Y = np.arange(12) % 2
STEPS = [
    SoundSummary(8000, 256, 128, n_bands=8),
    SoundSpectrogram(8000, 256, 100, "linear", n_bands=9, low=50.0, high=3000.0, floor_db=-80.0),
    SoundSpectrogram(8000),
    ResampleSounds(8000, 8000, seconds=0.1),
]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_comes_back_with_the_same_bits(step):
    step = step.fit(X)
    tree, arrays = take_apart(step)
    again = put_together(tree, arrays, n_classes=2, where="test")
    assert type(again) is type(step)
    np.testing.assert_array_equal(again.transform(X), step.transform(X))


def test_a_model_of_sounds_gives_the_same_bits_alone(tmp_path):
    model = Pipeline([("prepare", SoundSummary(8000)), ("model", KNeighborsClassifier(3))]).fit(X, Y)
    save_bundle(tmp_path / "model", model, classes=["a", "b"], input={}, info={})
    bundle = load_bundle(tmp_path / "model")
    together = bundle.probabilities(X)
    np.testing.assert_array_equal(together, model.predict_proba(X))
    for row in range(3):
        np.testing.assert_array_equal(bundle.probabilities(X[row : row + 1])[0], together[row])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rate", 0),
        ("size", 2**40),
        ("hop", 0),
        ("n_bands", 10**9),
        ("scale", "bark"),
        ("low", 9e9),
        ("high", 10.0),
        ("log", 1),
        ("floor_db", 5.0),
        ("length", -1),
        ("rate", "8000"),
        ("more", 1),
    ],
)
def test_settings_out_of_range_are_refused(key, value):
    tree, arrays = take_apart(STEPS[1].fit(X))
    tree["params"][key] = value
    with pytest.raises(ArtifactError, match=r"must be|unknown: more"):
        put_together(tree, arrays, n_classes=2, where="test")
