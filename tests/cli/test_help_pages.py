"""What `--help` prints, of every command there is."""

import json
import subprocess
import sys

import click
import pytest

from heldout.cli.main import heldout
from house_words import house_words

WIDTH = 80  # of the terminal; click ends lines two columns before


def commands(command=heldout, path=()):
    """Every command and group, by its words on the command line."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name="heldout")
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))


PAGES = dict(commands())
NAMES = [" ".join(path) for path in PAGES]


@pytest.fixture(params=PAGES, ids=NAMES)
def page(request):
    """Words, command and help text, as on a terminal of 80 columns."""
    from click.testing import CliRunner

    shown = CliRunner().invoke(heldout, [*request.param, "--help"], prog_name="heldout", terminal_width=WIDTH)
    assert shown.exit_code == 0, shown.output
    return request.param, PAGES[request.param], shown.output


def test_all_commands_are_walked_those_of_the_course_too():
    assert {(), ("train",), ("data", "info"), ("book", "show"), ("run",)} <= set(PAGES)
    assert len(PAGES) >= 18


def test_a_page_has_an_example_on_lines_of_its_own(page):
    path, _, text = page
    lines = text.splitlines()
    begin = lines.index("  Example:") + 1
    end = lines.index("", begin)
    for line in lines[begin:end]:
        assert line.startswith("    ")
    starts = [line for line in lines[begin:end] if not line.startswith("     ")]
    assert starts
    for line in starts:
        assert line.split()[: 1 + len(path)] == ["heldout", *path], "the example is of another command"


def test_a_page_fits_the_terminal_and_shows_no_control_character(page):
    _, _, text = page
    assert "\\b" not in text
    assert all(c == "\n" or c.isprintable() for c in text)
    assert [line for line in text.splitlines() if len(line) > WIDTH] == []


def test_every_option_has_a_line_of_help(page):
    _, command, _ = page
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not (option.help or "").strip()] == []
    assert [option.name for option in options if not option.help.rstrip().endswith((".", "]", "?"))] == []


def test_a_page_is_in_the_words_of_the_field(page):
    _, _, text = page
    assert house_words(" ".join(text.split())) == []


def test_help_loads_nothing_heavy():
    script = (
        "import json, sys\n"
        "from heldout.cli.main import _run\n"
        "for path in json.loads(sys.argv[1]): assert _run([*path, '--help']) == 0\n"
        "heavy = {'torch', 'sklearn', 'pandas', 'scipy', 'pyarrow', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    paths = json.dumps([list(path) for path in PAGES])
    done = subprocess.run([sys.executable, "-c", script, paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
