"""`heldout evaluate`."""

from __future__ import annotations

import json

import click

from heldout.cli.main import visible
from heldout.cli.options import mirror as mirror_option
from heldout.cli.options import shared


@click.command()
@click.argument("run")
@click.argument("data")
@click.option("--allow-leak", is_flag=True, help="Score rows too that the model was trained on.")
@mirror_option
@shared
def evaluate(run: str, data: str, allow_leak: bool, mirror: str | None, as_json: bool, quiet: bool, debug: bool) -> int:
    r"""All metrics of the model of RUN on other labelled DATA, with 95 % intervals.

    The sealed rows of the run are refused here: `heldout assess` opens them, on record.

    \b
    Example:
      heldout evaluate runs/patients next-year.csv
    """
    from heldout.job.evaluation import evaluate as score

    found = score(run, data, mirror=mirror, allow_leak=allow_leak)
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
    return 0
