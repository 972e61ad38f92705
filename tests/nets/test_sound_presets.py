"""Nets for sounds fit every rate and length, and learn what can be heard."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.augment.training import parse_augment
from heldout.models.candidate import Task
from heldout.nets import sound_presets
from heldout.nets.net import Net
from heldout.nets.settings import Settings


@settings(max_examples=150, deadline=None)
@given(st.integers(1000, 192_000), st.floats(0.01, 60), st.integers(5, 50_000))
def test_nets_fit_sounds_of_every_rate_and_length(rate, seconds, n_rows):
    length = max(1, round(rate * seconds))
    form = sound_presets.spectrogram_form(rate, length)
    assert 2 * form["hop"] <= form["size"] < 4 * form["hop"] + 2
    n_frames = 1 + max(0, length - form["size"]) // form["hop"]
    shape = (form["n_bands"], n_frames, 1)
    new_rate = sound_presets.signal_rate(rate, length)
    assert new_rate <= rate
    signal = (max(1, round(length / rate * new_rate)), 1)
    for place, found in (
        (shape, sound_presets.spectrogram_cnn(shape, n_rows)),
        (signal, sound_presets.signal_cnn(signal[0], n_rows)),
    ):
        assert Settings(**found)
        assert 0 < Net(found["net"]).count(place, 10) < 1_000_000
        parse_augment(found["augment"], place)


def test_long_sounds_have_about_as_many_frames_as_were_wanted():
    form = sound_presets.spectrogram_form(44_100, 220_500)
    assert (220_500 - form["size"]) // form["hop"] + 1 == pytest.approx(sound_presets.FRAMES, abs=4)
    assert sound_presets.signal_rate(44_100, 220_500) == 8_000


def beeps(n, rate=8000, seed=0):
    """A short beep at any time, low or high, in noise."""
    random = np.random.default_rng(seed)
    y, t = np.arange(n) % 2, np.arange(rate) / rate
    x = 0.02 * random.standard_normal((n, rate))
    for row, label in enumerate(y):
        window = np.exp(-(((t - random.uniform(0.1, 0.9)) / 0.05) ** 2))
        x[row] += 0.3 * window * np.sin(2 * np.pi * random.uniform(300, 500) * (1 + 3 * label) * t)
    return (x * 32767).astype(np.int16)[..., None], y


def task_of_beeps(n):
    return Task("sounds", (8000, 1), n, 2, 0, rate=8000)


@pytest.mark.parametrize("name", ["spectrogram_cnn", "signal_cnn"])
def test_the_nets_hear_beeps_wherever_they_are(name):
    from heldout.select.candidates import candidates_for

    x, y = beeps(40)
    [candidate] = candidates_for("sounds", [name])
    model = candidate.build(task_of_beeps(40))
    model.set_params(model__epochs=12, model__threads=1, model__batch=8)
    test_x, test_y = beeps(60, seed=1)
    assert model.fit(x, y).score(test_x, test_y) > 0.85
