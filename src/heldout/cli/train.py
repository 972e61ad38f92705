"""`heldout train`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from heldout.cli.main import STARTED
from heldout.cli.options import Output, options_of, shared
from heldout.errors import SettingError
from heldout.run.settings import TrainSettings, read_config, settings_from
from heldout.run.settings import config_schema as schema


@click.command()
@click.argument("data", required=False)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@options_of(TrainSettings)
@click.option("--out", "-o", metavar="DIR", help="Run folder.  [default: runs/<data>, then runs/<data>-2, ...]")
@click.option("--assess", is_flag=True, help="Open the seal at the end: score the chosen model on the test rows.")
@click.option("--resume", is_flag=True, help="Continue a run that was stopped or killed.")
@click.option("--config", "-c", metavar="FILE", help="Read settings from a YAML file; options override it.")
@click.option("--show-config", is_flag=True, help="Print the resolved settings as YAML, and stop.")
@click.option("--config-schema", is_flag=True, help="Print the JSON schema of a config file, and stop.")
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
    output: Output,
    **options: Any,
) -> int:
    """Train on DATA: split, seal, cross-validate the candidates, choose, refit, report.

    DATA is a CSV, TSV or Parquet file, a folder with one sub-folder of images or sounds per class (or train/ and test/
    folders of them), an .npz file with x and y, or the name of a dataset (see `heldout data list`). Settings can also
    be given as KEY=VALUE after the options.

    \b
    Example:
      heldout train digits --seed 1 --assess
      heldout train patients.csv --target outcome --group patient --time 10m
      heldout train photos/ --models k-nn,forest,cnn folds=10
    """
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

    with Display(quiet=output.quiet) as display:
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
    if output.as_json:
        output.document({"run": str(outcome.folder.path), **outcome.metrics.as_dict()})
    else:
        click.echo(summary(outcome.folder, outcome.metrics, interrupted=outcome.interrupted))
    return 1 if outcome.interrupted else 0


def _resolve(
    data: str | None, overrides: tuple[str, ...], config: str | None, options: dict[str, Any]
) -> TrainSettings:
    """Settings from the file, then the options, then KEY=VALUE; each overrides the one before."""
    import yaml

    values: dict[str, Any] = read_config(Path(config)) if config else {}
    values |= {name: value for name, value in options.items() if value is not None}
    if data and "=" in data and not Path(data).exists():
        overrides, data = (data, *overrides), None
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise SettingError(f"{override!r} is not KEY=VALUE", where="the command line", fix="folds=10, for example")
        try:
            values[key.strip().replace("-", "_")] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise SettingError(f"{override!r} has no value that can be read", fix="folds=10, for example") from None
    if data is not None:
        values["data"] = data
    if not values.get("data"):
        raise click.UsageError("Missing argument 'DATA'. Example: heldout train digits")
    return settings_from(values, where=config or "the command line")
