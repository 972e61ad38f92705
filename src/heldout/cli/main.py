"""The group of commands, and what every command does with errors."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn

import click

from heldout import __version__
from heldout.cli.words import visible
from heldout.errors import HeldoutError, SettingError, TrainingError

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
GROUP = "heldout.commands"
"""Entry points of this group are commands, too: ``name = "package.module:command"``, a click command."""


def _added() -> dict[str, EntryPoint]:
    """Commands of other packages, by name; they cannot take the place of heldout's own."""
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in COMMANDS}


def _help_of(point: EntryPoint) -> str:
    """One line of help of a command of another package; a package that is broken does not take the others along."""
    try:
        return str(point.load().get_short_help_str(100))
    except Exception as error:
        return f"cannot be loaded: {type(error).__name__}: {error}"


def _load(point: EntryPoint) -> click.Command:
    """The command of another package.

    Raises
    ------
    SettingError
        If that package is broken or missing.
    """
    try:
        command: click.Command = point.load()
    except Exception as error:
        raise SettingError(
            f"the command {point.name!r} of {point.value} cannot be loaded: {type(error).__name__}: {error}",
            where=f"heldout {point.name}",
            fix="install the package that adds this command again; heldout's own commands do not need it",
        ) from error
    return command


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *_added()]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            added = _added().get(name)
            return None if added is None else _load(added)
        command: click.Command = getattr(import_module(f"heldout.cli.{COMMANDS[name][0]}"), name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        from difflib import get_close_matches

        known = self.list_commands(ctx)
        if args and args[0] not in known:
            near = get_close_matches(args[0], known, 1, 0.5)
            ctx.fail(f"no command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            own = [(name, text) for name, (_, text) in COMMANDS.items()]
            formatter.write_dl([*own, *((name, _help_of(point)) for name, point in _added().items())])


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
            _print_json_error("Stopped", "stopped by the user", "", "the same command with --resume")
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
        return 1 if isinstance(error, TrainingError) else 2
    except Exception as error:
        if debug:
            raise
        if "--json" in arguments:
            _print_json_error(type(error).__name__, str(error), "", "")
        click.echo(f"Error: heldout failed in a way that it should not: {type(error).__name__}: {error}", err=True)
        click.echo("Fix: run the same command with --debug and report what it prints.", err=True)
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
