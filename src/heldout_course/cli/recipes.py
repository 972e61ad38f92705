"""Options and printing that `heldout book` and `heldout run` share."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heldout.cli.options import Output, mirror, options_of
from heldout.cli.words import duration, plural, visible
from heldout.settings import from_values
from heldout_course.experiments.execution import Execution

if TYPE_CHECKING:
    from heldout_course.book.entries import Entry
    from heldout_course.book.plain import TextLine
    from heldout_course.book.running import Ran
    from heldout_course.experiments.recipe import Recipe
    from heldout_course.experiments.store import Store

COLOURS = {"held": "green", "not held": "red", "not decidable": "yellow"}


def store_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--store``."""
    return click.option(
        "--store",
        "store_file",
        metavar="FILE",
        envvar="HELDOUT_STORE",
        help="File with the results (or set HELDOUT_STORE).",
    )(command)


def figures_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--figures``."""
    return click.option("--figures", metavar="FOLDER", help="Also write the pictures to FOLDER, as SVG.")(command)


def profile_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--profile``, of what is shown."""
    return click.option(
        "--profile", type=click.Choice(["quick", "full"]), help="Profile to show.  [default: the more complete one]"
    )(command)


def execution(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--profile``, ``--on``, ``--jobs`` and ``--mirror``."""
    return options_of(Execution)(mirror(command))


def run_and_show(
    recipes: Sequence[Recipe], store: Store, output: Output, *, mirror: str | None, **options: Any
) -> tuple[Ran, int]:
    """Run what is not finished, then show every recipe; what came of it, and the exit code: 1 if a job failed."""
    from heldout_course.book.running import run_recipes

    how = from_values(Execution, {name: value for name, value in options.items() if value is not None})
    ran = run_recipes(recipes, store, how, mirror=mirror, progress=None if output.quiet else _progress())
    code = 1 if ran.outcome.failed else 0
    if output.as_json:
        failed = [{"job": job, "why": why} for job, why in ran.outcome.failed.items()]
        output.document({"experiments": [entry.record() for entry in ran.entries], "failed": failed})
        return ran, code
    for entry in () if output.quiet else ran.entries:
        show_entry(entry, output)
    took = duration(ran.seconds)
    before = f", {ran.outcome.n_before} finished before" if ran.outcome.n_before else ""
    output.line(f"{plural(ran.outcome.n_done, 'job')} run in {took}{before}; results are in {store.path}")
    if ran.outcome.failed:
        first = next(iter(ran.outcome.failed.values())).splitlines()[0]
        click.echo(visible(f"Error: {plural(len(ran.outcome.failed), 'job')} failed; the first: {first}"), err=True)
        click.echo("Fix: correct the cause and run the same command again; finished results are kept", err=True)
    return ran, code


def _progress() -> Callable[[int, int, str], None]:
    """Lines on standard error, at most one in two seconds, but for errors and the end."""
    shown = [0.0]

    def show(done: int, total: int, words: str) -> None:
        if words or done == total or time.monotonic() - shown[0] > 2:
            shown[0] = time.monotonic()
            text = f"{done} of {plural(total, 'job')} finished" + (f"; {words}" if words else "")
            print(visible(text), file=sys.stderr)

    return show


def show_entry(entry: Entry, output: Output) -> None:
    """Print an experiment as a table, or as JSON: wrapped and coloured on a terminal, plain elsewhere."""
    if output.as_json:
        output.document(entry.record())
        return
    from heldout_course.book.plain import text_of

    for line in text_of(entry, terminal_width()):
        click.echo(_styled(line))


def write_pictures(entry: Entry, folder: str, output: Output) -> None:
    """Write an experiment's pictures, and name them."""
    from heldout_course.book.pictures import write_figures

    paths = write_figures(entry.found, Path(folder))
    words = "Wrote " + " and ".join(map(str, paths)) if paths else "There is no picture to write"
    click.echo(visible(words), err=output.as_json)


def terminal_width() -> int | None:
    """Columns of the terminal; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _styled(line: TextLine) -> str:
    head, rest = visible(line.head), visible(line.rest)
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return head + rest
    if line.style == "title":
        return click.style(head, bold=True) + rest
    return (click.style(head, fg=COLOURS[line.style]) if line.style in COLOURS else head) + rest
