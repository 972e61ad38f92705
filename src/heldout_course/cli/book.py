"""`heldout book`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from heldout.cli.options import Output, shared
from heldout.cli.words import duration
from heldout_course.cli.recipes import (
    execution,
    figures_option,
    profile_option,
    run_and_show,
    show_entry,
    store_option,
    terminal_width,
    write_pictures,
)


@click.group()
def book() -> None:
    """Run and show the course's experiments, next to the published numbers.

    \b
    Example:
      heldout book list
      heldout book run ch11.table-11-4
      heldout book show ch11.table-11-4
    """


def _store_path(given: str | None) -> Path:
    from heldout_course.book.running import default_store
    from heldout_course.book.work import register

    register()
    return Path(given) if given else default_store()


@book.command("list")
@store_option
@shared
def list_(store_file: str | None, output: Output) -> int:
    """List all experiments: the state of each, and how long its quick run took on one core.

    \b
    Example:
      heldout book list
      heldout book list --json
    """
    from heldout_course.book.running import list_experiments, opened

    with opened(_store_path(store_file)) as store:
        found = list_experiments(store)
    if output.as_json:
        output.document({"experiments": [asdict(one) for one in found]})
        return 0
    rows = [("id", "state", "quick run", "title")]
    rows += [(one.id, one.state, _took(one.quick_seconds), one.title) for one in found]
    widths = [max(len(row[j]) for row in rows) for j in range(3)]
    most = terminal_width()
    for *cells, title in rows:
        line = "  ".join([*(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)), title])
        output.line(line if most is None or len(line) <= most else line[: most - 1] + "…")
    return 0


def _took(seconds: float | None) -> str:
    return "" if seconds is None else "< 0.1 s" if seconds < 0.05 else duration(seconds)


@book.command("run")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--slice", "share", metavar="K/N", help="Only the K-th of N parts of about equal work.")
@execution
@store_option
@shared
def run(ids: tuple[str, ...], share: str | None, store_file: str | None, output: Output, **how: Any) -> int:
    """Run experiments by id, by chapter (ch11) or all; what is finished is not run again.

    \b
    Example:
      heldout book run ch10.figure-10-7 --profile quick
      heldout book run ch07 ch11
      heldout book run all --slice 2/6
    """
    from heldout_course.book.library import choose, find_recipe, share_of
    from heldout_course.experiments.store import Store

    path, chosen = _store_path(store_file), choose(ids)
    recipes = [find_recipe(identity) for identity in (share_of(chosen, share) if share else chosen)]
    with Store(path) as store:
        return run_and_show(recipes, store, output, **how)[1]


@book.command("show")
@click.argument("identity", metavar="ID")
@figures_option
@profile_option
@store_option
@shared
def show(identity: str, figures: str | None, profile: str | None, store_file: str | None, output: Output) -> int:
    """Show an experiment: our numbers next to the published ones, and its claims.

    \b
    Example:
      heldout book show ch07.table-7-10
      heldout book show ch05.figure-5-1 --figures pictures
    """
    from heldout_course.book.entries import make_entry
    from heldout_course.book.library import find_recipe
    from heldout_course.book.running import opened

    path, recipe = _store_path(store_file), find_recipe(identity)
    with opened(path) as store:
        entry = make_entry(recipe, store, profile)
    show_entry(entry, output)
    if figures is not None:
        write_pictures(entry, figures, output)
    return 0


@book.command("report")
@click.option(
    "--out", default="book.html", show_default=True, metavar="FILE", help="The page; its Markdown goes next to it."
)
@profile_option
@store_option
@shared
def report(out: str, profile: str | None, store_file: str | None, output: Output) -> int:
    """Write one page with all experiments, as HTML and as Markdown.

    \b
    Example:
      heldout book report --out book.html
    """
    from heldout_course.book.entries import make_entry
    from heldout_course.book.library import all_ids, find_recipe
    from heldout_course.book.page import write_page
    from heldout_course.book.running import opened

    with opened(_store_path(store_file)) as store:
        entries = [make_entry(find_recipe(identity), store, profile) for identity in all_ids()]
    paths = [str(path) for path in write_page(Path(out), entries)]
    if output.as_json:
        output.document({"files": paths})
    else:
        output.line("Wrote " + " and ".join(paths))
    return 0
