"""`heldout train`."""

from __future__ import annotations

import json
import shlex
import sys
from typing import Any

import click

from heldout.cli.main import STARTED
from heldout.cli.options import mirror, shared
from heldout.errors import SettingError


@click.command()
@click.argument("data", required=False)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--target", metavar="COL", help="Column with the labels (tables).")
@click.option(
    "--group", metavar="COL", help="Column that names the source of each row; a source never crosses a split."
)
@click.option("--group-pattern", metavar="REGEX", help="Take the source of each file from its name: '(s\\d+)_'.")
@click.option("--time", "time", metavar="10m", help="Time that the whole command may take: 90s, 10m, 1h30m.")
@click.option("--models", metavar="A,B", help="Models to try, by name (default: all of the leaderboard).")
@click.option("--seed", type=int, help="Seed of every random choice (default 0).")
@click.option("--out", "-o", metavar="DIR", help="Run folder (default runs/<data>, then runs/<data>-2, ...).")
@click.option("--assess", is_flag=True, help="Open the seal at the end: score the chosen model on the test rows.")
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped or killed.")
@click.option(
    "--split",
    metavar="WAY",
    help="Which rows are sealed: class, random, hash, time:COL, column:COL, published, file:PATH (default class).",
)
@click.option("--folds", metavar="N|WORD", help="Folds of the cross-validation (default 5), loo-group, or published.")
@click.option(
    "--prepare",
    metavar="STEPS",
    help="Preparation in place of each model's own, such as 'impute mean, standardize, pca 0.95'.",
)
@click.option(
    "--search",
    metavar="none|light|deep",
    help="Search hyperparameters of the most promising models: a few points, or Optuna (default none).",
)
@click.option("--repeats", type=int, help="Repeats of the cross-validation (default 3 up to 1,000 rows, else 1).")
@click.option(
    "--threshold",
    metavar="RULE",
    help="Choose how labels follow from probabilities: mcc, tpr>=0.95 (tnr, ppv, npv), cost:fp=1,fn=5.",
)
@click.option("--test-share", type=float, help="Share of the rows that is sealed (default 0.2).")
@click.option("--rows", type=int, help="Maximum rows for cross-validation (default 10,000).")
@click.option("--image-size", type=int, metavar="PIXELS", help="Side to which images are resized.")
@click.option("--sample-rate", type=int, metavar="HZ", help="Sample rate to which sounds are resampled.")
@click.option("--clip-seconds", type=float, metavar="S", help="Length to which sounds are cut or padded.")
@click.option("--strict", is_flag=True, default=None, help="Unreadable files end the job instead of being counted.")
@click.option("--look/--no-look", default=None, help="Look at the training rows first (default: yes).")
@click.option(
    "--learning-curve/--no-learning-curve", default=None, help="Score against training rows (default: where quick)."
)
@click.option("--jobs", "-j", type=int, help="Worker processes (default: one per core).")
@click.option("--config", "-c", metavar="FILE", help="Read settings from a YAML file; options win over it.")
@click.option("--show-config", is_flag=True, help="Print the resolved settings as YAML, and stop.")
@click.option("--config-schema", is_flag=True, help="Print the JSON schema of a config file, and stop.")
@mirror
@shared
def train(
    data: str | None,
    overrides: tuple[str, ...],
    out: str | None,
    assess: bool,
    resume: bool,
    config: str | None,
    show_config: bool,
    config_schema: bool,
    as_json: bool,
    quiet: bool,
    debug: bool,
    **options: Any,
) -> int:
    """Train on DATA: split, seal, cross-validate the candidates, choose, refit, report.

    DATA is a CSV, TSV or Parquet file, a folder with one sub-folder of images or sounds a class (or train/
    and test/ folders of them), an .npz with x and y, or the name of a dataset (see `heldout data list`). Settings may
    also be given as KEY=VALUE after the options.

    \b
    Example:
      heldout train digits --seed 1 --assess
      heldout train patients.csv --target outcome --group patient --time 10m
      heldout train photos/ --models k-nn,forest,cnn folds=10
    """
    from heldout.run.settings import config_schema as schema

    if config_schema:
        click.echo(json.dumps(schema(), indent=1))
        return 0
    settings = _resolve(data, overrides, config, options)
    if show_config:
        import yaml

        click.echo(yaml.safe_dump(settings.changed(), sort_keys=False), nl=False)
        return 0
    from heldout.cli.display import Display
    from heldout.cli.summary import summary
    from heldout.job.main import train as run_job

    with Display(quiet=quiet) as display:
        outcome = run_job(
            settings,
            out=out,
            resume=resume,
            assess=assess,
            started=STARTED,
            command=shlex.join(["heldout", *sys.argv[1:]]),
            listen=display.listen,
            load_progress=display.loading,
        )
    if as_json:
        click.echo(json.dumps({"run": str(outcome.folder.path), **outcome.metrics}, ensure_ascii=False))
    else:
        click.echo(summary(outcome.folder, outcome.metrics, interrupted=outcome.interrupted))
    return 1 if outcome.interrupted else 0


def _resolve(data: str | None, overrides: tuple[str, ...], config: str | None, options: dict[str, Any]) -> Any:
    """Settings from the file, then the options, then KEY=VALUE, each over the one before."""
    from pathlib import Path

    import yaml

    from heldout.run.settings import read_config, settings_from

    values: dict[str, Any] = read_config(Path(config)) if config else {}
    values |= {name: value for name, value in options.items() if value is not None}
    if data and "=" in data and not Path(data).exists():
        overrides, data = (data, *overrides), None
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise SettingError(f"{override!r} is not KEY=VALUE", where="the command line", fix="folds=10, for example")
        try:
            values[key.strip().replace("-", "_")] = yaml.safe_load(text) if key != "time" else text
        except yaml.YAMLError:
            raise SettingError(f"{override!r} has no value that can be read", fix="folds=10, for example") from None
    if data is not None:
        values["data"] = data
    if not values.get("data"):
        raise click.UsageError("Missing argument 'DATA'. Example: heldout train digits")
    return settings_from(values, where=config or "the command line")
