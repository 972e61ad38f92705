"""`heldout augment`."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

import click

from heldout.augment.settings import AugmentSettings
from heldout.cli.options import Output, options_of, shared
from heldout.cli.words import plural
from heldout.data.settings import LoadSettings
from heldout.errors import SettingError, TrainingError
from heldout.settings import from_values, settings_of


@click.command()
@click.argument("data")
@click.argument("out")
@options_of(AugmentSettings)
@options_of(LoadSettings, leave_out=("data", "strict"))
@click.option("--run", metavar="RUN", help="Augment only the rows that this run trained on.")
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "sealed"]),
    default="train",
    show_default=True,
    help="Rows to augment; validation and sealed rows only on request.",
)
@click.option("--fold", type=click.IntRange(1), help="With --run: rows of this fold of the first repeat, from 1.")
@click.option("--sheet", metavar="FILE", help="Also write a sheet of samples before and after (.png or .html).")
@shared
def augment(
    data: str,
    out: str,
    run: str | None,
    part: str,
    fold: int | None,
    sheet: str | None,
    output: Output,
    **options: Any,
) -> int:
    """Write an augmented copy of DATA to OUT: a folder for images and sounds, a .csv file for tables.

    Each new sample names its original, and `heldout train OUT` keeps the two on the same side of every split. Test rows
    that came with DATA, and rows that RUN sealed, are left out.

    \b
    Example:
      heldout augment photos/ more/ --with "flip, rotate 5" --sheet sheet.png
      heldout augment esc10 more/ --run runs/esc10 --with "pitch 2, noise 20..40"
      heldout augment iris more.csv --copies 9
    """
    from heldout.augment.disk import augment_to_disk
    from heldout.cli.progress import counting

    given = {name: value for name, value in options.items() if value is not None}
    mine = [one.name for one in settings_of(AugmentSettings)]
    settings = from_values(AugmentSettings, {name: given.pop(name) for name in mine if name in given})
    progress = None if output.quiet else counting()
    rows, groups, notes = _rows(
        data, run, part, fold, progress, {name: options[name] for name in options.keys() - mine}
    )
    if sheet:
        _write_sheet(Path(sheet), rows, settings)
    try:
        written = augment_to_disk(rows, Path(out), settings, groups=groups, progress=progress)
    except KeyboardInterrupt:
        raise TrainingError(
            "stopped before it was complete; nothing was written there yet", where=out, fix="run the same command again"
        ) from None
    target = rows.input.get("target")
    then = shlex.join(["heldout", "train", out, *(["--target", target] if target else [])])
    if output.as_json:
        output.document(
            {
                "out": out,
                "kind": rows.kind,
                "originals": written.n_originals,
                "copies": written.n_copies,
                "groups": written.n_groups,
                "classes": list(rows.classes),
                "operations": list(written.operations),
                "seed": settings.seed,
                "part": part,
                "went_on": written.went_on,
                "sheet": sheet,
                "notes": notes,
                "train": then,
            }
        )
        return 0
    output.notes(notes)
    output.line(
        f"{out}: {plural(written.n_copies, 'new sample')} ({', '.join(written.operations)}) and "
        f"{plural(written.n_originals, 'original')} in {plural(written.n_groups, 'group')}"
    )
    output.line(f"Train on them: {then}")
    return 0


def _rows(source: str, run: str | None, part: str, fold: int | None, progress: Any, given: dict[str, Any]) -> Any:
    """The rows that may be augmented, their groups (declared and detected), and notes on them."""
    from heldout.augment.disk import eligible
    from heldout.kinds.loading import load
    from heldout.run.rows import all_groups

    if run is None:
        if fold is not None:
            raise SettingError("--fold needs a run", fix="add --run RUN")
        data = load(source, progress=progress, **given)
        kept = eligible(data, part)
        notes = list(data.notes)
        if len(kept) < len(data):
            word = "training" if part == "sealed" else "test"
            notes.append(f"{len(data) - len(kept):,} {word} rows that came with the data are left out")
        return kept, all_groups(kept, 0), notes
    from heldout.use.parts import part_of_run

    found = part_of_run(run, source, part, fold=fold, given=given, progress=progress)
    notes = [*found.data.notes, f"{len(found.rows):,} of {len(found.data):,} rows are of the {part} part of {run}"]
    return dataclasses.replace(found.data.take(found.rows), official_test=None), found.groups, notes


def _write_sheet(path: Path, data: Any, settings: AugmentSettings) -> None:
    from heldout.augment.operations import parse_operations
    from heldout.augment.sheet import make_sheet
    from heldout.files import write_bytes

    form = path.suffix.lower()
    if form not in (".png", ".html"):
        raise SettingError("a sheet is a .png or .html file", where=str(path), fix="--sheet sheet.png")
    steps = parse_operations(settings.operations, data.kind)
    if not path.resolve().parent.is_dir():
        raise SettingError("its folder does not exist", where=str(path), fix=f"mkdir -p '{path.parent}'")
    sheet = make_sheet(data, steps, seed=settings.seed, fill=settings.fill, best=settings.best, form=form[1:])
    write_bytes(path, sheet)
