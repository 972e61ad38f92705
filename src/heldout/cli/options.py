"""Options that commands share, and those that are made from a record of settings."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from heldout.cli.words import visible
from heldout.settings import Setting, settings_of

Command = Callable[..., Any]


@dataclass(frozen=True)
class Output:
    """Where a command writes: its result to standard output, notes and progress to standard error."""

    as_json: bool
    quiet: bool

    def document(self, values: Mapping[str, Any]) -> None:
        """The result for machines: one JSON document."""
        click.echo(json.dumps(values, ensure_ascii=False, allow_nan=False))

    def line(self, text: str) -> None:
        """A line of the result for people."""
        click.echo(visible(text))

    def notes(self, texts: Iterable[str], *, of: str = "Note") -> None:
        """Remarks on the result, unless the user wants quiet."""
        for text in () if self.quiet else texts:
            click.echo(visible(f"{of}: {text}"), err=True)


def shared(command: Command) -> Command:
    """Add ``--json``, ``--quiet`` and ``--debug``; the command gets an `Output` as its keyword ``output``."""

    @functools.wraps(command)
    def call(*arguments: Any, as_json: bool, quiet: bool, debug: bool, **options: Any) -> Any:
        return command(*arguments, output=Output(as_json, quiet), **options)

    decorated: Command = call
    for option in (
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
        click.option("--quiet", "-q", is_flag=True, help="Print only the result, no progress."),
        click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON document on stdout, everything else on stderr."
        ),
    ):
        decorated = option(decorated)
    return decorated


def options_of(record: type, *, leave_out: tuple[str, ...] = ("data",)) -> Callable[[Command], Command]:
    """Add an option for each setting of a record; one that is not given is None, so that a config file can say it."""

    def decorate(command: Command) -> Command:
        for one in reversed(settings_of(record)):
            if one.name not in leave_out:
                command = option_of(one)(command)
        return command

    return decorate


def option_of(one: Setting) -> Callable[[Command], Command]:
    """The option of one setting."""
    facts = [f"default: {one.default_text}" if one.default_text and one.default is not False else ""]
    facts += [str(one.within or ""), f"env: {one.envvar}" if one.envvar else ""]
    shown = "; ".join(filter(None, facts))
    text = f"{one.help}  [{shown}]" if shown else one.help
    flags = [one.option] if one.default is False or one.kind != "bool" else [f"{one.option}/--no-{one.option[2:]}"]
    flags += [flag for flag in one.flags.split() if not flag.startswith("--")]
    if one.kind == "bool":
        return click.option(*flags, one.name, is_flag=True, default=None, help=text)
    return click.option(
        *flags,
        one.name,
        type={"int": int, "float": float}.get(one.kind, str) if one.read is None else str,
        metavar="|".join(one.choices) or one.metavar or None,
        envvar=one.envvar or None,
        help=text,
    )


def mirror(command: Command) -> Command:
    """Add ``--mirror``."""
    from heldout.data.settings import LoadSettings

    [one] = [one for one in settings_of(LoadSettings) if one.name == "mirror"]
    return option_of(one)(command)
