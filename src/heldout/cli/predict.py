"""`heldout predict`."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heldout.cli.options import Output, shared
from heldout.errors import SettingError

if TYPE_CHECKING:
    from heldout.use.predict import Predictions


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
    output: Output,
) -> int:
    """Predict the classes of INPUTS with the model of RUN, a run folder or a bundle.

    INPUTS are image or sound files, folders of them, or table files; `-` reads a table from standard input.

    \b
    Example:
      heldout predict runs/photos new.jpg other.png
      heldout predict runs/patients new.csv --csv predictions.csv
    """
    if csv_file == "-" and output.as_json:
        raise SettingError("--json and --csv - both write to stdout", fix="name a file: --csv predictions.csv")
    from heldout.use.predict import predict as label

    sources = [io.BytesIO(sys.stdin.buffer.read()) if item == "-" else item for item in inputs]
    found = label(run, sources, strict=not skip_bad)
    output.notes(found.notes)
    output.notes((f"{item.id}: {item.reason}" for item in found.skipped), of="Skipped")
    if csv_file == "-":
        click.echo(_csv(found), nl=False)
        return 0
    if csv_file:
        from heldout.files import write_text

        write_text(Path(csv_file), _csv(found))
    if output.as_json:
        skipped = [[item.id, item.reason] for item in found.skipped]
        output.document({"predictions": found.records(), "skipped": skipped})
    elif not csv_file:
        for record in found.records():
            best = sorted(record["probabilities"].items(), key=lambda pair: -pair[1])[:top]
            output.line(f"{record['id']}: {record['label']}   " + "  ".join(f"{c} {p:.3f}" for c, p in best))
    return 0


def _csv(found: Predictions) -> str:
    """Id, label and the probability of each class, a line a row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "label", *(f"p_{name}" for name in found.classes)])
    for name, answer, row in zip(found.ids, found.labels, found.probabilities, strict=True):
        writer.writerow([name, answer, *(f"{p:.9g}" for p in row)])
    return text.getvalue()
