"""`heldout evaluate`."""

from __future__ import annotations

import json
from typing import Any

import click

from heldout.cli.main import visible
from heldout.cli.options import mirror as mirror_option
from heldout.cli.options import shared


@click.command()
@click.argument("run")
@click.argument("data")
@click.option("--allow-leak", is_flag=True, help="Also score rows that the model was trained on.")
@click.option(
    "--coarse", metavar="GROUPS", default="", help="Also score groups of classes: 'animal: cat, dog; vehicle: car'."
)
@mirror_option
@shared
def evaluate(
    run: str, data: str, allow_leak: bool, coarse: str, mirror: str | None, as_json: bool, quiet: bool, debug: bool
) -> int:
    """Score the model of RUN on other labelled DATA: all metrics, with 95 % intervals.

    Sealed rows of the run are refused: only `heldout assess` opens them, on record.

    \b
    Example:
      heldout evaluate runs/patients next-year.csv
    """
    from heldout.use.evaluate import evaluate as score

    found = score(run, data, mirror=mirror, allow_leak=allow_leak, coarse=coarse)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return 0
    for note in found["notes"]:
        click.echo(visible(f"Note: {note}"), err=True)
    click.echo(f"{found['n']:,} row{'' if found['n'] == 1 else 's'}")
    for key, title in (
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced accuracy"),
        ("mcc", "MCC"),
        ("kappa", "kappa"),
        ("f1_macro", "macro F1"),
        ("auc", "AUC"),
        ("log_loss", "log-loss"),
        ("brier", "Brier score"),
    ):
        value, ends = found.get(key), found.get(f"{key}_ci")
        text = "undefined" if value is None else f"{value:.4f}"
        click.echo(f"  {title:<18} {text}" + (f"   ({ends[0]:.4f} to {ends[1]:.4f})" if ends else ""))
    click.echo(f"  {'class':<18} {'precision':>9} {'recall':>9} {'F1':>9} {'rows':>7}")
    for name, row in found["per_class"].items():
        cells = " ".join(
            f"{'–' if row[k] is None else format(row[k], '.4f'):>9}" for k in ("precision", "recall", "f1")
        )
        click.echo(visible(f"  {name:<18} {cells} {row['support']:>7}"))
    if coarse:
        _show_coarse(found["coarse"])
    return 0


def _show_coarse(found: dict[str, Any]) -> None:
    """The groups' scores, and what their mistakes are made of."""
    low, high = found["accuracy_ci"]
    click.echo(visible(f"Of the groups {', '.join(found['classes'])}:"))
    click.echo(f"  {'accuracy':<18} {found['accuracy']:.4f}   ({low:.4f} to {high:.4f})")
    low, high = found["mcc_ci"]
    click.echo(f"  {'MCC':<18} {found['mcc']:.4f}   ({low:.4f} to {high:.4f})")
    for one in found["errors"]:
        rows = f"{one['rows']:,} row{'' if one['rows'] == 1 else 's'}"
        click.echo(visible(f"  {one['class']} taken for {one['taken_for']}: {rows}"))
