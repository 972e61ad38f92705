"""Contents of reports to render, small and without training anything."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.report.content import (
    DataSummary,
    History,
    LadderRow,
    Mistake,
    Opening,
    ReportContent,
    Scored,
    Seal,
    score,
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
)


def scored(n_rows: int, classes: tuple[str, ...], accuracy: float, seed: int = 0, **options: Any) -> Scored:
    """Predictions of which about this share is right."""
    rng = np.random.default_rng(seed)
    k = len(classes)
    y = np.arange(n_rows) % k
    guess = np.where(rng.random(n_rows) < accuracy, y, (y + 1 + rng.integers(0, k - 1, n_rows)) % k)
    p = 0.3 * rng.dirichlet(np.ones(k), n_rows) + 0.7 * np.eye(k)[guess]
    return score(y, p, classes, **options)


LADDER = (
    LadderRow("dummy", "Most frequent class", mcc=0.0, mcc_se=0.0, accuracy=0.1, accuracy_se=0.001, seconds=0.01),
    LadderRow("forest", "Random forest", mcc=0.971, mcc_se=0.006, accuracy=0.974, accuracy_se=0.005, seconds=4.6),
    LadderRow(
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
    LadderRow("boosting", "Gradient boosting", status="skipped", why="the time limit of 2 min was reached"),
    LadderRow("cnn", "Small CNN", status="failed", why="the loss became NaN in epoch 3"),
)


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
        "ladder": LADDER,
        "choice": "No simpler model is within one standard error.",
        "resampling": "5 folds",
        "cross_validated": scored(1437, classes, 0.97, with_intervals=False),
        "test": scored(360, classes, 0.98, seed=3),
        "seal": Seal((Opening("2026-01-31 14:05 UTC", "runs/digits", "RBF SVM", "accuracy 0.986"),), "ledger.sqlite"),
        "mistakes": (
            Mistake("three/7.png", classes[0], classes[1], 0.93, 0.02, picture=picture),
            Mistake("17", classes[1], classes[0], 0.71, row={"age": 61.5, "smoker": "yes", "weight": None}),
        ),
        "mistakes_from": "test",
        "histories": (History("Small CNN: loss", {"training": ([2.0, 1.0, 0.5], [0.1, 0.1, 0.05])}),),
        "versions": {"heldout": "0.1.0", "scikit-learn": "1.9.1"},
        "command": "heldout train digits --seed 1 --assess",
        "seed": 1,
        "config": "data: digits\nseed: 1\n",
        "seconds": 83.2,
    }
    return ReportContent(**(values | changes))


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
        ladder=(LadderRow(h[0], h[1], mcc=0.5, chosen=True), LadderRow(h[1], h[0], status="failed", why=h[6])),
        choice=h[0],
        resampling=h[1],
        seal=Seal((Opening(*h[:4]),), h[0], False, h[1]),
        mistakes=(
            Mistake(h[1], h[0], h[6], 0.9, picture=picture),
            Mistake(h[0], h[1], h[5], 1.0, row={h[0]: h[1], h[4]: h[4], h[5]: float("nan")}),
        ),
        histories=(History(h[0], {h[1]: ([1.0, float("nan"), 0.5], None), h[5]: ([], None)}),),
        versions={h[0]: h[1]},
        command=h[6],
        config="\n".join(h),
        warnings=h,
    )
