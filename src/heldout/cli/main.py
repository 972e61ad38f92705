"""The group of commands, and what every command does with errors."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from importlib import import_module
from typing import Any, NoReturn

import click

from heldout import __version__
from heldout.cli.plugins import PluginError, find_plugins
from heldout.cli.words import visible
from heldout.errors import HeldoutError, TrainingError

STARTED = time.monotonic()
"""When the command began, from which its time limit counts."""

COMMANDS = {
    "train": ("train", "Split, seal, cross-validate the candidates, choose, refit, report."),
    "assess": ("assess", "Open the seal: score the chosen model on the test rows, on record."),
    "predict": ("predict", "Predict labels and probabilities for files or table rows."),
    "evaluate": ("evaluate", "Score a trained model on other labelled data."),
    "look": ("look", "Find problems in the data before you train on it."),
    "compare": ("compare", "Are runs, or the models of a run, really different?"),
    "augment": ("augment", "Write an augmented copy of the data that names each sample's source."),
    "data": ("data", "List and fetch named datasets, and describe any data."),
}
"""Name to module and one line of help; the module is imported when the command is used."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *find_plugins(COMMANDS)[0]]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            plugin = find_plugins(COMMANDS)[0].get(name)
            return None if plugin is None else plugin.load()
        command: click.Command = getattr(import_module(f"heldout.cli.{COMMANDS[name][0]}"), name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and args[0] not in (known := self.list_commands(ctx)):
            from difflib import get_close_matches

            near = get_close_matches(args[0], known, 1)
            ctx.fail(f"Unknown command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, text) for name, (_, text) in COMMANDS.items()]
        plugins, refused = find_plugins(COMMANDS)
        for name, plugin in plugins.items():
            try:
                rows.append((name, plugin.load().get_short_help_str(100)))
            except PluginError as error:
                refused.append((name, error.what.partition("' ")[2]))
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        if refused:
            with formatter.section("Not available"):
                formatter.write_dl([(name, visible(why)) for name, why in refused])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="heldout %(version)s")
def heldout() -> None:
    """From labelled data to a classifier you can trust.

    \b
    Example:
      heldout train digits --seed 1 --assess
      heldout train patients.csv --target outcome --group patient --time 10m
      heldout train photos/
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; exits with 0, 1 (the job failed) or 2 (the input or the call is wrong)."""
    given = sys.argv[1:] if arguments is None else arguments
    if threading_is_main():
        signal.signal(signal.SIGTERM, _as_interrupt)
    sys.exit(_run(given))


def threading_is_main() -> bool:
    """Whether this is the main thread, the only one that may set signal handlers."""
    import threading

    return threading.current_thread() is threading.main_thread()


def _as_interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _run(arguments: list[str]) -> int:
    debug = "--debug" in arguments
    try:
        code = heldout.main(arguments, prog_name="heldout", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        if "--json" in arguments:
            _print_json_error("UsageError", error.format_message(), "", "heldout --help")
        error.show()
        return 2
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        if "--json" in arguments:
            _print_json_error("Stopped", "stopped by the user", "", "run the same command with --resume")
        click.echo("Stopped.", err=True)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except HeldoutError as error:
        if debug:
            raise
        if "--json" in arguments:
            _print_json_error(type(error).__name__, error.what, error.where, error.fix)
        _show(error)
        return 1 if isinstance(error, TrainingError | PluginError) else 2
    except Exception as error:
        if debug:
            raise
        if "--json" in arguments:
            _print_json_error(type(error).__name__, str(error), "", "")
        click.echo(f"Internal error: {type(error).__name__}: {error}", err=True)
        click.echo("Fix: run the same command with --debug, and report what it prints", err=True)
        return 1


def _show(error: HeldoutError) -> None:
    """Print cause, place and remedy; control characters from file names are made visible."""
    place = f"{error.where}: " if error.where else ""
    first, *more = f"Error: {place}{error.what}".splitlines()
    click.echo("\n  ".join(map(visible, [first, *more])), err=True)
    if error.fix:
        click.echo(visible(f"Fix: {error.fix}"), err=True)


def _print_json_error(kind: str, what: str, where: str, fix: str) -> None:
    click.echo(json.dumps({"error": {"kind": kind, "what": what, "where": where, "fix": fix}}, ensure_ascii=False))
