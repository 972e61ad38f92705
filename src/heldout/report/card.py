"""The model card: what the model is for, what it was made of, and where it ends. All of it follows from the run."""

from __future__ import annotations

from heldout.evaluate.scoring import Scored
from heldout.report import words
from heldout.report.content import ReportContent

FEW_ROWS = 100
"""Sealed rows below which a card says that they are few."""

FEW_OF_A_CLASS = 20

CLASSES_NAMED = 8


def card(content: ReportContent) -> list[tuple[str, list[str]]]:
    """Titles and texts of the model card.

    References
    ----------
    Mitchell et al. 2019, "Model cards for model reporting", doi:10.1145/3287560.3287596
    """
    shown = content.test or content.cross_validated
    found = [
        ("Model", [_model(content)]),
        ("Intended use", [_use(content)]),
        ("Not for", _not_for(content)),
        ("Made of", [_data(content)]),
        ("Answers", [_answers(content)]),
    ]
    if shown is not None:
        found.append(("Weakest", [_weakest(shown)]))
        found.append(("Confidence", [_confidence(shown)]))
    found.append(("Limits", _limits(content)))
    return [(title, texts) for title, texts in found if texts]


def _rows(content: ReportContent) -> str:
    return content.data.rows


def _model(content: ReportContent) -> str:
    row = content.chosen_row
    size = f", {words.count(row.parameters)} numbers learned" if row is not None and row.parameters else ""
    return f"{words.shorten(content.chosen or 'None', 60)}{size}. Its file is data only: opening it runs no code."


def _use(content: ReportContent) -> str:
    names = [f"“{words.shorten(name, 30)}”" for name, _ in content.data.classes]
    shown = ", ".join(names[:CLASSES_NAMED])
    more = f" and {len(names) - CLASSES_NAMED} more" if len(names) > CLASSES_NAMED else ""
    return (
        f"Classifying {_rows(content)} into {len(names)} classes: {shown}{more}; for {_rows(content)} from the same "
        f"source as “{words.shorten(content.data.name, 60)}”, collected in the same way."
    )


def _not_for(content: ReportContent) -> list[str]:
    return [
        f"Anything outside these {len(content.data.classes)} classes: every input is assigned to one of them.",
        "Other shares of the classes, other devices, places or times, without new labelled rows: "
        "heldout evaluate measures what is lost there.",
        "Decisions that can harm people, unless a person can overrule them.",
    ]


def _data(content: ReportContent) -> str:
    data = content.data
    groups = f", in {words.count(data.n_groups)} groups that no split divides" if data.n_groups is not None else ""
    return (
        f"{words.count(data.n_train)} {_rows(content)} for training{groups}; {words.count(data.n_test)} more were "
        "sealed before anything was fitted."
    )


def _answers(content: ReportContent) -> str:
    rule = content.rule
    if rule is None:
        return "A probability for each class; the label is the most probable one."
    if rule.kind == "threshold" and rule.positive < len(content.data.classes):
        name = words.shorten(content.data.classes[rule.positive][0], 40)
        return (
            f"A probability for each class; the label is “{name}” if its probability is {rule.threshold:.4g} or more "
            f"({words.shorten(rule.chosen, 60)})."
        )
    return (
        f"A probability for each class; the label is the one of least expected cost ({words.shorten(rule.chosen, 80)})."
    )


def _weakest(shown: Scored) -> str:
    named = [(name, row) for name, row in shown.metrics["per_class"].items() if row["recall"] is not None]
    name, row = min(named, key=lambda item: item[1]["recall"])
    return (
        f"“{words.shorten(name, 40)}”: {words.percent(row['recall'])} of its {words.count(row['support'])} rows are "
        f"recognised {words.recall_interval(row, shown)}."
    )


def _confidence(shown: Scored) -> str:
    off = shown.metrics.get("calibration_error")
    if off is None:
        return "Not measured."
    return f"Stated confidence and accuracy differ by {words.percent(off)} on average."


def _limits(content: ReportContent) -> list[str]:
    data, found = content.data, []
    n_test = content.test.metrics["n"] if content.test is not None else data.n_test
    if content.test is None:
        found.append("Not assessed: all scores come from the cross-validation that also chose the model.")
    if n_test < FEW_ROWS:
        found.append(f"Only {words.count(n_test)} {_rows(content)} are sealed; scores on them are imprecise.")
    rare = [name for name, rows in data.classes if rows < FEW_OF_A_CLASS]
    if rare:
        listed = ", ".join(f"“{words.shorten(name, 30)}”" for name in rare[:5]) + (" and more" if len(rare) > 5 else "")
        found.append(f"Fewer than {FEW_OF_A_CLASS} {_rows(content)} of {listed}: little is known about these classes.")
    if data.n_groups is None:
        found.append(
            "No groups were declared or found. If several rows come from one source (a patient, a recording), "
            "the scores are too optimistic."
        )
    worrying = [one for one in content.findings if one.severity in ("error", "warning")]
    if worrying:
        found.append(
            f"Unresolved findings on the data: {'; '.join(words.shorten(one.title, 120) for one in worrying[:3])}."
        )
    if data.skipped:
        found.append(f"Skipped because unreadable: {words.count(len(data.skipped))}.")
    found.append("Performance on subgroups that have no column of their own is unknown.")
    return found
