"""The command line: one thin file a command. Nothing heavy is imported before a command runs."""

from heldout.cli.main import main

__all__ = ["main"]
