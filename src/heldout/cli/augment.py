"""`heldout augment`."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

import click

from heldout.cli.options import Output, mirror, shared
from heldout.cli.words import plural
from heldout.errors import SettingError, TrainingError


@click.command()
@click.argument("data")
@click.argument("out")
@click.option("--copies", type=int, default=9, show_default=True, help="New samples of each row.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of every random choice."
)
@click.option("--with", "operations", metavar="STEPS", help='Operations: "rotate 3, shift 0.1, flip p 0.5".')
@click.option("--only-classes", metavar="A,B", help="Augment only these classes.")
@click.option("--no-originals", is_flag=True, help="Write the new samples only.")
@click.option("--run", "run", metavar="RUN", help="Augment only the rows that this run trained on.")
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "sealed"]),
    default="train",
    show_default=True,
    help="Rows to augment; validation and sealed rows only on request.",
)
@click.option("--fold", type=click.IntRange(1), help="With --run: rows of this fold of the first repeat, from 1.")
@click.option(
    "--fill",
    type=click.Choice(["edge", "mean", "zero"]),
    default="edge",
    show_default=True,
    help="Images: what fills gaps.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["flac", "wav", "ogg"]),
    default="flac",
    show_default=True,
    help="Sounds: file format.",
)
@click.option("--best", is_flag=True, help="Sounds: change pitch and tempo with the slower, cleaner method.")
@click.option("--sheet", metavar="FILE", help="Also write a sheet of samples before and after (.png or .html).")
@click.option("--target", metavar="COL", help="Column with the labels (tables).")
@click.option("--group", metavar="COL", help="Column that names the source of each row (tables).")
@click.option("--group-pattern", metavar="REGEX", help="Group files by what this captures in their path: '(s\\d+)_'.")
@click.option("--image-size", type=int, metavar="PIXELS", help="Side in pixels to which images are resized.")
@click.option("--sample-rate", type=int, metavar="HZ", help="Sample rate in Hz to which sounds are resampled.")
@click.option("--clip-seconds", type=float, metavar="S", help="Length in seconds to which sounds are cut or padded.")
@click.option("--overwrite", is_flag=True, help="Replace what an earlier call wrote to OUT.")
@click.option("--jobs", "-j", type=int, help="Worker processes.  [default: one per core, for large data]")
@mirror
@shared
def augment(
    data: str,
    out: str,
    copies: int,
    seed: int,
    operations: str | None,
    only_classes: str | None,
    no_originals: bool,
    run: str | None,
    part: str,
    fold: int | None,
    form: str,
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

    progress = None if output.quiet else counting()
    loaded, whole_groups, notes = _rows(data, run, part, fold, progress, options)
    if sheet:
        _write_sheet(Path(sheet), loaded, operations, seed, options["fill"], options["best"])
    names = None if only_classes is None else [name.strip() for name in only_classes.split(",")]
    try:
        written = augment_to_disk(
            loaded,
            Path(out),
            operations=operations,
            copies=copies,
            seed=seed,
            originals=not no_originals,
            only=names,
            groups=whole_groups,
            fill=options["fill"],
            sound_format=form,
            best=options["best"],
            overwrite=options["overwrite"],
            jobs=options["jobs"],
            progress=progress,
        )
    except KeyboardInterrupt:
        raise TrainingError(
            "stopped before it was whole; nothing stands there yet", where=out, fix="the same command goes on"
        ) from None
    target = loaded.input.get("target") if loaded.kind == "table" else None
    then = shlex.join(["heldout", "train", out, *(["--target", target] if target else [])])
    found = {
        "out": out,
        "kind": loaded.kind,
        "originals": written.n_originals,
        "copies": written.n_copies,
        "groups": written.n_groups,
        "classes": list(loaded.classes),
        "operations": list(written.operations),
        "seed": seed,
        "part": part,
        "went_on": written.went_on,
        "sheet": sheet,
        "notes": notes,
        "train": then,
    }
    if output.as_json:
        output.document(found)
        return 0
    output.notes(notes)
    output.line(
        f"{out}: {plural(written.n_copies, 'new sample')} ({', '.join(written.operations)}) and "
        f"{plural(written.n_originals, 'original')} in {plural(written.n_groups, 'group')}"
    )
    output.line(f"Train on them: {then}")
    return 0


def _rows(source: str, run: str | None, part: str, fold: int | None, progress: Any, options: dict[str, Any]) -> Any:
    """The rows that may be augmented, their groups (declared and detected), and what there is to say of them."""
    from heldout.augment.disk import eligible
    from heldout.kinds.loading import load
    from heldout.run.rows import all_groups

    keys = ("target", "group", "group_pattern", "image_size", "sample_rate", "clip_seconds", "mirror")
    given = {key: options[key] for key in keys}
    if run is None:
        if fold is not None:
            raise SettingError("--fold is of a run", fix="add --run RUN")
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


def _write_sheet(path: Path, data: Any, operations: str | None, seed: int, fill: str, best: bool) -> None:
    from heldout.augment.operations import parse_operations
    from heldout.augment.sheet import make_sheet
    from heldout.files import write_bytes

    if path.suffix.lower() not in (".png", ".html"):
        raise SettingError("a sheet is a .png or .html file", where=str(path), fix="--sheet sheet.png")
    steps = parse_operations(operations, data.kind)
    if not path.resolve().parent.is_dir():
        raise SettingError("its folder is not there", where=str(path), fix=f"mkdir -p '{path.parent}'")
    write_bytes(path, make_sheet(data, steps, seed=seed, fill=fill, best=best, form=path.suffix.lower()[1:]))
