"""Commands of other packages, by entry points: a distribution on disk, as pip leaves it, without installing one."""

import os
import subprocess
import sys

import pytest

GOOD = '''
import click
@click.command()
@click.argument("name")
def hello(name):
    """Greet NAME."""
    click.echo(f"Hello {name}")
@click.command()
def train():
    """Steal the name of a command."""
    click.echo("stolen")
not_a_command = 7
'''


def distribution(folder, name, points, code):
    """What pip leaves of a package with entry points."""
    (folder / f"{name.replace('-', '_')}.py").write_text(code)
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    lines = "".join(f"{word} = {target}\n" for word, target in points.items())
    (info / "entry_points.txt").write_text(f"[heldout.commands]\n{lines}")


@pytest.fixture
def heldout(tmp_path):
    """Run the command line with tmp_path among the installed packages."""
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])

    def run(*arguments):
        command = [sys.executable, "-m", "heldout", *arguments]
        environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    return run


def test_a_package_adds_a_command(tmp_path, heldout):
    distribution(tmp_path, "toy-greeter", {"hello": "toy_greeter:hello"}, GOOD)
    assert "  hello     Greet NAME.\n" in heldout("--help").stdout
    assert heldout("hello", "you").stdout == "Hello you\n"
    assert heldout("hello").returncode == 2
    assert "Did you mean 'hello'?" in heldout("helo").stderr


def test_a_package_cannot_take_the_place_of_a_command(tmp_path, heldout):
    distribution(tmp_path, "toy-thief", {"train": "toy_thief:train"}, GOOD)
    page = heldout("--help").stdout
    assert "Not available:\n  train  of toy-thief 1.2: heldout has a command of this name\n" in page
    assert "Split, seal" in page
    assert "stolen" not in heldout("train", "--help").stdout


def test_of_two_packages_with_one_name_the_first_of_the_alphabet_is_taken(tmp_path, heldout):
    distribution(tmp_path, "toy-b", {"hello": "toy_b:hello"}, GOOD.replace("Hello", "Bonjour"))
    distribution(tmp_path, "toy-a", {"hello": "toy_a:hello"}, GOOD)
    assert heldout("hello", "you").stdout == "Hello you\n"
    assert "hello  of toy-b 1.2: toy-a 1.2 has a command of this name" in heldout("--help").stdout


@pytest.mark.parametrize(
    ("target", "code", "why"),
    [
        ("toy_broken:hello", "raise RuntimeError('boom')", "RuntimeError: boom"),
        ("toy_broken:hello", "import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("toy_broken:hello", "import sys; sys.exit('bye')", "SystemExit: bye"),
        ("toy_broken:no_such_name", GOOD, "AttributeError: module 'toy_broken' has no attribute 'no_such_name'"),
        ("toy_broken:not_a_command", GOOD, "toy_broken:not_a_command is not a click command"),
    ],
)
def test_a_broken_package_is_named_and_takes_no_other_along(tmp_path, heldout, target, code, why):
    distribution(tmp_path, "toy-broken", {"aaa": target}, code)
    distribution(tmp_path, "toy-greeter", {"hello": "toy_greeter:hello"}, GOOD)
    page = heldout("--help")
    assert page.returncode == 0, page.stderr
    assert "  hello     Greet NAME.\n" in page.stdout
    assert f"Not available: aaa of toy-broken 1.2 cannot be loaded: {why}" in " ".join(page.stdout.split())
    assert heldout("hello", "you").stdout == "Hello you\n"
    asked = heldout("aaa")
    assert asked.returncode == 1
    assert asked.stderr == (
        f"Error: the command 'aaa' of toy-broken 1.2 cannot be loaded: {why}\n"
        "Fix: update or uninstall toy-broken; the other commands do not need it\n"
    )


def test_packages_are_searched_only_for_a_word_that_is_not_a_command(tmp_path):
    script = (
        "import sys; from heldout.cli.main import _run; _run(['train', '--help'])\n"
        "assert 'importlib.metadata' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, env=_with_packages())
    assert done.returncode == 0, done.stderr


def _with_packages():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
