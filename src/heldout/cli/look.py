"""`heldout look`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from heldout.cli.options import Output, mirror, shared
from heldout.cli.progress import counting
from heldout.cli.words import visible


@click.command()
@click.argument("data")
@click.option("--target", metavar="COL", help="Column with the labels (tables).")
@click.option("--group", metavar="COL", help="Column that names the source of each row.")
@click.option("--group-pattern", metavar="REGEX", help=r"Group files by what this captures in their path: '(s\d+)_'.")
@click.option("--run", metavar="RUN", help="Leave out the rows that this run sealed.")
@click.option("--out", "-o", metavar="FILE.html", help="Also write a page with figures.")
@click.option("--groups", "groups_out", metavar="FILE.csv", help="Also write file, label and group of each row.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    help="Exit with code 1 if a finding has this severity or a higher one.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of samples, folds and models.")
@click.option("--image-size", type=int, metavar="PIXELS", help="Side in pixels to which images are resized.")
@click.option("--strict", is_flag=True, help="Stop at the first unreadable file instead of skipping it.")
@mirror
@shared
def look(
    data: str,
    target: str | None,
    group: str | None,
    group_pattern: str | None,
    run: str | None,
    out: str | None,
    groups_out: str | None,
    fail_on: str | None,
    seed: int,
    image_size: int | None,
    strict: bool,
    mirror: str | None,
    output: Output,
) -> int:
    """Find problems in DATA before you train on it. DATA is what `heldout train` takes.

    Looks for copies, leaking columns, suspicious labels, groups in file names, outliers, unreadable files and more.
    Each finding has a severity, says why it matters and what to do. The exit code is 0 whatever is found, unless
    --fail-on is given.

    \b
    Example:
      heldout look patients.csv --target outcome
      heldout look photos/ --out look.html
      heldout look clips/ --json --fail-on warning
    """
    from heldout.kinds.loading import load
    from heldout.look.survey import look as survey

    _check_places(out, groups_out)
    tell = _silent if output.quiet else _progress
    loaded = load(
        data,
        target=target,
        group=group,
        group_pattern=group_pattern,
        mirror=mirror,
        strict=strict,
        image_size=image_size,
        progress=None if output.quiet else counting(),
    )
    if run is not None:
        loaded = _without_sealed(loaded, run)
    seen = survey(loaded, seed=seed, tell=tell)
    if out is not None:
        from heldout.report.look_page import write_look

        write_look(Path(out), seen, loaded)
    if groups_out is not None:
        _write_groups(Path(groups_out), loaded, seen)
    if output.as_json:
        output.document(seen.as_json())
    else:
        from heldout.cli.look_view import show

        show(seen, out)
    return int(fail_on is not None and _is_as_bad(seen, fail_on))


def _is_as_bad(seen: Any, fail_on: str) -> bool:
    from heldout.look.findings import SEVERITIES

    least = [name for name in SEVERITIES if name == fail_on]
    bad = SEVERITIES[: SEVERITIES.index(least[0]) + 1]
    return any(each.severity in bad for each in seen.findings)


def _check_places(*paths: str | None) -> None:
    """Refuse before the work what could not be written after it."""
    from heldout.errors import SettingError

    for text in paths:
        if text is None:
            continue
        path = Path(text)
        if path.is_dir():
            raise SettingError("this is a folder, not a file", where=text, fix=f"{path / 'look.html'}, for example")
        if not path.parent.is_dir():
            raise SettingError("its folder does not exist", where=text, fix=f"mkdir -p {path.parent}")


def _without_sealed(data: Any, run: str) -> Any:
    """The rows that a run did not seal."""
    import numpy as np

    from heldout.data.fingerprint import row_digests
    from heldout.errors import DataError
    from heldout.run.folder import RunFolder
    from heldout.run.identity import find_rows, short

    folder = RunFolder(run)
    folder.require_run()
    split = folder.read_json("split.json")
    sealed = find_rows(short(row_digests(data)), split["test_digests"])
    if len(sealed) < len(split["test_digests"]):
        raise DataError(
            f"only {len(sealed):,} of the {len(split['test_digests']):,} rows that the run sealed are in these data",
            where=run,
            fix="give the data that the run was trained on, with the same --target and --image-size",
        )
    return data.take(np.setdiff1d(np.arange(len(data)), sealed))


def _write_groups(path: Path, data: Any, seen: Any) -> None:
    import csv
    import io

    from heldout.files import write_text

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "label", "group"])
    writer.writerows(
        [str(name), data.classes[label], f"g{group}"]
        for name, label, group in zip(data.ids, data.y, seen.groups, strict=True)
    )
    write_text(path, text.getvalue())


def _progress(text: str) -> None:
    print(visible(text), file=sys.stderr, flush=True)


def _silent(text: str) -> None:
    return None
