"""Folders of sounds: one rate and length, what is skipped, the cache, and labels.csv."""

from __future__ import annotations

import os

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")

from heldout import load  # noqa: E402
from heldout.data.sound_importing import choose_form  # noqa: E402
from heldout.data.sounds import SoundHeader, read_sound  # noqa: E402
from heldout.errors import DataError, LabelError, SettingError  # noqa: E402

RATE = 8000


def write(path, *, seconds=0.25, hertz=440.0, rate=RATE, channels=1, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.column_stack([samples] * channels), rate, **options)


def folder_of(root, classes=("low", "high"), n=3):
    for number, name in enumerate(classes):
        for i in range(n):
            write(root / name / f"{i}.wav", hertz=300 * (number + 1) + 10 * i)
    return root


def test_a_folder_a_class_becomes_rows_of_one_rate_and_length(tmp_path):
    folder_of(tmp_path)
    for _ in range(2):  # the second time from the cache
        data = load(tmp_path)
        assert (data.kind, data.classes, len(data)) == ("sounds", ("high", "low"), 6)
        assert (data.x.shape, data.x.dtype) == ((6, 2000, 1), np.int16)
        assert data.ids[0] == "high/0.wav"
        assert data.input == {"kind": "sounds", "rate": RATE, "length": 2000, "channels": 1}
        for row in (0, 5):
            assert np.array_equal(data.x[row], read_sound(tmp_path / data.ids[row], data.input))


def test_mixed_formats_rates_lengths_and_channels_are_brought_together_and_told(tmp_path):
    pytest.importorskip("soxr")
    folder_of(tmp_path)
    write(tmp_path / "low" / "other.flac", rate=16000, subtype="PCM_24")
    write(tmp_path / "low" / "long.ogg", seconds=0.5)
    write(tmp_path / "high" / "short.aiff", seconds=0.1, channels=2)
    write(tmp_path / "high" / "silent.wav", hertz=0)
    data = load(tmp_path)
    assert data.x.shape == (10, 2000, 1)
    notes = " ".join(data.notes)
    for words in ("16,000 Hz 1", "resampled to 8,000 Hz", "low/long.ogg", "high/short.aiff", "silent or constant"):
        assert words in notes
    assert "averaged (first: high/short.aiff)" in notes


def test_rate_and_length_can_be_asked_for(tmp_path):
    pytest.importorskip("soxr")
    data = load(folder_of(tmp_path), sample_rate=4000, clip_seconds=0.5)
    assert data.x.shape == (6, 2000, 1)
    assert data.input["rate"] == 4000
    assert not data.x[:, 1010:].any()
    for options in ({"sample_rate": 5}, {"clip_seconds": 0.0}, {"clip_seconds": 1e9}, {"image_size": 32}):
        with pytest.raises(SettingError, match=r"sample_rate|clip_seconds|image_size"):
            load(tmp_path, **options)


def header(rate=RATE, n=2000):
    return SoundHeader(rate, n, 1)


def test_the_form_is_the_most_common_or_covers_95_percent():
    assert choose_form([header()] * 3 + [header(n=9000)] * 2, None, None).length == 2000
    lengths = [header(n=n) for n in range(1000, 1100)]
    assert choose_form(lengths, None, None).length == 1095
    assert choose_form([header(n=10**9)], None, None).seconds == 30
    assert choose_form([header(44100)] * 2 + [header()], None, None).rate == 44100
    assert choose_form([header(44100), header()], None, None).rate == RATE
    assert choose_form([header(192_000)], None, None).rate == 48_000
    assert choose_form([header(44100, 44100), header(44100, 44100), header(RATE, 8000)], None, None).length == 44100


def test_bad_files_are_skipped_with_a_reason_or_end_it_when_strict(tmp_path):
    folder_of(tmp_path)
    (tmp_path / "low" / "empty.wav").touch()
    (tmp_path / "low" / "text.ogg").write_text("words, words, words " * 50)
    (tmp_path / "low" / "notes.txt").write_text("not a sound")
    (tmp_path / "high" / "phone.m4a").write_bytes(b"\0" * 100)
    write(tmp_path / "high" / "cut.flac", seconds=1.0)
    content = (tmp_path / "high" / "cut.flac").read_bytes()
    (tmp_path / "high" / "cut.flac").write_bytes(content[: len(content) // 2])
    for _ in range(2):
        data = load(tmp_path)
        assert len(data) == 6
        reasons = {skipped.id: skipped.reason for skipped in data.skipped}
        assert set(reasons) == {"low/empty.wav", "low/text.ogg", "high/phone.m4a", "high/cut.flac"}
        assert "ffmpeg" in reasons["high/phone.m4a"]
        assert any(".txt 1" in note for note in data.notes)
        for row, name in enumerate(data.ids):
            assert np.array_equal(data.x[row], read_sound(tmp_path / name, data.input))
    with pytest.raises(DataError, match=r"phone.m4a"):
        load(tmp_path, strict=True)


def test_a_file_that_changes_is_read_anew_and_one_that_is_only_touched_is_not(tmp_path, monkeypatch):
    folder_of(tmp_path)
    before = np.array(load(tmp_path).x)
    write(tmp_path / "low" / "1.wav", hertz=1234)
    os.utime(tmp_path / "high" / "0.wav")
    after = load(tmp_path)
    changed = [not np.array_equal(a, b) for a, b in zip(before, after.x, strict=True)]
    assert [after.ids[i] for i in np.flatnonzero(changed)] == ["low/1.wav"]
    os.utime(tmp_path / "high" / "0.wav", (1, 1))
    monkeypatch.setattr("heldout.data.sound_importing.decode_with_header", None)
    assert len(load(tmp_path)) == 6


def test_a_damaged_cache_is_made_anew(tmp_path):
    from heldout.data.cache import cache_folder

    folder_of(tmp_path / "data")
    x = np.array(load(tmp_path / "data").x)
    for damage in (b"{", b'{"schema": 1, "names": 3}', b"[]"):
        for manifest in cache_folder("imports").rglob("manifest.json"):
            manifest.write_bytes(damage)
        assert np.array_equal(load(tmp_path / "data").x, x)
    for array in cache_folder("imports").rglob("sounds.npy"):
        array.write_bytes(b"short")
    assert np.array_equal(load(tmp_path / "data").x, x)


def test_labels_csv_gives_groups_and_folds(tmp_path):
    for i in range(6):
        write(tmp_path / "all" / f"{i}.wav", hertz=200 + 50 * i)
    lines = [f"all/{i}.wav,{'ab'[i % 2]},s{i // 2},{10 - i // 2}" for i in range(6)]
    (tmp_path / "labels.csv").write_text("file,label,group,fold\n" + "\n".join(lines) + "\nall/gone.wav,a,s9,1\n")
    data = load(tmp_path)
    assert data.classes == ("a", "b")
    assert data.groups.tolist() == [0, 0, 1, 1, 2, 2]
    assert data.group_names == ("s0", "s1", "s2")
    assert data.folds.tolist() == [2, 2, 1, 1, 0, 0]  # 8, 9, 10: numbers in their order
    assert [skipped.id for skipped in data.skipped] == ["all/gone.wav"]


def test_folders_that_cannot_be_learned_from_are_refused(tmp_path):
    folder_of(tmp_path / "one", classes=("low",))
    with pytest.raises(LabelError, match="Only one class: 'low'"):
        load(tmp_path / "one")
    for name in "ab":
        (tmp_path / "bad" / name).mkdir(parents=True)
        (tmp_path / "bad" / name / "x.wav").write_text("text")
    with pytest.raises(DataError, match="none of 2 sound files"):
        load(tmp_path / "bad")


def test_train_and_test_folders_are_the_official_split(tmp_path):
    folder_of(tmp_path / "train")
    folder_of(tmp_path / "test", n=1)
    data = load(tmp_path)
    assert data.classes == ("high", "low")
    assert data.official_test.sum() == 2


@pytest.mark.skipif(os.name == "nt", reason="needs links and odd names")
def test_odd_names_links_and_classes_that_differ_in_case(tmp_path):
    folder_of(tmp_path, classes=("Dog", "dog", "b\u00e4r & 'co'"))
    (tmp_path / "Dog" / "loop").symlink_to(tmp_path, target_is_directory=True)
    data = load(tmp_path)
    assert len(data) == 9
    assert "look alike" in " ".join(data.notes)


def test_a_full_disk_is_said_with_the_size_and_a_remedy(tmp_path, monkeypatch):
    folder_of(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("heldout.data.sound_importing._new_array", full)
    with pytest.raises(DataError, match="No space left") as caught:
        load(tmp_path)
    assert "--clip-seconds" in caught.value.fix
