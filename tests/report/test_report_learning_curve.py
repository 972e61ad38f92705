"""What the learning curve of a report says follows from its points."""

from __future__ import annotations

import re

import pytest

from heldout.report.content import LearningCurve
from heldout.report.learning_curve import learning_curve_plot, learning_curve_words


def curve(gain: float, se: float | None) -> LearningCurve:
    return LearningCurve(((100, 0.5, 0.02), (200, 0.6, 0.02), (400, 0.6 + gain, 0.02)), gain, se)


@pytest.mark.parametrize(
    ("gain", "se", "said"),
    [
        (0.05, 0.01, "still rising"),
        (0.001, 0.001, "levelled off"),
        (-0.01, 0.002, "levelled off"),
        (0.02, 0.03, "too large to say"),
        (0.05, None, "needs two points"),
    ],
)
def test_more_rows_are_asked_for_only_where_the_gain_is_beyond_its_error(gain, se, said):
    assert said in learning_curve_words(curve(gain, se), "rows")


def test_points_are_drawn_where_they_are_and_named_for_those_who_cannot_see_them():
    drawn = str(learning_curve_plot(curve(0.2, 0.01)))
    heights = [float(y) for y in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', drawn)]
    assert heights == sorted(heights, reverse=True)
    assert len(heights) == 3
    assert "400 rows 0.800" in drawn


def test_why_there_is_no_curve_is_said_on_the_page():
    from report_samples import sample

    from heldout.report.page import render_report

    assert "There is no learning curve: too few rows." in render_report(sample(no_learning_curve="too few rows"))
    assert "There is no learning curve" not in render_report(sample())
