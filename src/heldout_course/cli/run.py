"""`heldout run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from heldout.cli.options import Output, shared
from heldout.errors import SettingError
from heldout_course.cli.recipes import execution, figures_option, run_and_show, store_option, write_pictures


@click.command()
@click.argument("recipe", metavar="RECIPE.yaml")
@click.option("--resume", is_flag=True, help="Continue earlier results; an error if there are none.")
@figures_option
@execution
@store_option
@shared
def run(recipe: str, resume: bool, figures: str | None, store_file: str | None, output: Output, **how: Any) -> int:
    """Run an experiment of your own: data, models, what varies, what you claim.

    Results are stored in RECIPE.results.sqlite as they come. What is finished is never run again, so the same command
    continues where an earlier one stopped.

    \b
    Example:
      heldout run my.yaml
      heldout run my.yaml --profile full --resume
      heldout run my.yaml --figures pictures
    """
    from heldout_course.book.pictures import check_plot
    from heldout_course.book.work import register
    from heldout_course.experiments.recipe import load_recipe
    from heldout_course.experiments.store import Store

    register()
    loaded = load_recipe(Path(recipe))
    check_plot(loaded)
    path = Path(store_file) if store_file else Path(recipe).with_suffix(".results.sqlite")
    if resume and not path.exists():
        raise SettingError("There are no results to continue", where=str(path), fix="leave out --resume")
    with Store(path) as store:
        ran, code = run_and_show([loaded], store, output, **how)
        if figures is not None:
            write_pictures(ran.entries[0], figures, output)
    return code
