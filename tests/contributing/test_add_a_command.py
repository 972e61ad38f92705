"""CONTRIBUTING, 'add a command': a file in cli/ and its line in `COMMANDS`."""

import json

import pytest

COMMAND = '''"""`heldout count`."""

import click

from heldout.cli.options import Output, shared


@click.command()
@click.argument("words", nargs=-1)
@shared
def count(words: tuple[str, ...], output: Output) -> int:
    """Count WORDS.

    \\b
    Example:
      heldout count one two
    """
    if output.as_json:
        output.document({"words": len(words)})
    else:
        output.line(f"{len(words)} words")
    return 0
'''


@pytest.fixture(scope="module", autouse=True)
def command(house):
    house.write("src/heldout/cli/count.py", COMMAND)
    house.insert("src/heldout/cli/main.py", '    "data": ("data", ', '    "count": ("count", "Count words."),\n')


def test_it_is_listed_and_runs(house):
    assert "\n  count     Count words.\n" in house.heldout("--help")
    assert house.heldout("count", "a", "b") == "2 words\n"
    assert json.loads(house.heldout("count", "a", "--json")) == {"words": 1}


def test_it_has_the_options_of_every_command(house):
    page = house.heldout("count", "--help")
    assert "  Example:\n    heldout count one two\n" in page
    assert all(option in page for option in ("--json", "--quiet", "--debug"))


def test_a_typo_is_answered_with_it(house):
    assert "Did you mean 'count'?" in house.heldout("cuont", code=2)
