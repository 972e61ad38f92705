"""`heldout compare`."""

from __future__ import annotations

from typing import Any

import click

from heldout.cli.options import Output, shared


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--metric", type=click.Choice(["mcc", "accuracy"]), default="mcc", show_default=True, help="Score to compare."
)
@click.option(
    "--margin", type=float, metavar="X", help="Largest difference that would not matter, to test for equivalence."
)
@click.option("--level", type=float, default=0.95, show_default=True, help="Confidence level of the intervals.")
@click.option("--svg", "svg_file", metavar="FILE", help="Also draw means and intervals to FILE.")
@shared
def compare(
    runs: tuple[str, ...],
    metric: str,
    margin: float | None,
    level: float,
    svg_file: str | None,
    output: Output,
) -> int:
    """Compare the chosen models of several runs, or all models of one RUN, by paired tests.

    Scores are paired by fold and repeat, the test accounts for overlapping training parts, and p-values are corrected
    for the number of comparisons.

    \b
    Example:
      heldout compare runs/digits
      heldout compare runs/forest runs/cnn --margin 0.01 --svg forest.svg
    """
    from heldout.use.compare import compare_runs, write_forest

    found = compare_runs(runs, metric=metric, margin=margin, level=level)
    if svg_file:
        write_forest(found, svg_file)
    if output.as_json:
        output.document(found)
        return 0
    for line in _lines(found, output.quiet):
        output.line(line)
    output.notes(f"{note}." for note in found["notes"])
    return 0


def _lines(found: dict[str, Any], quiet: bool) -> list[str]:
    if quiet:
        return [found["verdict"]]
    percent = f"{100 * found['level']:g} %"
    width = max(5, *(len(model["name"]) for model in found["models"]))
    lines = [f"  {'':<{width}}  {found['metric'].upper():>8}   {percent} interval"]
    for model in found["models"]:
        mark = "*" if model["best_group"] else " "
        lines.append(
            f"{mark} {model['name']:<{width}}  {model['mean']:8.3f}   {model['low']:.3f} to {model['high']:.3f}"
        )
    lines.append("* not shown to be worse than the best")
    lines += ["- " + pair["says"] for pair in found["pairs"]] if len(found["pairs"]) > 1 else []
    lines += ["Sealed rows: " + test["says"] for test in found["test"]]
    return [*lines, "Verdict: " + found["verdict"]]
