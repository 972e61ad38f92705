"""What a person reads when a job is done."""

from __future__ import annotations

from typing import Any

from heldout.cli.words import duration, percent, plural, visible, with_error
from heldout.run.folder import RunFolder


def summary(folder: RunFolder, values: dict[str, Any], *, interrupted: bool = False) -> str:
    """Chosen model and why, its scores, the leaderboard, the worst confusions, the test result, where the report is."""
    lines = ["", *_leaderboard(values), ""]
    if interrupted:
        lines.append("Stopped early: this is the best so far. The same command with --resume continues.")
    chosen = values["chosen"]
    candidate = next(candidate for candidate in values["candidates"] if candidate["model"] == chosen["model"])
    lines.append(f"Chosen: {chosen['title']}. {chosen['why']}.")
    n_models = values["cross_validation"]["models_compared"]
    bias = f" (slightly optimistic: they chose among {n_models} models)" if n_models > 1 else ""
    lines.append(
        f"Cross-validated: accuracy {with_error(candidate['accuracy'], candidate['accuracy_se'])}, "
        f"MCC {with_error(candidate['mean'], candidate['se'])}{bias}"
    )
    if values.get("decision"):
        lines.append(f"Decision: {values['decision']['says']}")
    if chosen["note"]:
        lines.append(f"Note: {chosen['note']}")
    lines += _confusions(values)
    lines += _test(values)
    if values["data"]["skipped"]:
        lines.append(f"Skipped: {plural(len(values['data']['skipped']), 'unreadable file')} (named in the report)")
    lines.append(f"Report: {folder.report}   ({duration(values['seconds'])})")
    return "\n".join(map(visible, lines))


def _leaderboard(values: dict[str, Any]) -> list[str]:
    lines = [f"  {'model':<28} {'MCC':<16} {'accuracy':<16} {'one fit':<10}"]
    for candidate in values["candidates"]:
        mark = "→" if candidate["model"] == values["chosen"]["model"] else " "
        if candidate["mean"] is None:
            lines.append(f"{mark} {candidate['title']:<28} {candidate['status']}: {candidate['why']}")
            continue
        mcc, accuracy = (
            with_error(candidate["mean"], candidate["se"]),
            with_error(candidate["accuracy"], candidate["accuracy_se"]),
        )
        lines.append(f"{mark} {candidate['title']:<28} {mcc:<16} {accuracy:<16} {duration(candidate['fit_seconds'])}")
    return lines


def _confusions(values: dict[str, Any]) -> list[str]:
    """Name the three pairs of classes that are confused most often."""
    found = values.get("test") or values["cross_validation"]["out_of_fold"]
    if not found:
        return []
    classes = values["data"]["classes"]
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
    where = "test" if values.get("test") else "cross-validation"
    return [f"Worst confusions ({where}): {text}"]


def _test(values: dict[str, Any]) -> list[str]:
    test, seal = values.get("test"), values.get("seal")
    if not test or not seal:
        rows = plural(values["data"]["test"], "row")
        return [f"Test: {rows} still sealed; `heldout assess RUN` opens the seal, on record"]
    level = percent(seal["level"]).replace(".0 %", " %")
    low, high = test["accuracy_ci"]
    mcc_low, mcc_high = test["mcc_ci"]
    lines = [
        f"Test: accuracy {test['accuracy']:.4f} ({level} interval {low:.4f} to {high:.4f}), "
        f"MCC {test['mcc']:.3f} ({mcc_low:.3f} to {mcc_high:.3f}), {plural(test['n'], 'sealed row')}",
        f"Seal: opening number {seal.get('number', seal['openings'])} for these data"
        + ("" if seal["openings"] == 1 else f" of {seal['openings']}; the interval is widened for them"),
    ]
    lines += [f"Note: {remark}" for remark in seal.get("remarks", ())]
    return lines + [f"Warning: the ledger was tampered with: {problem}" for problem in seal["problems"]]
