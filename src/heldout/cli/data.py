"""`heldout data`: named datasets, and a first look at any."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from heldout.cli.options import Output, shared
from heldout.cli.options import mirror as mirror_option
from heldout.cli.progress import counting


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
def list_named(output: Output) -> None:
    """List the named datasets.

    \b
    Example:
      heldout data list
      heldout data list --json
    """
    from heldout.data.named import NAMED

    if output.as_json:
        output.document({name: dataclasses.asdict(known) for name, known in NAMED.items()})
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
def fetch(name: str, mirror: str | None, output: Output) -> None:
    """Download the files of dataset NAME, and check their checksums.

    \b
    Example:
      heldout data fetch mnist
    """
    from heldout.data.named_loading import fetch as bring

    path = bring(name, mirror=mirror, progress=None if output.quiet else counting())
    if output.as_json:
        output.document({"name": name, "path": path and str(path)})
    else:
        output.line(f"{name}: {'comes with scikit-learn, nothing to download' if path is None else path}")


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
    output: Output,
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
    from heldout.data.named import NAMED
    from heldout.data.ranges import ranges
    from heldout.data.variants import scramble_order
    from heldout.kinds.loading import load
    from heldout.kinds.sheet import save_sheet

    found = load(source, target=target, group=group, mirror=mirror, progress=None if output.quiet else counting())
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
    if output.as_json:
        if source in NAMED and NAMED[source].is_scrambled:
            values["permutation"] = scramble_order(28 * 28).tolist()
        output.document(values)
        return
    _show(found, values, output)


def _show(found: Any, values: dict[str, Any], output: Output) -> None:
    """What `heldout data info` prints for people."""
    shape = " × ".join(map(str, values["shape"]))
    output.line(f"{found.name}: {len(found):,} rows of kind {found.kind}, {shape} numbers each")
    for name, count in values["classes"].items():
        output.line(f"  {name:<24} {count:>8,}")
    _show_ranges(values["ranges"], output)
    for key in ("groups", "official_test", "folds", "fingerprint", "sheet"):
        if values[key] is not None:
            output.line(f"{key.replace('_', ' ')}: {values[key]}")
    for key, value in (values["known"] or {}).items():
        output.line(f"{key}: {value}")
    for note in found.notes:
        output.line(f"Note: {note}")
    for item in found.skipped[:20]:
        output.line(f"Skipped: {item.id}: {item.reason}")
    if len(found.skipped) > 20:
        output.line(f"and {len(found.skipped) - 20:,} more")


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


def _show_ranges(found: dict[str, dict[str, Any]], output: Output, limit: int = 20) -> None:
    for name, values in list(found.items())[:limit]:
        if "max" not in values:
            text = f"{values['values']:,} categories"
        elif values["max"] is None:
            text = "no values"
        else:
            text = f"{values['min']:g} to {values['max']:g}, mean {values['mean']:.4g}"
        missing = f", {values['missing']:,} missing" if values.get("missing") else ""
        output.line(f"  {name:<24} {text}{missing}")
    if len(found) > limit:
        output.line(f"  and {len(found) - limit:,} more columns")
