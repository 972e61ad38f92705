"""Commands of other packages: each entry point of the group ``heldout.commands`` is one.

In the ``pyproject.toml`` of any package, with a click command as its target::

    [project.entry-points."heldout.commands"]
    hello = "my_package.commands:hello"

Such a command cannot take the place of one of heldout's own, and a package that is broken takes no other command along.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from heldout.errors import HeldoutError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "heldout.commands"


class PluginError(HeldoutError, ImportError):
    """A command of another package cannot be loaded."""


@dataclass(frozen=True)
class Plugin:
    """A command that another package adds."""

    point: EntryPoint

    @property
    def name(self) -> str:
        """Its word on the command line."""
        return self.point.name

    @property
    def package(self) -> str:
        """The distribution that it came with, and its version."""
        return f"{self.point.dist.name} {self.point.dist.version}" if self.point.dist else self.point.module

    def load(self) -> click.Command:
        """Import it.

        Raises
        ------
        PluginError
            If it cannot be imported or is no click command.
        """
        try:
            command = self.point.load()
        except (Exception, SystemExit) as error:
            raise self._error(f"{type(error).__name__}: {error}") from error
        if not isinstance(command, click.Command):
            raise self._error(f"{self.point.value} is not a click command")
        return command

    def _error(self, why: str) -> PluginError:
        name = self.point.dist.name if self.point.dist else self.point.module
        return PluginError(
            f"the command {self.name!r} of {self.package} cannot be loaded: {why}",
            fix=f"update or uninstall {name}; the other commands do not need it",
        )


def find_plugins(own: Collection[str]) -> tuple[dict[str, Plugin], list[tuple[str, str]]]:
    """Find the commands of other packages.

    Returns
    -------
    plugins : dict of str to Plugin
        By name; one of two packages that add the same name is chosen by the alphabet.
    refused : list of (name, why)
        Those that stand back: their name is one of ``own``, or another package's.
    """
    from importlib.metadata import entry_points

    plugins: dict[str, Plugin] = {}
    refused = []
    for plugin in sorted(map(Plugin, entry_points(group=GROUP)), key=lambda plugin: (plugin.name, plugin.package)):
        if plugin.name in own:
            refused.append((plugin.name, f"of {plugin.package}: heldout has a command of this name"))
        elif plugin.name not in plugins:
            plugins[plugin.name] = plugin
        elif plugin.point != plugins[plugin.name].point:
            first = plugins[plugin.name].package
            refused.append((plugin.name, f"of {plugin.package}: {first} has a command of this name"))
    return plugins, refused
