"""Sounds as numbers: against scipy.signal, closed forms and properties."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from heldout.errors import DataError, SettingError, ShapeError
from heldout.prepare.sounds import ResampleSounds, SoundSpectrogram, SoundSummary
from heldout.prepare.spectra import Frames, frequencies, hertz, linear_filters, mel, mel_filters

RATE = 8000
GENERATOR = np.random.default_rng(5)
NOISE = (3000 * GENERATOR.normal(size=(3, RATE, 1))).clip(-32768, 32767).astype(np.int16)


def tone(frequency, level=0.5, length=RATE, rate=RATE):
    samples = np.rint(level * 32768 * np.sin(2 * np.pi * frequency * np.arange(length) / rate))
    return samples.clip(-32768, 32767).astype(np.int16)[None, :, None]


def scipy_power(samples, size, hop):
    """Power by scipy.signal, (n_frames, n_bins), scaled so that a sine of full scale has 1."""
    settings = {"nperseg": size, "noverlap": size - hop, "boundary": None, "padded": False, "scaling": "spectrum"}
    _, _, found = scipy.signal.stft(samples, RATE, window="hann", **settings)
    return (2 * np.abs(found.T)) ** 2


@pytest.mark.parametrize(("size", "hop"), [(256, 128), (1024, 275), (512, 512), (100, 33)])
@pytest.mark.parametrize("scale", ["mel", "linear"])
def test_spectrograms_are_those_of_scipy(size, hop, scale):
    step = SoundSpectrogram(RATE, size, hop, scale, n_bands=20, log=False).fit(NOISE)
    made = {"mel": mel_filters, "linear": linear_filters}[scale](size, RATE, 20, 0, RATE / 2).astype(np.float64)
    found = step.transform(NOISE)
    assert found.shape == (3, *step.shape)
    for row in range(3):
        expected = made @ scipy_power(NOISE[row, :, 0] / 32768, size, hop).T
        np.testing.assert_allclose(found[row, :, :, 0], expected, rtol=2e-4)
    levels = SoundSpectrogram(RATE, size, hop, scale, n_bands=20).fit_transform(NOISE)
    decibels = 10 * np.log10(found)
    assert levels.dtype == np.uint8
    assert np.abs(levels / 255 * 100 - 100 - decibels).max() < 0.21  # a byte is 0.39 dB


def test_a_sine_of_full_scale_is_0_db_in_its_band_and_silence_is_the_floor():
    sine = tone(1000, level=32767 / 32768)
    step = SoundSpectrogram(RATE, 256, 128, "linear", n_bands=129, low=0, high=RATE / 2, log=False)
    power = step.fit_transform(sine)[0, :, :, 0]
    narrow = SoundSpectrogram(RATE, 256, 128, "mel", n_bands=200, log=False).fit_transform(sine)
    assert 10 * np.log10(narrow.max()) == pytest.approx(0, abs=0.01)
    assert abs(power.argmax(axis=0) - 1000 / (RATE / 2) * 129).max() <= 1
    assert not SoundSpectrogram(RATE).fit_transform(np.zeros((1, RATE, 1), np.int16)).any()


@given(n_bands=st.integers(1, 80), size=st.sampled_from([64, 256, 1000]), high=st.floats(500, 4000))
def test_every_band_is_a_mean_over_bins(n_bands, size, high):
    for make in (mel_filters, linear_filters):
        weights = make(size, RATE, n_bands, 0.0, high)
        assert weights.shape == (n_bands, size // 2 + 1)
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)


def test_mel_follows_its_formula_and_back():
    assert mel(700) == pytest.approx(2595 * np.log10(2))
    assert mel(1000) == pytest.approx(1000, abs=0.1)
    np.testing.assert_allclose(hertz(mel(np.arange(0, 20000, 37.0))), np.arange(0, 20000, 37.0), atol=1e-6)
    peaks = frequencies(4096, RATE)[mel_filters(4096, RATE, 10, 0, 4000).argmax(axis=1)]
    assert (np.diff(peaks, 2) > 0).all()  # ever wider apart


def by_name(step, sounds):
    return dict(zip(step.get_feature_names_out(), step.transform(sounds).T, strict=True))


def test_summary_features_of_a_sine_are_known_in_closed_form():
    step = SoundSummary(RATE, 1024, 512).fit(tone(1000))
    found = by_name(step, tone(1000, level=0.5))
    assert found["centroid mean"] == pytest.approx(1.0, abs=0.01)
    assert found["bandwidth mean"] < 0.03
    assert found["rolloff mean"] == pytest.approx(1.0, abs=0.02)
    assert found["zero crossings mean"] == pytest.approx(2 * 1000 / RATE, rel=0.01)
    assert found["level mean"] == pytest.approx(10 * np.log10(0.5**2 / 2), abs=0.01)
    assert found["level deviation"] < 0.02


def test_summary_features_of_noise_are_those_of_plain_numpy():
    step = SoundSummary(RATE, 512, 256, n_bands=12).fit(NOISE)
    found = by_name(step, NOISE)
    for row in range(3):
        samples = NOISE[row, :, 0] / 32768
        power = scipy_power(samples, 512, 256)
        bins = np.arange(257) * RATE / 512 / 1000
        centroid = (power * bins).sum(1) / power.sum(1)
        bandwidth = np.sqrt((power * (bins - centroid[:, None]) ** 2).sum(1) / power.sum(1))
        levels = 10 * np.log10(power @ mel_filters(512, RATE, 12, 0, RATE / 2).astype(float).T)
        frames = np.lib.stride_tricks.sliding_window_view(samples, 512)[::256]
        crossings = ((frames[:, 1:] < 0) != (frames[:, :-1] < 0)).sum(1) / 512
        rolloff = [bins[np.searchsorted(np.cumsum(p), 0.85 * p.sum())] for p in power]
        energy = 10 * np.log10((frames**2).mean(1))
        expected = {"centroid": centroid, "bandwidth": bandwidth, "zero crossings": crossings, "level": energy}
        for name, values in {**expected, "mel 3": levels[:, 3], "rolloff": np.array(rolloff)}.items():
            assert found[f"{name} mean"][row] == pytest.approx(values.mean(), rel=1e-3, abs=1e-3)
            assert found[f"{name} deviation"][row] == pytest.approx(values.std(), rel=5e-3, abs=1e-3)
        assert found["mel 3 change"][row] == pytest.approx(np.abs(np.diff(levels[:, 3])).mean(), rel=1e-3)
        assert found["level highest"][row] == pytest.approx(energy.max(), rel=1e-3)


def test_silence_offsets_and_single_samples_give_finite_numbers():
    for sounds in (np.zeros((1, 3000, 1)), np.full((1, 3000, 1), -7), np.ones((1, 1, 1)), np.full((1, 9, 1), -32768)):
        x = sounds.astype(np.int16)
        assert np.isfinite(SoundSummary(RATE).fit_transform(x)).all()
        assert np.isfinite(SoundSpectrogram(RATE, log=False).fit_transform(x)).all()
        assert ResampleSounds(RATE, 4000).fit_transform(x).dtype == np.int16


@pytest.mark.parametrize(
    "step",
    [SoundSummary(RATE), SoundSpectrogram(RATE), SoundSpectrogram(RATE, log=False), ResampleSounds(RATE, 3000)],
)
def test_a_row_has_the_same_bits_alone_among_others_and_with_more_threads(step):
    step = clone(step).fit(NOISE)
    together = step.transform(NOISE)
    np.testing.assert_array_equal(clone(step).set_params(n_jobs=3).fit(NOISE).transform(NOISE), together)
    for row in (0, 2):
        np.testing.assert_array_equal(step.transform(NOISE[row : row + 1])[0], together[row])


def test_resampling_keeps_what_fits_and_removes_what_would_fold_back():
    pytest.importorskip("soxr")
    step = ResampleSounds(RATE, 2000)
    kept = step.fit_transform(tone(440))[0, :, 0]
    expected = tone(440, length=2000, rate=2000)[0, :, 0]
    assert kept.shape == (2000,)
    assert np.abs(kept[100:-100] - expected[100:-100]).max() < 150
    assert np.abs(step.fit_transform(tone(1700))[0, 100:-100, 0]).max() < 40
    assert ResampleSounds(RATE, 2000, seconds=0.5).fit_transform(tone(440)).shape == (1, 1000, 1)
    assert ResampleSounds(RATE, RATE, seconds=2.0).fit_transform(tone(440)).shape == (1, 16000, 1)


def test_wrong_rows_and_settings_are_refused_with_a_remedy():
    step = SoundSummary(RATE).fit(NOISE)
    for wrong, error in ((NOISE[:, :-1], ShapeError), (NOISE[..., 0], ShapeError), (NOISE / 2.0, DataError)):
        with pytest.raises(error, match=r"^sounds ") as caught:
            step.transform(wrong)
        assert caught.value.fix
    settings = ({"scale": "bark"}, {"hop": 0}, {"n_bands": 1.5}, {"low": 5000.0}, {"floor_db": 3.0})
    for setting in settings:
        with pytest.raises(SettingError, match=f"{next(iter(setting))}="):
            SoundSpectrogram(RATE, **setting).fit(NOISE)


def test_frames_are_counted_without_padding():
    assert [Frames(4, 2).count(length) for length in (1, 4, 5, 6, 7, 8)] == [1, 1, 1, 2, 2, 3]
