"""`heldout book`."""

from __future__ import annotations

from typing import Any

import click

from heldout.cli.options import Output, mirror, shared
from heldout.cli.words import duration
from heldout_course.cli.recipes import (
    execution,
    figures_option,
    open_store,
    run_recipes,
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
    from heldout_course.book.library import all_ids, find_recipe
    from heldout_course.book.work import register

    register()
    with open_store(store_file, must_exist=False) as store:
        seconds = store.seconds() if store else {}
    found = [_listed(find_recipe(identity), seconds) for identity in all_ids()]
    if output.as_json:
        output.document({"experiments": found})
        return 0
    rows = [("id", "state", "quick run", "title")]
    for one in found:
        rows.append((one["id"], one["state"], _took(one["quick_seconds"]), one["title"]))
    widths = [max(len(row[j]) for row in rows) for j in range(3)]
    most = terminal_width()
    for row in rows:
        line = "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[3]])
        output.line(line if most is None or len(line) <= most else line[: most - 1] + "…")
    return 0


def _took(seconds: float | None) -> str:
    return "" if seconds is None else "< 0.1 s" if seconds < 0.05 else duration(seconds)


def _listed(recipe: Any, seconds: dict[str, float]) -> dict[str, Any]:
    """State of the profile that is further along, and what the quick one took."""
    from heldout_course.book.entries import state_of
    from heldout_course.experiments.expand import expand

    plans = {profile: [job.id for job in expand(recipe, profile).jobs] for profile in ("full", "quick")}
    done = {profile: sum(job in seconds for job in jobs) for profile, jobs in plans.items()}
    best = max(plans, key=lambda profile: done[profile] / len(plans[profile]))  # full, if both are as far
    took = sum(seconds[job] for job in plans["quick"]) if done["quick"] == len(plans["quick"]) else None
    state = state_of(done[best], len(plans[best]), best)
    return {"id": recipe.id, "title": recipe.title, "state": state, "quick_seconds": took}


@book.command("run")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--slice", "share", metavar="K/N", help="Only the K-th of N parts of about equal work.")
@execution
@mirror
@store_option
@shared
def run(
    ids: tuple[str, ...],
    share: str | None,
    store_file: str | None,
    output: Output,
    **how: Any,
) -> int:
    """Run experiments by id, by chapter (ch11) or all; what is finished is not run again.

    \b
    Example:
      heldout book run ch10.figure-10-7 --profile quick
      heldout book run ch07 ch11
      heldout book run all --slice 2/6
    """
    from heldout_course.book.library import choose, find_recipe, share_of
    from heldout_course.book.work import register

    register()
    chosen = choose(ids)
    recipes = [find_recipe(identity) for identity in (share_of(chosen, share) if share else chosen)]
    with open_store(store_file) as store:
        return run_recipes(recipes, store, output, **how)


@book.command("show")
@click.argument("identity", metavar="ID")
@figures_option
@click.option(
    "--profile", type=click.Choice(["quick", "full"]), help="Profile to show.  [default: the more complete one]"
)
@store_option
@shared
def show(
    identity: str,
    figures: str | None,
    profile: str | None,
    store_file: str | None,
    output: Output,
) -> int:
    """Show an experiment: our numbers next to the published ones, and its claims.

    \b
    Example:
      heldout book show ch07.table-7-10
      heldout book show ch05.figure-5-1 --figures pictures
    """
    from heldout_course.book.entries import make_entry
    from heldout_course.book.library import find_recipe
    from heldout_course.book.work import register

    register()
    recipe = find_recipe(identity)
    with open_store(store_file, must_exist=False) as store:
        entry = make_entry(recipe, store, profile)
        show_entry(entry, output)
        if figures is not None:
            write_pictures(entry, figures, output)
    return 0


@book.command("report")
@click.option(
    "--out", default="book.html", show_default=True, metavar="FILE", help="The page; its Markdown goes next to it."
)
@click.option(
    "--profile", type=click.Choice(["quick", "full"]), help="Profile to show.  [default: the more complete one]"
)
@store_option
@shared
def report(out: str, profile: str | None, store_file: str | None, output: Output) -> int:
    """Write one page with all experiments, as HTML and as Markdown.

    \b
    Example:
      heldout book report --out book.html
    """
    from pathlib import Path

    from heldout_course.book.entries import make_entry
    from heldout_course.book.library import all_ids, find_recipe
    from heldout_course.book.page import write_page
    from heldout_course.book.work import register

    register()
    with open_store(store_file, must_exist=False) as store:
        entries = [make_entry(find_recipe(identity), store, profile) for identity in all_ids()]
    paths = [str(path) for path in write_page(Path(out), entries)]
    if output.as_json:
        output.document({"files": paths})
    else:
        output.line("Wrote " + " and ".join(paths))
    return 0
