"""`heldout look`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heldout.cli.options import Output, options_of, shared
from heldout.cli.progress import counting
from heldout.cli.words import visible
from heldout.errors import SettingError
from heldout.look.findings import Severity
from heldout.look.settings import LookSettings
from heldout.settings import from_values

if TYPE_CHECKING:
    from heldout.look.survey import Look


@click.command()
@click.argument("data", required=False)
@options_of(LookSettings)
@click.option("--list-checks", is_flag=True, help="List all checks with their ids, and stop.")
@shared
def look(data: str | None, list_checks: bool, output: Output, **options: Any) -> int:
    """Find problems in DATA before you train on it. DATA is what `heldout train` takes.

    Looks for copies, leaking columns, suspicious labels, groups in file names, outliers, unreadable files and more.
    Each finding has a severity, says why it matters and what to do. The exit code is 0 whatever is found, unless
    --fail-on is given.

    \b
    Example:
      heldout look patients.csv --target outcome
      heldout look photos/ --out look.html --ignore file-cue
      heldout look clips/ --json --fail-on warning
      heldout look --list-checks
    """
    if list_checks:
        return _list_checks(output)
    if data is None:
        raise SettingError("DATA is missing", fix="heldout look photos/, or heldout look --list-checks")
    given = {name: value for name, value in options.items() if value is not None}
    settings = from_values(LookSettings, {"data": data, **given})
    seen = _look(settings, output)
    if output.as_json:
        output.document(seen.as_json())
    else:
        from heldout.cli.look_view import show

        show(seen, settings.out)
    worst = None if settings.fail_on is None else Severity(settings.fail_on)
    return int(worst is not None and any(each.severity.is_at_least(worst) for each in seen.all_findings))


def _list_checks(output: Output) -> int:
    from heldout.kinds.registry import kind_named
    from heldout.look.checks import CHECKS

    if output.as_json:
        output.document({"checks": [check.as_json() for check in CHECKS]})
        return 0
    width = max(len(check.id) for check in CHECKS)
    for check in CHECKS:
        severities = " or ".join(severity.value for severity in check.severities)
        kinds = ", ".join(kind_named(name).plural for name in check.kinds) or "all data"
        output.line(f"{check.id:<{width}}  {severities:<16}  {kinds:<8}  {check.title}")
    return 0


def _look(settings: LookSettings, output: Output) -> Look:
    """Load, look, and write what was asked for."""
    from heldout.kinds.loading import load
    from heldout.look.survey import choose_checks
    from heldout.look.survey import look as survey

    choose_checks(settings.only, settings.ignore)  # a typo is an error before anything is loaded
    _check_places(settings.out, settings.groups)
    loaded = load(settings.data, progress=None if output.quiet else counting(), **settings.loading())
    if settings.run is not None:
        loaded = _without_sealed(loaded, settings.run)
    seen = survey(
        loaded,
        only=settings.only,
        ignore=settings.ignore,
        level=settings.level,
        seed=settings.seed,
        tell=_silent if output.quiet else _progress,
    )
    if settings.out is not None:
        from heldout.report.look_page import write_look

        write_look(Path(settings.out), seen, loaded)
    if settings.groups is not None:
        _write_groups(Path(settings.groups), loaded, seen)
    return seen


def _check_places(*paths: str | None) -> None:
    """Refuse before the work what could not be written after it."""
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
