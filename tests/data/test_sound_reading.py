"""One sound: every format by its content, the rules for rate, length and channels, and files that are no sounds."""

from __future__ import annotations

import os
import struct
import tracemalloc

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")

from heldout.data.sounds import BadSoundError, SoundForm, decode_sound, read_header, read_sound  # noqa: E402
from heldout.errors import DataError  # noqa: E402

RATE = 8000


def tone(seconds=0.5, hertz=440.0, rate=RATE, level=0.5):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def decoded(path, rate=RATE, seconds=0.5):
    return decode_sound(path, SoundForm(rate, round(seconds * rate)))


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.wav", {"subtype": "PCM_16"}, 0),
        ("a.wav", {"subtype": "PCM_U8"}, 256),
        ("a.wav", {"subtype": "PCM_24"}, 1),
        ("a.wav", {"subtype": "PCM_32"}, 1),
        ("a.wav", {"subtype": "FLOAT"}, 1),
        ("a.wav", {"subtype": "DOUBLE"}, 1),
        ("a.flac", {"subtype": "PCM_16"}, 0),
        ("a.aiff", {"subtype": "PCM_16"}, 0),
        ("a.au", {"subtype": "PCM_16"}, 0),
        ("a.ogg", {"subtype": "VORBIS"}, 1500),
        ("a.mp3", {}, 1500),
    ],
)
def test_every_format_comes_out_as_the_samples_that_went_in(tmp_path, name, options, tolerance):
    samples = np.rint(tone() * 32767).astype(np.int16)
    soundfile.write(tmp_path / name, samples / 32768, RATE, **options)
    found, _ = decoded(tmp_path / name)
    assert found.dtype == np.int16
    apart = np.abs(found[:3500].astype(int) - samples[:3500])
    assert apart.max() <= tolerance if tolerance < 1000 else np.sqrt(np.mean(apart**2.0)) < tolerance


def test_the_content_counts_and_not_the_ending(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(), RATE)
    (tmp_path / "a.wav").rename(tmp_path / "a.mp3")
    assert np.abs(decoded(tmp_path / "a.mp3")[0]).max() > 16000


@pytest.mark.parametrize(("rate", "hertz"), [(16000, 440), (44100, 440), (4000, 440), (192000, 440)])
def test_another_rate_is_resampled_to_the_same_tone(tmp_path, rate, hertz):
    pytest.importorskip("soxr")
    soundfile.write(tmp_path / "a.wav", tone(0.5, hertz, rate), rate, subtype="FLOAT")
    found, _ = decoded(tmp_path / "a.wav")
    middle = slice(500, 3500)
    assert np.abs(found[middle] / 32768 - tone()[middle]).max() < 0.01


def test_what_the_lower_rate_cannot_hold_is_filtered_out_and_not_folded_back(tmp_path):
    pytest.importorskip("soxr")
    soundfile.write(tmp_path / "a.wav", tone(0.5, 7000, 44100), 44100, subtype="FLOAT")
    found, _ = decoded(tmp_path / "a.wav")  # 7 kHz at 8 kHz would come back as 1 kHz
    assert np.abs(found[200:3800]).max() < 40


def test_longer_sounds_keep_their_beginning_and_shorter_ones_end_in_zeros(tmp_path):
    samples = np.arange(1, 4001, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    assert np.array_equal(decoded(tmp_path / "a.wav", seconds=0.25)[0], samples[:2000])
    found, _ = decoded(tmp_path / "a.wav", seconds=1.0)
    assert np.array_equal(found[:4000], samples)
    assert not found[4000:].any()


def test_channels_are_averaged_and_a_dead_one_is_left_out(tmp_path):
    left, right = tone(hertz=300), tone(hertz=700, level=0.25)
    soundfile.write(tmp_path / "both.wav", np.column_stack([left, right]), RATE, subtype="FLOAT")
    found, heard = decoded(tmp_path / "both.wav")
    assert heard.dead_channels == 0
    assert np.abs(found / 32768 - (left + right) / 2).max() < 1e-4
    for offset in (0.0, 0.25):  # silent, or a constant offset
        stereo = np.column_stack([left, np.full_like(left, offset)])
        soundfile.write(tmp_path / "dead.wav", stereo, RATE, subtype="FLOAT")
        found, heard = decoded(tmp_path / "dead.wav")
        assert heard.dead_channels == 1
        assert np.abs(found / 32768 - left).max() < 1e-4


def test_silence_constant_offset_and_overload_are_read_and_told(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(4000), RATE)
    assert decoded(tmp_path / "silent.wav")[1].constant
    soundfile.write(tmp_path / "offset.wav", np.full(4000, 0.25), RATE)
    found, heard = decoded(tmp_path / "offset.wav")
    assert heard.constant
    assert (found == 8192).all()
    soundfile.write(tmp_path / "loud.wav", tone(level=3.0), RATE, subtype="FLOAT")
    found, heard = decoded(tmp_path / "loud.wav")
    assert heard.clipped
    assert found.max() == 32767
    assert found.min() == -32768


def refused(path):
    with pytest.raises(BadSoundError) as caught:
        decoded(path)
    with pytest.raises(DataError, match="WAV, OGG, FLAC"):
        read_sound(path, {"kind": "sounds", "rate": RATE, "length": 4000, "channels": 1})
    return str(caught.value)


def test_files_that_are_no_sounds_are_refused_with_the_reason(tmp_path):
    contents = {
        "empty": (b"", "empty file"),
        "text": (b"just some words, nothing else at all\n" * 20, "text, not a sound"),
        "bytes": (bytes(range(256)) * 40, "not a sound that is read"),
        "picture": (b"\x89PNG\r\n\x1a\n" + bytes(2000), "not a sound that is read"),
        "head": (b"RIFF\x24\x00\x00\x00WAVE", "cut off"),
    }
    for name, (content, reason) in contents.items():
        (tmp_path / f"{name}.wav").write_bytes(content)
        assert reason in refused(tmp_path / f"{name}.wav")


def test_zero_length_one_sample_and_odd_headers_are_refused(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0), RATE)
    assert "no samples" in refused(tmp_path / "none.wav")
    soundfile.write(tmp_path / "one.wav", np.zeros(1), RATE)
    assert "1 sample only" in refused(tmp_path / "one.wav")
    soundfile.write(tmp_path / "many.wav", np.zeros((4000, 192)), RATE)
    assert "192 channels" in refused(tmp_path / "many.wav")
    soundfile.write(tmp_path / "nan.wav", np.full(4000, np.nan), RATE, subtype="FLOAT")
    assert "NaN" in refused(tmp_path / "nan.wav")
    soundfile.write(tmp_path / "rate.wav", tone(), RATE)
    content = bytearray((tmp_path / "rate.wav").read_bytes())
    for rate in (0, 1, 2**31 - 1, 2**32 - 1):
        content[24:28] = struct.pack("<I", rate)
        (tmp_path / "rate.wav").write_bytes(content)
        refused(tmp_path / "rate.wav")


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.ogg", "a.flac"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.97])
def test_a_file_that_was_cut_off_is_refused(tmp_path, name, share):
    soundfile.write(tmp_path / name, tone(2.0) + 0.01 * np.random.default_rng(1).normal(size=16000), RATE)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(BadSoundError, match=r"cut off|damaged"):
        decoded(tmp_path / name, seconds=2.0)


def test_damage_in_the_middle_never_crashes(tmp_path):
    generator = np.random.default_rng(3)
    for name in ("a.ogg", "a.flac", "a.mp3", "a.wav"):
        soundfile.write(tmp_path / name, tone(1.0) + 0.01 * generator.normal(size=8000), RATE)
        content = (tmp_path / name).read_bytes()
        for _ in range(20):
            damaged = bytearray(content)
            for place in generator.integers(0, len(damaged), 8):
                damaged[place] = generator.integers(256)
            (tmp_path / "damaged").write_bytes(damaged)
            try:
                found, _ = decoded(tmp_path / "damaged", seconds=1.0)
            except BadSoundError:
                continue
            assert found.shape == (8000,)


def test_a_sound_whose_header_leaves_its_length_open_is_read(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(), RATE)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", 2**32 - 1)  # as programs that write to a pipe leave it
    (tmp_path / "a.wav").write_bytes(content)
    assert np.abs(decoded(tmp_path / "a.wav")[0]).max() > 16000


def test_three_hours_of_sound_take_no_more_memory_than_seconds(tmp_path):
    n_frames = 3 * 3600 * RATE
    with soundfile.SoundFile(tmp_path / "long.wav", "w", RATE, 1, "PCM_16") as sound:
        sound.write(np.ones(RATE, np.int16))
    with (tmp_path / "long.wav").open("r+b") as stream:  # zeros to the end, without writing them
        stream.seek(40)
        stream.write(struct.pack("<I", 2 * n_frames))
        stream.truncate(44 + 2 * n_frames)
    assert read_header(tmp_path / "long.wav").seconds == pytest.approx(3 * 3600)
    tracemalloc.start()
    found, _ = decoded(tmp_path / "long.wav", seconds=2.0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found[: RATE // 2].all()
    assert most < 8 * 2**20


@pytest.mark.skipif(os.name == "nt", reason="needs pipes")
def test_a_pipe_never_blocks(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises((BadSoundError, OSError), match=r"empty file|cannot"):
        decoded(tmp_path / "pipe.wav")
    with pytest.raises(DataError, match="No such file"):
        read_sound(tmp_path / "nowhere.wav", {"rate": RATE, "length": 10})
