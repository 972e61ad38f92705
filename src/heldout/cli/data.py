"""`heldout data`: named datasets, and a first look at any."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from heldout.cli.main import visible
from heldout.cli.options import mirror as mirror_option
from heldout.cli.options import shared


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def data() -> None:
    """List and fetch named datasets, and describe any data.

    \b
    Example:
      heldout data list
      heldout data fetch mnist
      heldout data info patients.csv --target outcome
    """


@data.command("list")
@shared
def list_named(as_json: bool, quiet: bool, debug: bool) -> None:
    """List the named datasets.

    \b
    Example:
      heldout data list
      heldout data list --json
    """
    from heldout.data.named import NAMED

    if as_json:
        click.echo(json.dumps({name: dataclasses.asdict(known) for name, known in NAMED.items()}, ensure_ascii=False))
        return
    for name, known in NAMED.items():
        size = f"{known.download_bytes / 1e6:.0f} MB" if known.download_bytes else "installed"
        click.echo(
            f"{name:<24} {known.n_rows:>7,} {known.kind:<7} {len(known.classes):>3} classes  {size:>9}  {known.task}"
        )


@data.command()
@click.argument("name")
@mirror_option
@shared
def fetch(name: str, mirror: str | None, as_json: bool, quiet: bool, debug: bool) -> None:
    """Download the files of dataset NAME, and check their checksums.

    \b
    Example:
      heldout data fetch mnist
    """
    from heldout.data.named import fetch as bring

    path = bring(name, mirror=mirror, progress=None if quiet else _progress())
    where = "comes with scikit-learn; nothing to fetch" if path is None else str(path)
    click.echo(json.dumps({"name": name, "path": path and str(path)}) if as_json else f"{name}: {where}")


@data.command()
@click.argument("source")
@click.option("--target", metavar="COL", help="Column with the labels (tables).")
@click.option("--group", metavar="COL", help="Column that names the source of each row.")
@click.option("--sheet", metavar="FILE.png", help="Also write a sheet of samples of each class (images).")
@mirror_option
@shared
def info(
    source: str,
    target: str | None,
    group: str | None,
    sheet: str | None,
    mirror: str | None,
    as_json: bool,
    quiet: bool,
    debug: bool,
) -> None:
    """Describe SOURCE (what `heldout train` takes): rows, classes, ranges, skipped files.

    \b
    Example:
      heldout data info photos/ --sheet samples.png
      heldout data info mnist
    """
    from pathlib import Path

    import numpy as np

    from heldout.data.fingerprint import fingerprint
    from heldout.data.loading import load
    from heldout.data.ranges import ranges
    from heldout.data.sheet import save_sheet

    found = load(source, target=target, group=group, mirror=mirror, progress=None if quiet else _progress())
    counts = dict(zip(found.classes, np.bincount(found.y, minlength=found.n_classes).tolist(), strict=True))
    values: dict[str, Any] = {
        "name": found.name,
        "kind": found.kind,
        "rows": len(found),
        "shape": list(found.x.shape[1:]),
        "classes": counts,
        "groups": None if found.groups is None else len(np.unique(found.groups)),
        "official_test": None if found.official_test is None else int(found.official_test.sum()),
        "folds": None if found.folds is None else int(found.folds.max()) + 1,
        "ranges": ranges(found),
        "fingerprint": fingerprint(found),
        "known": _known(source),
        "sheet": str(save_sheet(found, Path(sheet))) if sheet else None,
        "skipped": [[item.id, item.reason] for item in found.skipped],
        "notes": list(found.notes),
    }
    if as_json:
        if "scrambled" in source and values["known"]:
            from heldout.data.variants import scramble_order

            values["permutation"] = scramble_order(28 * 28).tolist()
        click.echo(json.dumps(values, ensure_ascii=False))
        return
    shape = " × ".join(map(str, values["shape"]))
    click.echo(visible(f"{found.name}: {len(found):,} rows of kind {found.kind}, {shape} numbers each"))
    for name, count in counts.items():
        click.echo(visible(f"  {name:<24} {count:>8,}"))
    _tell_ranges(values["ranges"])
    for key in ("groups", "official_test", "folds", "fingerprint", "sheet"):
        if values[key] is not None:
            click.echo(visible(f"{key.replace('_', ' ')}: {values[key]}"))
    for key, value in (values["known"] or {}).items():
        click.echo(f"{key}: {value}")
    for note in found.notes:
        click.echo(visible(f"Note: {note}"))
    for item in found.skipped[:20]:
        click.echo(visible(f"Skipped: {item.id}: {item.reason}"))
    if len(found.skipped) > 20:
        click.echo(f"and {len(found.skipped) - 20:,} more")


def _known(name: str) -> dict[str, Any] | None:
    """Credit, licence and checksums of a named dataset."""
    from heldout.data.named import NAMED

    if name not in NAMED:
        return None
    known = NAMED[name]
    facts: dict[str, Any] = {"task": known.task, "credit": known.source, "licence": known.license}
    if known.variant_of:
        facts["made of"] = known.variant_of
    facts |= {f"SHA-256 of {file.path}": file.sha256 for file in known.files if file.sha256}
    return facts


def _tell_ranges(found: dict[str, dict[str, Any]], limit: int = 20) -> None:
    for name, values in list(found.items())[:limit]:
        if "max" not in values:
            text = f"{values['values']:,} categories"
        elif values["max"] is None:
            text = "no values"
        else:
            text = f"{values['min']:g} to {values['max']:g}, mean {values['mean']:.4g}"
        missing = f", {values['missing']:,} missing" if values.get("missing") else ""
        click.echo(visible(f"  {name:<24} {text}{missing}"))
    if len(found) > limit:
        click.echo(f"  and {len(found) - limit:,} more columns")


def _progress() -> Callable[[int, int, str], None]:
    """Plain progress lines on stderr, at most one a second."""
    told = [time.monotonic()]

    def tell(done: int, total: int, what: str) -> None:
        if time.monotonic() - told[0] > 1:
            told[0] = time.monotonic()
            print(visible(f"{what}: {done:,} of {total:,}"), file=sys.stderr, flush=True)

    return tell
