"""What `heldout book` and `heldout run` share: where results are, running, and showing."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from heldout.cli.options import Output
from heldout.cli.words import duration, plural, visible


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


def write_pictures(entry: Any, folder: str, output: Output) -> None:
    """Write an experiment's pictures, and name them."""
    from heldout_course.book.pictures import write_figures

    paths = write_figures(entry.found, Path(folder))
    words = "Wrote " + " and ".join(map(str, paths)) if paths else "There is no picture to write"
    click.echo(visible(words), err=output.as_json)


def execution(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--profile``, ``--on`` and ``--jobs``."""
    for option in (
        click.option(
            "--jobs", "-j", type=click.IntRange(0, 1024), metavar="N", help="Worker processes.  [default: one per core]"
        ),
        click.option("--on", "engine", metavar="ENGINE", help="Where to run: local, ray or ray://HOST:PORT."),
        click.option(
            "--profile",
            type=click.Choice(["quick", "full"]),
            default="quick",
            show_default=True,
            help="Size of the run.",
        ),
    ):
        command = option(command)
    return command


def default_store() -> Path:
    """The file of the course's results in the user's data folder."""
    from platformdirs import user_data_dir

    return Path(user_data_dir("heldout", appauthor=False)) / "book.sqlite"


@contextmanager
def open_store(given: str | None, *, must_exist: bool = True) -> Iterator[Any]:
    """The store; one that need not exist is only read, and None where there is no file."""
    from heldout_course.experiments.store import Store

    path = Path(given) if given else default_store()
    if not must_exist and not path.exists():
        yield None
        return
    with Store(path, read_only=not must_exist) as store:
        yield store


def run_recipes(
    recipes: Sequence[Any],
    store: Any,
    output: Output,
    *,
    profile: str,
    engine: str | None,
    jobs: int | None,
    mirror: str | None,
) -> int:
    """Run what is not finished, then show every recipe; exit code 1 if a job failed."""
    from heldout_course.book.entries import make_entry
    from heldout_course.book.work import run_task
    from heldout_course.experiments.expand import expand
    from heldout_course.experiments.runner import check_engine, run_jobs

    check_engine(engine)
    if mirror:
        os.environ["HELDOUT_MIRROR"] = mirror  # workers read it
    wanted = {job.id: job for recipe in recipes for job in expand(recipe, profile).jobs}
    began = time.monotonic()
    todo, told = list(wanted.values()), _progress(output.quiet)
    outcome = run_jobs(todo, store, run_task, n_workers=jobs, engine=engine, progress=told)
    entries = [make_entry(recipe, store, profile) for recipe in recipes]
    if output.as_json:
        records = [entry.record() for entry in entries]
        failed = [{"job": job, "why": why} for job, why in outcome.failed.items()]
        output.document({"experiments": records, "failed": failed})
        return 1 if outcome.failed else 0
    for entry in entries:
        if not output.quiet:
            show_entry(entry, output)
    took = duration(time.monotonic() - began)
    before = f", {outcome.n_before} finished before" if outcome.n_before else ""
    click.echo(f"{plural(outcome.n_done, 'job')} run in {took}{before}; results are in {visible(str(store.path))}")
    return _tell_failures(outcome.failed)


def _tell_failures(failed: dict[str, str]) -> int:
    if not failed:
        return 0
    first = visible(next(iter(failed.values())).splitlines()[0])
    click.echo(f"Error: {plural(len(failed), 'job')} failed; the first: {first}", err=True)
    click.echo("Fix: mend the cause and run the same command again; what is finished is kept", err=True)
    return 1


def _progress(quiet: bool) -> Callable[[int, int, str], None] | None:
    """Lines on standard error, at most one in two seconds, but for errors and the end."""
    if quiet:
        return None
    told = [0.0]

    def tell(done: int, total: int, words: str) -> None:
        if words or done == total or time.monotonic() - told[0] > 2:
            told[0] = time.monotonic()
            text = f"{done} of {plural(total, 'job')} finished" + (f"; {words}" if words else "")
            print(visible(text), file=sys.stderr)

    return tell


def show_entry(entry: Any, output: Output) -> None:
    """Print an experiment as a table, or as JSON: wrapped and coloured on a terminal, plain elsewhere."""
    if output.as_json:
        output.document(entry.record())
        return
    from heldout_course.book.plain import text_of

    for number, line in enumerate(text_of(entry, terminal_width())):
        click.echo(_coloured(visible(line), is_title=number == 0))


def terminal_width() -> int | None:
    """Columns of the terminal; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _coloured(line: str, *, is_title: bool) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return line
    if is_title:
        return click.style(line, bold=True)
    for tag, colour in (("[held]", "green"), ("[not held]", "red"), ("[not decidable]", "yellow")):
        if line.startswith(tag):
            return click.style(tag, fg=colour) + line.removeprefix(tag)
    return line
