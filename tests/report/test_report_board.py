"""Thresholds and shares of positives: tables of the page against the package's own rates, and coverage."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import sample

from heldout.evaluate.decisions import at_prevalence
from heldout.evaluate.intervals import accuracy_interval, wilson_interval
from heldout.evaluate.metrics import metrics
from heldout.evaluate.rules import Rule
from heldout.evaluate.scoring import score
from heldout.report.board import (
    RATES,
    Counts,
    best_threshold,
    board,
    counts_of,
    rates_at,
    shares_for,
    thresholds_for,
    used_threshold,
)
from heldout.report.deciding import decision_words
from heldout.report.page import render_report


def two(n: int = 211, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of two classes, rounded so that scores tie."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.37).astype(int)
    p = (1 / (1 + np.exp(-(rng.normal(size=n) + 2.4 * y - 1.2)))).round(2)
    return y, np.column_stack([1 - p, p])


def test_the_boards_rates_are_those_of_the_metrics_at_every_threshold() -> None:
    y, p = two()
    thresholds = thresholds_for(p[:, 1], 0.37)
    counts = counts_of(score(y, p, ("a", "b")), 1, thresholds)
    for place in range(0, len(thresholds), 7):
        known = metrics(y, p, predictions=(p[:, 1] >= thresholds[place]).astype(int))
        found = board(counts, place)
        assert found["cells"] == {key: known[key] for key in ("tp", "fn", "fp", "tn")}
        for key, _ in RATES:
            if known[key] is None:
                assert found["rates"][key][0] is None
            else:
                assert found["rates"][key][0] == pytest.approx(known[key], abs=1e-9)


def test_the_table_of_the_threshold_in_use_is_the_confusion_matrix_even_at_exactly_a_half() -> None:
    y, p = np.array([0, 1, 1, 0, 1]), np.array([[0.5, 0.5], [0.5, 0.5], [0.2, 0.8], [0.9, 0.1], [0.6, 0.4]])
    scored = score(y, p, ("a", "b"))
    at, positive = used_threshold(None)
    found = board(counts_of(scored, positive, np.array([at])), 0)["cells"]
    assert found == {key: scored.metrics[key] for key in ("tp", "fn", "fp", "tn")}


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_predictive_values_elsewhere_are_those_of_bayes(tpr: float, tnr: float, share: float) -> None:
    ppv, npv = at_prevalence(tpr, tnr, share)
    found = rates_at(tpr, tnr, share)
    assert found["ppv"] == pytest.approx(float(ppv), abs=1e-9)
    assert found["npv"] == pytest.approx(float(npv), abs=1e-9)


@given(
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(1, 30),
    st.integers(1, 30),
    st.one_of(st.none(), st.floats(0.01, 0.99)),
)
def test_every_interval_holds_its_value_and_stays_in_range(
    tp: int, fp: int, fn: int, tn: int, share: float | None
) -> None:
    counts = Counts(np.array([tp]), np.array([fp]), tp + fn, fp + tn, independence=0.8)
    for key, (value, low, high) in board(counts, 0, share)["rates"].items():
        if value is not None:
            assert (-1 if key == "mcc" else 0) <= low <= value + 1e-9
            assert value - 1e-9 <= high <= 1


def test_wilsons_interval_of_whole_rows_is_the_known_one() -> None:
    for part, whole in ((0, 5), (3, 7), (30, 30)):
        assert wilson_interval(part / whole, whole) == pytest.approx(accuracy_interval(part, whole))


@pytest.mark.parametrize("key", ["ppv", "npv", "accuracy", "mcc"])
def test_intervals_at_another_share_cover_the_truth_about_as_often_as_they_say(key: str) -> None:
    rng = np.random.default_rng(5)
    tpr, tnr, share, n = 0.9, 0.93, 0.05, 500
    truth = rates_at(tpr, tnr, share)[key]
    tp, tn = rng.binomial(60, tpr, n), rng.binomial(90, tnr, n)
    inside = 0
    for hits, quiet in zip(tp, tn, strict=True):
        counts = Counts(np.array([hits]), np.array([90 - quiet]), 60, 90)
        _, low, high = board(counts, 0, share)["rates"][key]
        inside += low <= truth <= high
    assert 0.93 <= inside / n <= 0.99


def test_the_threshold_of_costs_is_where_expected_costs_are_equal() -> None:
    rule = Rule("costs", "cost:fp=1,fn=4", costs=((0.0, 1.0), (4.0, 0.0)))
    at, positive = used_threshold(rule)
    p = np.linspace(0, 1, 101)
    assert positive == 1
    assert np.array_equal(p >= at, rule.decide(np.column_stack([1 - p, p])) == 1)
    assert used_threshold(Rule("costs", "", costs=((0.0, -1.0), (1.0, 0.0)))) is None
    assert used_threshold(Rule("costs", "", costs=((0.0,) * 3,) * 3)) is None
    assert used_threshold(Rule("threshold", "mcc", 0.3, 0)) == (0.3, 0)


def test_the_best_threshold_has_the_highest_mcc_of_all() -> None:
    y, p = two()
    at = best_threshold(score(y, p, ("a", "b")), 1)
    every = [metrics(y, p, predictions=(p[:, 1] >= t).astype(int))["mcc"] for t in np.unique(p[:, 1])]
    assert metrics(y, p, predictions=(p[:, 1] >= at).astype(int))["mcc"] == max(every)


def test_sliders_know_the_threshold_in_use_and_the_share_of_the_rows() -> None:
    thresholds = thresholds_for(two()[1][:, 1], 0.123456789)
    assert 0.123456789 in thresholds
    assert len(thresholds) <= 240
    shares, own = shares_for(78 / 211)
    assert shares[own] == 78 / 211
    assert (np.diff(shares) > 0).all()


def test_rows_that_err_in_groups_get_wider_intervals() -> None:
    y, p = two(200)
    y, p, groups = np.repeat(y, 5), np.repeat(p, 5, axis=0), np.repeat(np.arange(200), 5)
    grouped, alone = score(y, p, ("a", "b"), groups=groups), score(y, p, ("a", "b"))
    assert 0.1 < grouped.independence < 0.4
    assert alone.independence == 1
    width = [np.ptp(one.intervals["tpr"]) for one in (grouped, alone)]
    assert width[0] > 1.5 * width[1]


def test_two_classes_get_both_boards_and_more_classes_none() -> None:
    y, p = two()
    content = sample(("no", "yes"), cross_validated=score(y, p, ("no", "yes")), test=score(*two(97, 3), ("no", "yes")))
    found = decision_words(content)
    assert [one["n"] for one in found["boards"]] == [211, 97]
    assert found["boards"][0]["title"] == "Out-of-fold rows: choose here"
    assert sum(row["mark"] != "" for row in found["table"]) in (1, 2)
    assert decision_words(sample()) == {}
    one_kind = score(np.zeros(5, int), np.tile([0.9, 0.1], (5, 1)), ("no", "yes"))
    assert decision_words(sample(("no", "yes"), cross_validated=one_kind, test=None)) == {}


class Data(HTMLParser):
    """The text of the data block, as a browser hands it to the script."""

    text = ""
    inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = dict(attrs).get("id") == "decision-data"

    def handle_data(self, data: str) -> None:
        self.text += data if self.inside else ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = False


def test_the_script_gets_numbers_only() -> None:
    reader = Data()
    reader.feed(render_report(sample(("</script>", "yes"))))
    data = json.loads(reader.text)
    assert set(data) == {"thresholds", "used", "shares", "own", "rows", "sets"}
    assert data["thresholds"] == sorted(data["thresholds"])
    assert len(data["sets"][0]["tp"]) == len(data["thresholds"])
