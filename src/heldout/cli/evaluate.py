"""`heldout evaluate`."""

from __future__ import annotations

from typing import Any

import click

from heldout.cli.options import Output, shared
from heldout.cli.options import mirror as mirror_option
from heldout.cli.words import plural


@click.command()
@click.argument("run")
@click.argument("data")
@click.option("--allow-leak", is_flag=True, help="Also score rows that the model was trained on.")
@click.option(
    "--coarse", metavar="GROUPS", default="", help="Also score groups of classes: 'animal: cat, dog; vehicle: car'."
)
@mirror_option
@shared
def evaluate(run: str, data: str, allow_leak: bool, coarse: str, mirror: str | None, output: Output) -> int:
    """Score the model of RUN on other labelled DATA: all metrics, with 95 % intervals.

    Sealed rows of the run are refused: only `heldout assess` opens them, on record.

    \b
    Example:
      heldout evaluate runs/patients next-year.csv
    """
    from heldout.evaluate.metric_table import OF_SETS
    from heldout.use.evaluate import evaluate as score

    found = score(run, data, mirror=mirror, allow_leak=allow_leak, coarse=coarse)
    if output.as_json:
        output.document(found)
        return 0
    output.notes(found["notes"])
    output.line(plural(found["n"], "row"))
    for metric in (metric for metric in OF_SETS.values() if metric.is_shown):
        value, ends = found.get(metric.name), found.get(f"{metric.name}_ci")
        text = "undefined" if value is None else f"{value:.4f}"
        output.line(f"  {metric.title:<22} {text}" + (f"   ({ends[0]:.4f} to {ends[1]:.4f})" if ends else ""))
    output.line(f"  {'Class':<22} {'Precision':>9} {'Recall':>9} {'F1':>9} {'Rows':>7}")
    for name, row in found["per_class"].items():
        cells = " ".join(
            f"{'–' if row[k] is None else format(row[k], '.4f'):>9}" for k in ("precision", "recall", "f1")
        )
        output.line(f"  {name:<22} {cells} {row['support']:>7}")
    if coarse:
        _show_coarse(found["coarse"], output)
    return 0


def _show_coarse(found: dict[str, Any], output: Output) -> None:
    """The groups' scores, and which classes their errors come from."""
    from heldout.evaluate.metric_table import METRICS

    output.line(f"Of the groups {', '.join(found['classes'])}:")
    for key in ("accuracy", "mcc"):
        low, high = found[f"{key}_ci"]
        output.line(f"  {METRICS[key].title:<22} {found[key]:.4f}   ({low:.4f} to {high:.4f})")
    for one in found["errors"]:
        output.line(f"  {one['class']} mistaken for {one['taken_for']}: {plural(one['rows'], 'row')}")
