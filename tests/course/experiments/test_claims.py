"""A claim is held only where its test says so."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from scipy import stats

from heldout_course.experiments.claims import judge
from heldout_course.experiments.expand import expand
from heldout_course.experiments.procedures import PROCEDURES, procedure
from heldout_course.experiments.recipe import recipe_from_text
from heldout_course.experiments.store import Finished
from heldout_course.experiments.values import Found

if "numbers-for-claims" not in PROCEDURES:

    @procedure("numbers-for-claims")
    def numbers(k: int, seed: int) -> dict:
        return {"score": float(k)}

    @procedure("exact-for-claims")
    def exact(k: int) -> dict:
        return {"score": float(k)}


def judged(claim: str, scores: dict[int, list[float]], name: str = "numbers-for-claims"):
    repeats = len(next(iter(scores.values())))
    text = f"""
id: claims
title: claims
model: {{procedure: {name}}}
vary: {{k: {list(scores)}}}
repeats: {repeats}
measure: [score]
claims: ["{claim}"]
"""
    plan = expand(recipe_from_text(text), "full")
    results = {
        job.id: Finished(job.id, {"values": {"score": value}}, job.seed, {}, "", 0.0)
        for variant, values in zip(plan.variants, scores.values(), strict=True)
        for job, value in zip(variant.jobs, values, strict=True)
    }
    return judge(Found(plan, results))[0]


CLEAR = {1: [0.5, 0.52, 0.51, 0.49], 2: [0.7, 0.73, 0.72, 0.69]}


def test_a_clear_difference_is_held_with_the_p_value_of_the_paired_t_test():
    found = judged("score(k=1) < score(k=2)", CLEAR)
    assert found.state == "held"
    assert found.p == pytest.approx(stats.ttest_rel(CLEAR[1], CLEAR[2]).pvalue)
    assert "paired t-test over 4 seeds" in found.test


def test_the_opposite_of_a_clear_difference_is_not_held():
    assert judged("score(k=1) > score(k=2)", CLEAR).state == "not held"


def test_a_difference_within_the_noise_is_not_decidable():
    noisy = {1: [0.5, 0.7, 0.4, 0.6], 2: [0.6, 0.5, 0.65, 0.5]}
    assert judged("score(k=1) < score(k=2)", noisy).state == "not decidable"


def test_one_run_of_something_random_is_not_decidable():
    assert judged("score(k=1) < score(k=2)", {1: [0.1], 2: [0.9]}).state == "not decidable"


def test_exact_numbers_are_compared_without_a_test():
    found = judged("score(k=1) < score(k=2)", {1: [0.1], 2: [0.9]}, "exact-for-claims")
    assert (found.state, found.p) == ("held", None)
    assert judged("score(k=1) == score(k=2)", {1: [0.1], 2: [0.9]}, "exact-for-claims").state == "not held"


def test_sums_products_and_precedence_are_those_of_arithmetic():
    scores = {2: [2.0], 3: [3.0]}
    for claim in ("score(k=2) + score(k=3) * 2 == 8", "(score(k=2) + score(k=3)) * 2 == 10", "-score(k=2) < 0"):
        assert judged(claim, scores, "exact-for-claims").state == "held"
    assert judged("10 - 3 - 2 == 5", scores, "exact-for-claims").state == "held"
    assert judged("score(k=2) / (score(k=3) - 3) > 0", scores, "exact-for-claims").test == "it divides by 0"


def test_equality_within_a_margin_needs_evidence_for_it():
    same = {1: [0.5, 0.501, 0.499, 0.5], 2: [0.5, 0.5, 0.5, 0.501]}
    vague = {1: [0.3, 0.7, 0.5, 0.4], 2: [0.5, 0.3, 0.6, 0.6]}
    claim = "score(k=1) == score(k=2) within 0.01"
    assert judged(claim, same).state == "held"
    assert judged(claim, vague).state == "not decidable"
    assert judged(claim, CLEAR).state == "not held"


def test_each_must_hold_for_all_and_is_corrected_for_their_number():
    scores = CLEAR | {3: [0.6, 0.61, 0.64, 0.6]}
    found = judged("score(k=2) > score(k=each)", scores)
    assert found.state == "held"
    ps = sorted(stats.ttest_rel(scores[2], scores[k]).pvalue for k in (1, 3))
    assert found.p == pytest.approx(max(2 * ps[0], ps[1]))
    assert judged("score(k=3) > score(k=each)", scores).state == "not held"


def test_a_variant_that_is_not_named_is_averaged_over():
    assert judged("score == 2.5", {2: [2.0], 3: [3.0]}, "exact-for-claims").state == "held"


def test_results_that_are_missing_make_a_claim_not_decidable():
    text = """
id: claims
title: claims
model: {procedure: exact-for-claims}
vary: {k: [1, 2]}
measure: [score]
claims: ["score(k=1) < score(k=2)", {says: nobody can know}]
"""
    verdicts = judge(Found(expand(recipe_from_text(text), "quick"), {}))
    assert [verdict.state for verdict in verdicts] == ["not decidable"] * 2
    assert verdicts[0].test == "k=1 is not finished"
    assert verdicts[1].test == "nothing here measures it"


def test_one_run_each_on_the_same_rows_is_decided_by_mcnemar():
    text = """
id: claims
title: claims
data: {name: digits, train: first 100}
model: {kind: tree}
vary: {max_depth: [1, 9]}
measure: [accuracy]
claims: ["accuracy(max_depth=1) < accuracy(max_depth=9)"]
"""
    plan = expand(recipe_from_text(text), "quick")
    rng = np.random.default_rng(1)
    low = rng.random(200) < 0.5
    high = low | (rng.random(200) < 0.3)
    results = {}
    for variant, right in zip(plan.variants, (low, high), strict=True):
        n = int(right.sum())
        part = {
            "n_train": 100,
            "n_test": 200,
            "confusion": [[n, 200 - n], [0, 0]],
            "right": base64.b64encode(np.packbits(right).tobytes()).decode(),
        }
        job = variant.jobs[0]
        results[job.id] = Finished(job.id, {"classes": ["a", "b"], "parts": [part]}, 1, {}, "", 0.0)
    found = judge(Found(plan, results))[0]
    n = int((high & ~low).sum())
    assert found.state == "held"
    assert found.p == pytest.approx(2 * 0.5 * stats.binom.pmf(0, n, 0.5))
    assert "McNemar" in found.test
