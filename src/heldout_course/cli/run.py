"""`heldout run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from heldout.cli.options import Output, mirror, shared
from heldout.errors import SettingError
from heldout_course.cli.recipes import execution, figures_option, open_store, run_recipes, store_option, write_pictures


@click.command()
@click.argument("recipe", metavar="RECIPE.yaml")
@click.option("--resume", is_flag=True, help="Continue earlier results; an error if there are none.")
@figures_option
@execution
@mirror
@store_option
@shared
def run(
    recipe: str,
    resume: bool,
    figures: str | None,
    store_file: str | None,
    output: Output,
    **how: Any,
) -> int:
    """Run an experiment of your own: data, models, what varies, what you claim.

    Results are stored in RECIPE.results.sqlite as they come. What is finished is never run again, so the same command
    continues where an earlier one stopped.

    \b
    Example:
      heldout run my.yaml
      heldout run my.yaml --profile full --resume
      heldout run my.yaml --figures pictures
    """
    from heldout_course.book.entries import make_entry
    from heldout_course.book.pictures import check_plot
    from heldout_course.book.work import register
    from heldout_course.experiments.recipe import load_recipe

    register()
    loaded = load_recipe(Path(recipe))
    check_plot(loaded)
    path = Path(store_file) if store_file else Path(recipe).with_suffix(".results.sqlite")
    if resume and not path.exists():
        raise SettingError("there is nothing to go on with", where=str(path), fix="leave out --resume")
    with open_store(str(path)) as store:
        code = run_recipes([loaded], store, output, **how)
        if figures is not None:
            write_pictures(make_entry(loaded, store, how["profile"]), figures, output)
        return code
