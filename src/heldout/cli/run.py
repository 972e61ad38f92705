"""`heldout run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from heldout.cli.options import mirror, shared
from heldout.cli.recipes import execution, open_store, run_recipes, store_option
from heldout.errors import SettingError


@click.command()
@click.argument("recipe", metavar="RECIPE.yaml")
@click.option("--resume", is_flag=True, help="Go on with results that are there; refuses to begin anew.")
@execution
@mirror
@store_option
@shared
def run(recipe: str, resume: bool, store_file: str | None, as_json: bool, quiet: bool, debug: bool, **how: Any) -> int:
    """Run an experiment of your own: data, models, what is varied, what you claim.

    Results are kept as they come in RECIPE.results.sqlite; what is finished is never run again, so the same command
    goes on where an earlier one stopped.

    \b
    Example:
      heldout run my.yaml
      heldout run my.yaml --profile full --resume
    """
    from heldout.book.work import register
    from heldout.experiments.recipe import load_recipe

    register()
    loaded = load_recipe(Path(recipe))
    path = Path(store_file) if store_file else Path(recipe).with_suffix(".results.sqlite")
    if resume and not path.exists():
        raise SettingError("there is nothing to go on with", where=str(path), fix="leave out --resume")
    with open_store(str(path)) as store:
        return run_recipes([loaded], store, as_json=as_json, quiet=quiet, **how)
