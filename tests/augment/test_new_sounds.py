"""New sounds: each operation against what it promises, measured on the result."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.augment import sounds
from heldout.augment.making_sounds import augment_sounds
from heldout.augment.operations import on_disk, parse_operations
from heldout.augment.spectrograms import spec_augment
from heldout.errors import SettingError, ShapeError
from heldout_course.augment.sounds import course_clip, course_variants

RATE = 22_050


def tone(hertz=440.0, seconds=1.0, rate=RATE, level=0.4):
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def clips(n=6, length=4001, seed=0):
    return (np.random.default_rng(seed).normal(size=(n, length, 1)) * 4000).astype(np.int16)


def loudest_hertz(clip, rate=RATE):
    return np.argmax(np.abs(np.fft.rfft(clip * np.hanning(len(clip))))) * rate / len(clip)


def test_sixteen_bits_survive_the_way_to_floats_and_back():
    every = np.arange(-32768, 32768).astype(np.int16)
    assert np.array_equal(sounds.to_int16(sounds.to_float(every)), every)


def test_what_is_too_loud_is_clipped_and_not_wrapped():
    assert sounds.to_int16(np.array([1.5, -1.5, 0.99999], np.float32)).tolist() == [32767, -32768, 32767]


@settings(max_examples=50, deadline=None)
@given(st.integers(-30, 30))
def test_a_moved_clip_has_silence_in_the_gap(samples):
    clip = np.arange(1, 21, dtype=np.float32)
    wanted = [clip[i - samples] if 0 <= i - samples < 20 else 0 for i in range(20)]
    assert sounds.move(clip, samples).tolist() == wanted


@pytest.mark.parametrize("snr", [-6.0, 0.0, 20.0, 40.0])
def test_noise_has_mean_zero_and_the_ratio_asked_for(snr):
    clip = tone() + np.float32(0.2)  # an offset is no signal
    noise = sounds.add_noise(clip, snr, np.random.default_rng(1)) - clip
    assert abs(noise.mean(dtype=np.float64)) < 1e-7
    assert 10 * np.log10(clip.var() / noise.var()) == pytest.approx(snr, abs=0.01)


def test_silence_gets_no_noise():
    silence = np.zeros(100, np.float32)
    assert not sounds.add_noise(silence, 0, np.random.default_rng(0)).any()


@pytest.mark.parametrize("semitones", [-10, -3, 4, 12])
def test_a_pitch_shift_moves_the_frequency_and_keeps_the_length(semitones):
    bent = sounds.bend(tone(), RATE, semitones=semitones)
    assert bent.shape == (RATE,)
    assert loudest_hertz(bent) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.01)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 1.5])
def test_a_stretch_moves_events_in_time_and_keeps_the_pitch(speed):
    clip = np.zeros(RATE, np.float32)
    clip[4000:6000] = tone(1000)[:2000]
    bent = sounds.bend(clip, RATE, speed=speed)
    power = bent.astype(float) ** 2
    middle = (np.arange(RATE) * power).sum() / power.sum()
    assert middle == pytest.approx(5000 / speed, abs=300)
    assert loudest_hertz(bent) == pytest.approx(1000, rel=0.02)


def test_a_hastened_clip_ends_in_silence_and_a_slowed_one_is_the_start_of_the_whole():
    clip = np.random.default_rng(0).normal(size=RATE).astype(np.float32) * 0.1
    fast = sounds.bend(clip, RATE, speed=1.5)
    assert not fast[int(RATE / 1.5) + 1 :].any()
    assert fast[: int(RATE / 1.5) - 2000].std() > 0.05
    slow = sounds.bend(clip, RATE, speed=0.5)
    longer = sounds.bend(np.pad(clip, (0, RATE)), RATE, speed=0.5)[:RATE]
    assert np.abs(slow - longer[:RATE])[:-100].max() < 0.05 * np.abs(slow).max()


def test_bending_repeats_bit_for_bit_and_takes_clips_of_any_length():
    assert np.array_equal(sounds.bend(tone(), RATE, semitones=3), sounds.bend(tone(), RATE, semitones=3))
    for length in (0, 1, 7, 999):
        for rate in (1000, RATE):
            assert sounds.bend(tone()[:length], rate, semitones=-2, speed=0.7).shape == (length,)
    assert np.array_equal(sounds.bend(tone(), RATE), tone())


def test_an_impossible_speed_is_refused():
    with pytest.raises(SettingError, match="speed 0"):
        sounds.bend(tone(), RATE, speed=0.0)


def test_six_decibels_double_the_amplitude():
    np.testing.assert_allclose(sounds.amplify(tone(), 6.0206), 2 * tone(), rtol=1e-4, atol=1e-6)


ALL = "shift 0.05s, mix 0.4, noise 10..30, pitch 3, stretch 0.3, gain 12"


def test_every_operation_is_in_the_line_that_the_next_tests_use():
    assert {step.name for step in parse_operations(ALL, "sounds")} == set(on_disk("sounds"))


def test_new_sounds_say_what_they_were_made_of_and_none_is_a_plain_copy():
    x = clips(30)
    made, source = augment_sounds(x, RATE, "noise 20..40 p 0.1, gain 6 p 0.1", copies=3, seed=1)
    assert made.shape == (90, 4001, 1)
    assert made.dtype == np.int16
    assert np.array_equal(source, np.tile(np.arange(30), 3))
    assert not (made == x[source]).all(axis=(1, 2)).any()


def test_more_copies_leave_the_earlier_ones_as_they_were_and_the_seed_decides():
    x, pool = clips(), np.arange(6) % 2
    made, _ = augment_sounds(x, RATE, ALL, copies=3, seed=1, pool=pool)
    fewer, _ = augment_sounds(x, RATE, ALL, copies=2, seed=1, pool=pool)
    assert np.array_equal(made[:12], fewer)
    assert not np.array_equal(augment_sounds(x, RATE, ALL, copies=2, seed=2, pool=pool)[0], fewer)


@pytest.mark.slow
def test_processes_make_the_same_sounds_as_one():
    x = clips(9)
    one, _ = augment_sounds(x, RATE, ALL, copies=2, pool=np.zeros(9, int))
    two, _ = augment_sounds(x, RATE, ALL, copies=2, pool=np.zeros(9, int), jobs=2)
    assert np.array_equal(one, two)


def test_sounds_of_another_type_are_refused():
    with pytest.raises(ShapeError, match="type float64"):
        augment_sounds(clips() / 2.0, RATE)


def test_the_course_s_variants_done_right_all_differ_from_the_clip_and_keep_its_mean():
    clip = sounds.to_int16(tone(level=0.2, seconds=0.3))
    made = course_variants(clip, RATE, row=3, variants=19, seed=1)
    assert made.shape == (19, len(clip))
    assert not (made == clip).all(axis=1).any()
    assert np.abs(made.mean(axis=1)).max() < 0.02 * 32768
    assert np.array_equal(made, course_variants(clip, RATE, row=3, variants=19, seed=1))


def test_as_printed_one_variant_in_sixteen_is_a_copy_and_noise_lifts_the_mean():
    clip = sounds.to_int16(tone(level=0.2, seconds=0.5))
    made = course_variants(clip, RATE, row=0, variants=200, way="printed")
    copies = (made == clip).all(axis=1).mean()
    assert 0.02 < copies < 0.12
    noisy = [m for m in made if m.mean() > 0.01 * 32768]
    lifted = 0.05 * (int(clip.max()) - int(clip.min()))
    assert 0.15 < len(noisy) / 200 < 0.4  # pitch and stretch take the offset away again, in three of four
    assert np.median([m.mean() for m in noisy]) == pytest.approx(lifted, rel=0.15)


def test_as_printed_loud_clips_wrap_around_and_done_right_they_are_clipped():
    loud = np.full(500, 32000, np.int16)
    loud[::2] = -32000
    seeds = range(40)
    printed = [course_clip(loud, RATE, np.random.default_rng(s), way="printed") for s in seeds]
    right = [course_clip(loud, RATE, np.random.default_rng(s), snr_db=10) for s in seeds]
    # Where noise alone was added, a sample of the upper rail can only turn negative by wrapping.
    wrapped = [(p[1::2] < -20000).any() and (p[::2] < -20000).any() for p in printed]
    assert any(wrapped)
    assert any((r == 32767).any() for r in right)


def test_hidden_stripes_hold_the_mean_and_the_rest_stays():
    x = np.random.default_rng(0).normal(size=(50, 20, 31)).astype(np.float32)
    made = spec_augment(x, bands=5, frames=7, stripes=1, seed=1)
    hidden = made != x
    assert 0 < hidden.mean() < 0.5
    means = np.broadcast_to(x.mean(axis=(1, 2), keepdims=True), x.shape)
    assert np.array_equal(made[hidden], means[hidden])
    for mask in hidden:
        whole_rows, whole_columns = mask.all(axis=1), mask.all(axis=0)
        assert whole_rows.sum() <= 5
        assert whole_columns.sum() <= 7
        assert np.array_equal(mask, whole_rows[:, None] | whole_columns[None])
    channels = spec_augment(x[..., None], bands=5, frames=7, stripes=1, seed=1)
    assert np.array_equal(channels[..., 0], made)


def test_stripes_larger_than_the_spectrogram_are_refused():
    with pytest.raises(SettingError, match="bands=21"):
        spec_augment(np.zeros((1, 20, 31)), bands=21, frames=3)
