"""What a person reads when a job is done."""

from __future__ import annotations

from heldout.cli.words import duration, percent, plural, visible, with_error
from heldout.run.folder import RunFolder
from heldout.run.metrics import Metrics


def summary(folder: RunFolder, metrics: Metrics, *, interrupted: bool = False) -> str:
    """Chosen model and why, its scores, the leaderboard, the worst confusions, the test result, where the report is."""
    lines = ["", *_leaderboard(metrics), ""]
    if interrupted:
        lines.append("Stopped early: this is the best so far. The same command with --resume continues.")
    chosen = metrics.chosen
    candidate = metrics.chosen_candidate
    lines.append(f"Chosen: {chosen.title}. {chosen.why}.")
    n_models = metrics.cross_validation.models_compared
    bias = f" (slightly optimistic: they chose among {n_models} models)" if n_models > 1 else ""
    lines.append(
        f"Cross-validated: accuracy {with_error(candidate.accuracy, candidate.accuracy_se)}, "
        f"MCC {with_error(candidate.mean, candidate.se)}{bias}"
    )
    if metrics.decision:
        lines.append(f"Decision: {metrics.decision.says}")
    if chosen.note:
        lines.append(f"Note: {chosen.note}")
    lines += _confusions(metrics)
    lines += _test(metrics)
    if metrics.data.skipped:
        lines.append(f"Skipped: {plural(len(metrics.data.skipped), 'unreadable file')} (named in the report)")
    lines.append(f"Report: {folder.report}   ({duration(metrics.seconds)})")
    return "\n".join(map(visible, lines))


def _leaderboard(metrics: Metrics) -> list[str]:
    lines = [f"  {'model':<28} {'MCC':<16} {'accuracy':<16} {'one fit':<10}"]
    for candidate in metrics.candidates:
        mark = "→" if candidate.model == metrics.chosen.model else " "
        if candidate.mean is None:
            lines.append(f"{mark} {candidate.title:<28} {candidate.status}: {candidate.why}")
            continue
        mcc, accuracy = (
            with_error(candidate.mean, candidate.se),
            with_error(candidate.accuracy, candidate.accuracy_se),
        )
        lines.append(f"{mark} {candidate.title:<28} {mcc:<16} {accuracy:<16} {duration(candidate.fit_seconds or 0)}")
    return lines


def _confusions(metrics: Metrics) -> list[str]:
    """Name the three pairs of classes that are confused most often."""
    found = metrics.test.metrics if metrics.test else metrics.cross_validation.out_of_fold
    if not found:
        return []
    classes = metrics.data.classes
    pairs = [
        (count, truth, predicted)
        for truth, row in enumerate(found["confusion"])
        for predicted, count in enumerate(row)
        if truth != predicted and count
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1:]))
    if not pairs:
        return []
    text = "; ".join(f"{classes[t]} mistaken for {classes[p]} ({plural(n, 'time')})" for n, t, p in pairs[:3])
    where = "test" if metrics.test else "cross-validation"
    return [f"Worst confusions ({where}): {text}"]


def _test(metrics: Metrics) -> list[str]:
    test, seal = metrics.test, metrics.seal
    if test is None:
        rows = plural(metrics.data.test, "row")
        return [f"Test: {rows} still sealed; `heldout assess RUN` opens the seal, on record"]
    level = percent(seal.level or test.level).replace(".0 %", " %")
    (low, high), (mcc_low, mcc_high) = test.intervals["accuracy"], test.intervals["mcc"]
    lines = [
        f"Test: accuracy {test.metrics['accuracy']:.4f} ({level} interval {low:.4f} to {high:.4f}), "
        f"MCC {test.metrics['mcc']:.3f} ({mcc_low:.3f} to {mcc_high:.3f}), {plural(test.metrics['n'], 'sealed row')}",
        f"Seal: opening number {seal.number or seal.openings} for these data"
        + ("" if seal.openings == 1 else f" of {seal.openings}; the interval is widened for them"),
    ]
    lines += [f"Note: {remark}" for remark in seal.remarks or ()]
    return lines + [f"Warning: the ledger was tampered with: {problem}" for problem in seal.problems]
