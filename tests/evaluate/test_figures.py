"""Figures: labelled, told apart without colour, the same bytes twice, and written only as SVG or PNG."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from heldout.errors import MissingExtraError, SettingError
from heldout.evaluate import figures
from heldout.evaluate.abstaining import abstention
from heldout.evaluate.curves import precision_recall, reliability, roc
from heldout.evaluate.decisions import threshold_table
from heldout.evaluate.learning_curve import ScoreCurve


def made() -> dict:
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    p = np.clip(0.4 * y + 0.6 * rng.random(80), 0, 1)
    both, given = np.column_stack([1 - p, p]), roc(y, p)
    other = roc(y, rng.permutation(p))
    grown = ScoreCurve((10, 20), np.array([[1.0, 0.9]] * 2), np.array([[0.5, 0.6], [0.7, 0.8]]), (0.1, None))
    named = ScoreCurve(("linear", "rbf"), grown.training, grown.validation, grown.se)
    return {
        "roc": figures.roc_figure({"net": given, "forest": other}),
        "roc without inset": figures.roc_figure({"net": given}, inset=False),
        "pr": figures.precision_recall_figure({"net": precision_recall(y, p)}, prevalence=0.5),
        "reliability": figures.reliability_figure(reliability(both, y)),
        "threshold": figures.threshold_figure(threshold_table(y, p), chosen=0.4),
        "confusion": figures.confusion_figure([[8, 2], [1, 9]], ["cat", "dog"], percent=False),
        "many classes": figures.confusion_figure(np.eye(80, dtype=int), [f"class {i}" for i in range(80)]),
        "learning": figures.score_curve_figure(grown),
        "validation": figures.score_curve_figure(named, x="kernel"),
        "abstention": figures.abstention_figure(abstention(y, both)),
    }


def test_every_figure_names_its_axes_and_its_lines() -> None:
    for name, figure in made().items():
        axes = figure.axes[0]
        assert all((axes.get_xlabel(), axes.get_ylabel(), axes.get_title())), name
        drawn = [line for line in axes.get_lines() if line.get_label() and not line.get_label().startswith("_")]
        if len(drawn) > 1:
            styles = {(line.get_linestyle(), line.get_marker(), str(line._dash_pattern)) for line in drawn}
            assert len(styles) == len(drawn), f"{name}: lines differ by colour only"
            assert axes.get_legend() is not None, name


def test_the_roc_figure_marks_thresholds_and_enlarges_the_corner() -> None:
    axes = made()["roc"].axes[0]
    zoom = axes.child_axes[0]
    assert zoom.get_xlim() == (0, 0.25)
    assert {text.get_text() for text in zoom.texts} == {f"{t:g}" for t in figures.MARKED}


def test_files_are_the_same_twice_and_hold_no_date(tmp_path) -> None:
    for suffix in ("svg", "png"):
        paths = [figures.save(made()["pr"], tmp_path / f"{i}.{suffix}") for i in range(2)]
        first, second = (path.read_bytes() for path in paths)
        assert first == second
        assert len(first) > 1000
    assert "recall (sensitivity)" in (tmp_path / "0.svg").read_text("utf-8"), "text stays text"


def test_other_endings_and_a_missing_library_are_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(SettingError, match=r"\.pdf"):
        figures.save(made()["pr"], tmp_path / "a.pdf")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="matplotlib"):
        figures.new_figure("x", "y", "t")
