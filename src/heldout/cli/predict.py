"""`heldout predict`."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import click

from heldout.cli.main import visible
from heldout.cli.options import shared
from heldout.errors import SettingError


@click.command()
@click.argument("run")
@click.argument("inputs", nargs=-1, required=True)
@click.option(
    "--csv",
    "csv_file",
    metavar="FILE",
    help="Write id, label and the probability of each class to FILE (- for stdout).",
)
@click.option("--skip-bad", is_flag=True, help="Skip unreadable inputs, and count them.")
@click.option(
    "--top", type=click.IntRange(1), default=3, show_default=True, help="Number of classes to show for each input."
)
@shared
def predict(
    run: str,
    inputs: tuple[str, ...],
    csv_file: str | None,
    skip_bad: bool,
    top: int,
    as_json: bool,
    quiet: bool,
    debug: bool,
) -> int:
    """Predict the classes of INPUTS with the model of RUN, a run folder or a bundle.

    INPUTS are image or sound files, folders of them, or table files; `-` reads a table from standard input.

    \b
    Example:
      heldout predict runs/photos new.jpg other.png
      heldout predict runs/patients new.csv --csv predictions.csv
    """
    from heldout.use.predict import predict as label

    sources = [io.BytesIO(sys.stdin.buffer.read()) if item == "-" else item for item in inputs]
    found = label(run, sources, strict=not skip_bad)
    if not quiet:
        for note in found.notes:
            click.echo(visible(f"Note: {note}"), err=True)
        for item in found.skipped:
            click.echo(visible(f"Skipped: {item.id}: {item.reason}"), err=True)
    if csv_file:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["id", "label", *(f"p_{name}" for name in found.classes)])
        for name, answer, row in zip(found.ids, found.labels, found.probabilities, strict=True):
            writer.writerow([name, answer, *(f"{p:.9g}" for p in row)])
        if csv_file == "-":
            if as_json:
                raise SettingError("--json and --csv - both want stdout", fix="name a file: --csv predictions.csv")
            click.echo(text.getvalue(), nl=False)
            return 0
        from heldout.files import write_text

        write_text(Path(csv_file), text.getvalue())
    if as_json:
        skipped = [[item.id, item.reason] for item in found.skipped]
        click.echo(json.dumps({"predictions": found.records(), "skipped": skipped}, ensure_ascii=False))
    elif not csv_file:
        for record in found.records():
            best = sorted(record["probabilities"].items(), key=lambda pair: -pair[1])[:top]
            click.echo(visible(f"{record['id']}: {record['label']}   " + "  ".join(f"{c} {p:.3f}" for c, p in best)))
    return 0
