"""Choose how the chosen model's probabilities become labels, on out-of-fold rows (`heldout train --threshold`)."""

from __future__ import annotations

from dataclasses import replace

from heldout.data.dataset import Dataset
from heldout.errors import DataError, SettingError
from heldout.evaluate.decisions import choose_rule
from heldout.evaluate.rules import Rule, check_costs, parse_rule
from heldout.run.metrics import DecisionRecord
from heldout.select.choice import Choice, out_of_fold_probabilities
from heldout.select.selection import Selection


def check_threshold(asked: str | None, data: Dataset) -> None:
    """Raise `SettingError` or `LabelError` before anything is trained if the wanted does not fit the classes."""
    if asked is None:
        return
    wanted = parse_rule(asked)
    if wanted.costs:
        check_costs(wanted.costs, data.n_classes)
    elif data.n_classes != 2:
        raise SettingError(
            f"a threshold is for two classes, and there are {data.n_classes}",
            where="--threshold",
            fix="give costs of every mistake instead: cost:0 1 5; 1 0 1; 2 1 0",
        )
    else:
        wanted.positive_number(data.classes)


def choose_decision(
    plan: Selection, choice: Choice, asked: str | None
) -> tuple[Choice, Rule | None, DecisionRecord | None]:
    """Choose the rule that was asked for; the choice's out-of-fold predictions become those of the rule.

    A requirement that no threshold meets does not end a job that has done its work: the labels are then the most
    probable classes, and what is returned says so.

    Returns
    -------
    choice : Choice
    rule : Rule or None
    decision : DecisionRecord or None
        None if nothing was asked for.
    """
    if asked is None:
        return choice, None, None
    probabilities = out_of_fold_probabilities(plan, choice.result)
    try:
        if probabilities is None:
            raise DataError(f"{choice.result.title} gives no scores to choose a threshold on")
        rule, says = choose_rule(plan.y, probabilities, asked, plan.data.classes)
    except DataError as error:
        says = f"{error.what}; labels are the most probable classes"
        return choice, None, DecisionRecord(asked=asked, rule=None, says=says)
    result = replace(choice.result, predicted=rule.decide(probabilities))
    return replace(choice, result=result), rule, DecisionRecord(asked=asked, rule=rule.record(), says=says)
