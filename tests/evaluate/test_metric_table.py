"""One table of metrics: whatever is computed, drawn, shown or documented is in it, and keeps within its range."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.evaluate.bootstrap import metric_intervals
from heldout.evaluate.metric_table import METRICS, OF_CLASSES, OF_SETS, Interval, shown_metrics
from heldout.evaluate.metrics import metrics
from heldout.evaluate.scoring import score


def predictions(n, k, seed):
    random = np.random.default_rng(seed)
    y = np.concatenate([np.arange(k), random.integers(0, k, n - k)])
    return y, random.dirichlet(np.ones(k) * random.choice([0.2, 1, 5]), n)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 5), st.integers(0, 999))
def test_every_metric_is_computed_and_keeps_within_its_range(k, seed):
    y, p = predictions(30, k, seed)
    found = metrics(y, p, priors=np.ones(k))
    wanted = METRICS if k == 2 else OF_SETS
    assert set(found) - {"n", "confusion", "per_class", "positive"} == set(wanted)
    for name, metric in wanted.items():
        low, high = metric.range_for(k)
        assert found[name] is None or low - 1e-12 <= found[name] <= high + 1e-12
    for row in found["per_class"].values():
        assert set(OF_CLASSES) <= set(row)


def test_a_perfect_answer_has_the_best_value_of_each_metric_and_a_worse_one_a_worse():
    y = np.arange(40) % 2
    perfect, worse = metrics(y, np.eye(2)[y]), metrics(y, np.where(np.arange(40)[:, None] < 30, np.eye(2)[y], 0.5))
    for name, metric in METRICS.items():
        if metric.higher_is_better is None or metric.needs_priors:
            continue
        low, high = metric.range_for(2)
        assert perfect[name] == (high if metric.higher_is_better else low)
        assert worse[name] <= perfect[name] if metric.higher_is_better else worse[name] >= perfect[name]


@pytest.mark.parametrize("k", [2, 3])
def test_every_metric_has_the_interval_that_the_table_says(k):
    y, p = predictions(60, k, 1)
    scored = score(y, p, [str(c) for c in range(k)])
    wanted = METRICS if k == 2 else OF_SETS
    with_interval = {name for name, metric in wanted.items() if metric.interval is not Interval.NONE}
    assert set(scored.intervals) == with_interval
    for name in with_interval:
        low, high = scored.intervals[name]
        assert low <= scored.metrics[name] <= high
        assert METRICS[name].range_for(k)[0] <= low <= high <= METRICS[name].range_for(k)[1]
    drawn = set(metric_intervals(y, p, n_draws=100))
    assert drawn == {name for name, metric in OF_SETS.items() if metric.interval is not Interval.NONE}


def test_what_is_shown_has_a_title_of_its_own():
    for k in (2, 3):
        titles = [metric.title for metric in shown_metrics(k)]
        assert len(titles) == len(set(titles)) == (17 if k == 2 else 10)
    assert METRICS["mcc"].needs_probabilities is False
    assert METRICS["auc"].needs_probabilities


@pytest.mark.parametrize("module", ["curves", "decisions", "figures", "learning_curve"])
def test_every_public_name_is_there_and_in_the_documentation(module):
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    found = import_module(f"heldout.evaluate.{module}")
    assert found.__all__ == sorted(found.__all__)
    assert [name for name in found.__all__ if not hasattr(found, name) or name not in page] == []
