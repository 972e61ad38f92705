"""Words, figures and pictures of the report, each alone."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from report_samples import rivals

from heldout.errors import ShapeError
from heldout.evaluate.abstaining import abstention
from heldout.evaluate.curves import precision_recall, reliability, roc
from heldout.evaluate.scoring import score
from heldout.report import curve_plots, words
from heldout.report.content import History, LeaderboardRow
from heldout.report.leaderboard import DifferenceScale, LeaderboardScale
from heldout.report.matrix import confusion_map
from heldout.report.pictures import picture_data_uri


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.986, "98.6 %"),
        (1.0, "100 %"),
        (0.0, "0 %"),
        (0.99996, "> 99.99 %"),
        (0.9996, "99.96 %"),
        (0.0001, "0.01 %"),
        (1e-9, "< 0.01 %"),
        (None, "–"),
    ],
)
def test_percent_never_rounds_up_to_certainty(value: float | None, shown: str) -> None:
    assert words.percent(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.9871, "0.987"), (1.0, "1.000"), (0.9997, "0.9997"), (1 - 1e-9, "> 0.99999"), (-0.25, "−0.250"), (None, "–")],
)
def test_a_score_never_rounds_up_to_perfect(value: float | None, shown: str) -> None:
    assert words.number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0123, "12 ms"),
        (0.0999, "0.1 s"),
        (1.94, "1.9 s"),
        (9.99, "10 s"),
        (59.7, "1 min 0 s"),
        (83.2, "1 min 23 s"),
        (3661, "1 h 1 min"),
        (None, "–"),
    ],
)
def test_durations_read_naturally(seconds: float | None, shown: str) -> None:
    assert words.duration(seconds) == shown


def test_ordinals() -> None:
    numbers = (1, 2, 5, 6, 11, 12, 21, 22, 113)
    assert [words.ordinal(n) for n in numbers] == [
        "first",
        "second",
        "fifth",
        "6th",
        "11th",
        "12th",
        "21st",
        "22nd",
        "113th",
    ]


@given(st.text(max_size=400))
def test_shortened_text_is_one_printable_line(text: str) -> None:
    short = words.shorten(text, 40)
    assert 1 <= len(short) <= 40
    assert "\n" not in short
    short.encode("utf-8")


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_within_the_range(low: float, width: float) -> None:
    ticks = curve_plots.nice_ticks(low, low + width)
    assert 1 <= len(ticks) <= 6
    slack = 1e-6 * max(1.0, abs(low), width)
    assert all(low - slack <= tick <= low + width + slack for tick in ticks)


def test_ticks_of_a_unit_axis_and_of_no_range() -> None:
    assert curve_plots.nice_ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert curve_plots.nice_ticks(3, 3) == [3]
    assert curve_plots.nice_ticks(0, float("nan")) == [0]


def drawings() -> dict[str, str]:
    rng = np.random.default_rng(0)
    positive, score = rng.integers(0, 2, 3000), rng.random(3000)
    row = LeaderboardRow("a", "A", mcc=0.5, mcc_se=None)
    nan = float("nan")
    return {
        "candidates": LeaderboardScale([row]).row(row),
        "empty leaderboard": LeaderboardScale([]).axis(),
        "confusion": confusion_map([[5, 0], [2, 9]], ["a<b", "c&d"]),
        "confusion with links": confusion_map([[5, 0], [2, 9]], ["a<b", "c&d"], {(0, 0), (1, 0)}),
        "confusion without rows": confusion_map(np.zeros((3, 3), int), ["a", "b", "c"]),
        "roc": curve_plots.roc_plot(roc(positive, score)),
        "roc of a good model": curve_plots.roc_plot(roc(positive, score + positive * 0.95), used=0.97, ends="0.9 to 1"),
        "roc of a perfect model": curve_plots.roc_plot(roc(positive, positive / 1.0), used=0.5),
        "coverage": curve_plots.coverage_plot(abstention(positive, np.column_stack([1 - score, score]))),
        "coverage of one row": curve_plots.coverage_plot(abstention([0], [[0.9, 0.1]])),
        "differences": DifferenceScale(rivals(("a", 0.2))).axis(),
        "difference": DifferenceScale(rivals(("a", 0.2), ("b", 0.98))).row(rivals(("a", 0.2), ("b", 0.98))[0]),
        "pr": curve_plots.precision_recall_plot(precision_recall(positive, score), 0.5),
        "reliability": curve_plots.reliability_plot(reliability(np.column_stack([score, 1 - score]), positive)),
        "history": curve_plots.history_plot(
            History("loss", {"a": ([1.0, nan, 0.1], [0.1, nan, 0.2]), "b": ([2.0], None)})
        ),
        "history of nothing": curve_plots.history_plot(History("loss", {"a": ([nan], None)})),
        "history that explodes": curve_plots.history_plot(History("loss", {"a": ([1.0, float("inf")], [0.1, nan])})),
    }


@pytest.mark.parametrize("name", drawings())
def test_a_drawing_is_well_formed_and_its_coordinates_are_numbers_within_it(name: str) -> None:
    root = ET.fromstring(drawings()[name])
    assert root.attrib["aria-label"]
    width, height = (float(root.attrib[key]) for key in ("width", "height"))
    for element in root.iter():
        for key, most in (("x", width), ("cx", width), ("x1", width), ("y", height), ("cy", height), ("y1", height)):
            if key in element.attrib:
                assert -1 <= float(element.attrib[key]) <= most + 1
        for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", element.attrib.get("d", "")):
            assert -1 <= float(x) <= width + 1
            assert -1 <= float(y) <= height + 1
        assert "nan" not in element.attrib.get("d", "")


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    rng = np.random.default_rng(0)
    drawing = curve_plots.roc_plot(roc(rng.integers(0, 2, 100_000), rng.random(100_000)))
    assert len(drawing) < 10_000


def test_the_ladders_scale_shows_the_best_and_sends_the_rest_off_its_left() -> None:
    rows = [LeaderboardRow("a", "A", mcc=mcc, mcc_se=0.01) for mcc in (0.0, 0.9, 0.95, 0.97)]
    scale = LeaderboardScale(rows)
    assert 0.8 < scale.low < 0.9
    assert scale.high <= 1.0 + 1e-6
    assert "arrow" in scale.row(rows[0])
    assert "arrow" not in scale.row(rows[3])
    assert 0 <= scale.at(0.97) <= scale.width


@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
def test_a_picture_comes_back_pixel_for_pixel(channels: int | None) -> None:
    shape = (7, 11) if channels is None else (7, 11, channels)
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    uri = picture_data_uri(picture)
    back = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))
    assert np.array_equal(back, picture[:, :, 0] if channels == 1 else picture)


@pytest.mark.parametrize(("channels", "kind"), [(3, "jpeg"), (1, "jpeg"), (4, "png")])
def test_a_large_picture_is_reduced_and_keeps_its_proportions(channels: int, kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 1000, channels), dtype=np.uint8)
    uri = picture_data_uri(noise)
    assert uri.startswith(f"data:image/{kind};base64,")
    assert Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).size == (160, 64)
    assert len(uri) < 60_000


def test_the_frame_of_a_good_roc_curve_shows_its_corner_and_that_of_guessing_has_none() -> None:
    found = drawings()
    assert "inset" in found["roc of a good model"]
    assert "inset" in found["roc of a perfect model"]
    assert "0.97 in use" in found["roc of a good model"]
    assert "inset" not in found["roc"]


def test_thresholds_lie_on_the_roc_curve_where_they_cut_it() -> None:
    positive, score = np.array([0, 0, 1, 0, 1, 1]), np.array([0.05, 0.2, 0.35, 0.4, 0.6, 0.9])
    curve = roc(positive, score)
    for threshold in (0.1, 0.3, 0.5, 0.7):
        called = score >= threshold
        expected = (called[positive == 0].mean(), called[positive == 1].mean())
        marks = {mark[2]: mark[:2] for mark in curve_plots._marks(curve, threshold)}
        assert marks[f"{threshold:.2g}"] == pytest.approx(expected)


@pytest.mark.parametrize(
    "picture", [np.zeros((3, 3)), np.zeros((3, 3, 5), np.uint8), np.zeros((0, 3), np.uint8), np.zeros(4, np.uint8)]
)
def test_what_is_no_picture_is_refused(picture: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="a picture has shape"):
        picture_data_uri(picture)


def test_a_test_set_of_one_group_has_no_narrow_interval() -> None:
    y = np.arange(30) % 2
    p = np.where(np.arange(30) % 6 == 0, 1 - y, y) * 0.8 + 0.1
    found = score(y, np.column_stack([1 - p, p]), ["well", "ill"], groups=np.zeros(30))
    for key in ("mcc", "kappa", "informedness", "markedness"):
        assert found.intervals[key] == (-1.0, 1.0), key
    for key in ("accuracy", "auc", "tpr", "tnr", "ppv", "npv", "f1"):
        assert found.intervals[key] == (0.0, 1.0), key
