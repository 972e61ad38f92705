"""Which rows a report shows, and how they get onto the page: pictures, rows, sounds, within a budget."""

from __future__ import annotations

import base64
import io
import wave

import numpy as np
import pandas as pd
import pytest

from heldout.data.dataset import Dataset
from heldout.evaluate.confusion import confusion
from heldout.report import sounds
from heldout.report.cells import encode, panels
from heldout.report.samples import find_samples


def images(n: int = 200, k: int = 4, seed: int = 0) -> tuple[Dataset, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    p = rng.dirichlet(np.ones(k), n)
    x = rng.integers(0, 256, (n, 6, 5, 1), dtype=np.uint8)
    names = tuple(f"class {i}" for i in range(k))
    return Dataset("made", "images", x, y, names, np.arange(n).astype(str)), p.argmax(axis=1), p


def tones(n: int = 6, rate: int = 8000) -> Dataset:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(n, rate)) * 3000).astype(np.int16)
    ids = np.array([f"{i}.wav" for i in range(n)])
    return Dataset("made", "sounds", x, np.arange(n) % 2, ("a", "b"), ids, input={"kind": "sounds", "rate": rate})


def test_the_most_confident_mistakes_come_first_with_their_rows() -> None:
    y, p = np.array([0, 1, 0, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.95, 0.05]])
    table = pd.DataFrame({"age": [1.0, 2.0, 3.0, 4.0]})
    data = Dataset("made", "table", table, y, ("no", "yes"), np.array(list("abcd")))
    found = find_samples(data, p.argmax(axis=1), p)
    assert [(m.id, m.truth, m.predicted, m.probability) for m in found.mistakes] == [
        ("d", "yes", "no", 0.95),
        ("b", "yes", "no", 0.8),
        ("c", "no", "yes", 0.7),
    ]
    assert found.mistakes[0].row == {"age": 4.0}
    assert found.mistakes[0].probability_of_truth == pytest.approx(0.05)
    assert {one.id for one in found.behind} == set("abcd")


def test_every_cell_gets_its_most_telling_rows_and_each_a_first_before_any_a_second() -> None:
    data, guess, p = images()
    n_cells = int((confusion(data.y, guess, 4) > 0).sum())
    found = find_samples(data, guess, p, most_of_a_cell=3, most=n_cells)
    cells = [(one.truth, one.predicted) for one in found.behind]
    assert len(set(cells)) == len(cells) == n_cells
    assert all(truth != said for truth, said in cells[: n_cells - 4])  # mistakes before right answers
    for one in found.behind:
        same = [
            p[i, guess[i]]
            for i in range(len(guess))
            if (data.classes[data.y[i]], data.classes[guess[i]]) == (one.truth, one.predicted)
        ]
        assert one.probability == (min(same) if one.truth == one.predicted else max(same))
        assert np.array_equal(one.picture, data.x[int(one.id)])


def test_nothing_is_shown_twice_and_no_cell_gets_more_than_its_share() -> None:
    data, guess, p = images(400)
    found = find_samples(data, guess, p, most_of_a_cell=5)
    assert len({one.id for one in found.behind}) == len(found.behind)
    counts = np.minimum(confusion(data.y, guess, 4), 5)
    assert len(found.behind) == counts.sum()
    assert find_samples(data, data.y, p, n_mistakes=3).mistakes == ()


def test_panels_hold_what_the_budget_allows_and_say_how_many_there_are() -> None:
    data, guess, p = images()
    matrix = confusion(data.y, guess, 4)
    found = find_samples(data, guess, p).behind
    whole, some = panels(found, data.classes, matrix), panels(found, data.classes, matrix, budget=8_000)
    assert sum(len(panel.shown) for panel in whole) == len(found)
    assert {panel.place: panel.rows for panel in whole} == {
        (i, j): matrix[i, j] for i, j in zip(*np.nonzero(matrix), strict=True)
    }
    assert 0 < sum(one.size for panel in some for one in panel.shown) <= 8_000
    assert panels(found, data.classes, np.zeros((4, 4), int)) == []
    assert panels(found, ("other",), np.ones((1, 1), int)) == []


def test_sounds_get_a_player_and_a_spectrum() -> None:
    data = tones()
    one = find_samples(data, 1 - data.y, np.tile([0.5, 0.5], (6, 1))).mistakes[0]
    shown = encode(one)
    assert shown.picture.startswith("data:image/png;base64,")
    assert shown.sound.startswith(("data:audio/mpeg;base64,", "data:audio/wav;base64,"))
    assert len(shown.sound) < 20_000
    assert encode(one) == shown


def test_a_sound_comes_back_from_mp3_as_long_and_as_loud_as_it_was() -> None:
    soundfile = pytest.importorskip("soundfile")
    if "MP3" not in soundfile.available_formats():
        pytest.skip("this soundfile writes no MP3")
    t = np.arange(44_100 * 2) / 44_100
    tone = (8000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)
    uri = sounds.sound_data_uri(tone, 44_100)
    back, rate = soundfile.read(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    assert len(back) / rate == pytest.approx(2, abs=0.15)
    assert np.abs(np.fft.rfft(back)).argmax() * rate / len(back) == pytest.approx(440, abs=2)
    assert back[rate // 2 : rate].std() == pytest.approx(8000 / 32768 / np.sqrt(2), rel=0.05)


def test_without_mp3_a_sound_becomes_a_small_wav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounds, "_mp3", lambda samples, rate: None)
    tone = (2000 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)).astype(np.int16)
    packed = base64.b64decode(sounds.sound_data_uri(tone, 44_100).removeprefix("data:audio/wav;base64,"))
    with wave.open(io.BytesIO(packed)) as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnframes()) == (11_025, 1, 11_025)
        heard = np.frombuffer(sound.readframes(11_025), np.uint8) - 128.0
    assert np.abs(np.fft.rfft(heard)).argmax() == 440


def test_a_spectrum_is_dark_where_the_tone_is_and_white_for_silence() -> None:
    low = (8000 * np.sin(2 * np.pi * 300 * np.arange(16_000) / 16_000)).astype(np.int16)
    high = (8000 * np.sin(2 * np.pi * 5000 * np.arange(16_000) / 16_000)).astype(np.int16)
    rows = [sounds.spectrogram(tone, 16_000).mean(axis=1).argmin() for tone in (low, high)]
    assert rows[0] > rows[1]  # low tones at the bottom
    assert (sounds.spectrogram(np.zeros(8000, np.int16), 8000) == 255).all()
    assert sounds.spectrogram(low[:5], 16_000).shape == (64, 160)
