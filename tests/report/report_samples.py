"""Contents of reports to render, small and without training anything."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.evaluate.comparison import Comparison, adjust, compare
from heldout.evaluate.rules import Rule
from heldout.evaluate.scoring import Scored, score
from heldout.report.content import (
    DataFinding,
    DataSummary,
    History,
    LeaderboardRow,
    Opening,
    ReportContent,
    Sample,
    Seal,
)

HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "two\nlines 'and' \"quotes\" & <b>",
    "{{ 7 * 7 }}{% raw %}",
    "x" * 300,
    "\x00\x1b[31m\udcff\u202egnp.exe",
    "</style></svg></title><script>1</script>",
    "https://example.org/a.png",
    "",
    "日本語 🎉",
    "</script><script>document.title='owned'</script>",
    "\u2066left\u2069 <!-- \u200f ]]>",
)


def scored(n_rows: int, classes: tuple[str, ...], accuracy: float, seed: int = 0, **options: Any) -> Scored:
    """Predictions of which about this share is right."""
    rng = np.random.default_rng(seed)
    k = len(classes)
    y = np.arange(n_rows) % k
    guess = np.where(rng.random(n_rows) < accuracy, y, (y + 1 + rng.integers(0, k - 1, n_rows)) % k)
    p = 0.3 * rng.dirichlet(np.ones(k), n_rows) + 0.7 * np.eye(k)[guess]
    return score(y, p, classes, **options)


CANDIDATES = (
    LeaderboardRow("dummy", "Most frequent class", mcc=0.0, mcc_se=0.0, accuracy=0.1, accuracy_se=0.001, seconds=0.01),
    LeaderboardRow("forest", "Random forest", mcc=0.971, mcc_se=0.006, accuracy=0.974, accuracy_se=0.005, seconds=4.6),
    LeaderboardRow(
        "svm-rbf",
        "RBF SVM",
        mcc=0.987,
        mcc_se=0.004,
        accuracy=0.988,
        accuracy_se=0.0037,
        seconds=1.9,
        predict_seconds_per_1000=0.11,
        parameters=52110,
        chosen=True,
        within_one_se=True,
    ),
    LeaderboardRow("boosting", "Gradient boosting", status="skipped", why="the time limit of 2 min was reached"),
    LeaderboardRow("cnn", "Small CNN", status="failed", why="the loss became NaN in epoch 3"),
)


def rivals(*models: tuple[str, float]) -> tuple[Comparison, ...]:
    """The chosen model svm-rbf against models with this mean MCC, over ten folds."""
    noise = 0.01 * np.sin(np.arange(10.0))
    pairs = [
        compare(0.987 + noise, mean + noise[::-1], n_train=80, n_validation=20, names=("svm-rbf", name))
        for name, mean in models
    ]
    return tuple(adjust(pairs))


def sample(classes: tuple[str, ...] = tuple("0123456789"), **changes: Any) -> ReportContent:
    """A whole report: opened once, with mistakes in pictures and rows."""
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (8, 8, 1), dtype=np.uint8)
    values: dict[str, Any] = {
        "title": "digits",
        "created": "2026-01-31 14:03 UTC",
        "chosen": "RBF SVM",
        "data": DataSummary(
            "digits",
            "images",
            1437,
            360,
            tuple((name, 100 + i) for i, name in enumerate(classes)),
            n_groups=1790,
            copies="7 rows are near-copies of another.",
            skipped=(("three/broken.png", "truncated after 212 bytes"),),
            notes=("All images are 8 × 8 pixels.",),
            fingerprint="3f9c1d8e04",
        ),
        "leaderboard": CANDIDATES,
        "choice": "No simpler model is within one standard error.",
        "resampling": "5 folds",
        "cross_validated": scored(1437, classes, 0.97),
        "test": scored(360, classes, 0.98, seed=3),
        "seal": Seal((Opening("2026-01-31 14:05 UTC", "runs/digits", "RBF SVM", "accuracy 0.986"),), "ledger.sqlite"),
        "mistakes": (
            Sample("three/7.png", classes[0], classes[1], 0.93, 0.02, picture=picture),
            Sample("17", classes[1], classes[0], 0.71, row={"age": 61.5, "smoker": "yes", "weight": None}),
        ),
        "samples": (
            Sample("three/7.png", classes[0], classes[1], 0.93, 0.02, picture=picture),
            Sample("four/1.png", classes[0], classes[0], 0.41, 0.41, picture=picture),
            Sample("18", classes[1], classes[1], 0.55, row={"age": 4.5}),
        ),
        "rivals": rivals(("dummy", 0.0), ("forest", 0.986)),
        "findings": (DataFinding("warning", "2 constant columns", "They say nothing.", "drop them", ("a", "b"), 2),),
        "looked": "At the 1,437 training rows only.",
        "hashes": {"data": "3f9c1d8e04", "model": "77aa"},
        "predict": "heldout predict runs/digits INPUT",
        "histories": (History("Small CNN: loss", {"training": ([2.0, 1.0, 0.5], [0.1, 0.1, 0.05])}),),
        "versions": {"heldout": "0.1.0", "scikit-learn": "1.9.1"},
        "command": "heldout train digits --seed 1 --assess",
        "seed": 1,
        "config": "data: digits\nseed: 1\n",
        "seconds": 83.2,
    }
    return ReportContent(**(values | changes))


def hostile_pair() -> ReportContent:
    """Two classes of hostile names, so that thresholds and curves are there, too."""
    pair = (HOSTILE[10], HOSTILE[11])
    return sample(pair, rule=Rule("threshold", HOSTILE[10], 0.3, 1), samples=())


def hostile_sample() -> ReportContent:
    """Every string that data can bring in is hostile."""
    h = HOSTILE
    picture = np.zeros((4, 6), dtype=np.uint8)
    return sample(
        h,
        title=h[1],
        created=h[0],
        chosen=h[0],
        data=DataSummary(
            h[0],
            "table",
            100,
            50,
            tuple((name, 10) for name in h),
            groups=h[1],
            copies=h[0],
            skipped=((h[1], h[0]), (h[5], h[4])),
            notes=h,
            fingerprint=h[2],
        ),
        leaderboard=(
            LeaderboardRow(h[0], h[1], mcc=0.5, chosen=True),
            LeaderboardRow(h[1], h[0], status="failed", why=h[6]),
        ),
        choice=h[0],
        resampling=h[1],
        seal=Seal((Opening(*h[:4]),), h[0], False, h[1]),
        mistakes=(
            Sample(h[1], h[0], h[6], 0.9, picture=picture),
            Sample(h[0], h[1], h[5], 1.0, row={h[0]: h[1], h[4]: h[4], h[5]: float("nan")}),
        ),
        samples=tuple(
            Sample(name, h[i], h[(i + 1) % len(h)], 0.9, picture=picture, row={name: name}) for i, name in enumerate(h)
        ),
        rivals=rivals((h[0], 0.5), (h[1], 0.987)),
        rule=Rule("costs", h[0], costs=tuple(tuple(float(i != j) for j in range(len(h))) for i in range(len(h)))),
        findings=tuple(DataFinding(h[0], name, name, name, h, len(h)) for name in h),
        looked=h[6],
        hashes={h[0]: h[1]},
        predict=h[10],
        histories=(History(h[0], {h[1]: ([1.0, float("nan"), 0.5], None), h[5]: ([], None)}),),
        versions={h[0]: h[1], h[11]: h[10]},
        command=h[6],
        config="\n".join(h),
        warnings=h,
    )
