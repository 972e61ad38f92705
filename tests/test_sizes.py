"""The tail of the house: no circle of imports, no function that takes everything, no body that fills two screens."""

import importlib.util
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]

WIDE = {
    "heldout_course.scratch.mlp.MLP.__init__": "an estimator",
}
"""Functions that may have more than ten parameters, and why."""


@pytest.fixture(scope="module")
def sizes():
    spec = importlib.util.spec_from_file_location("sizes", HOME / "tools" / "sizes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_files_import_each_other_in_no_circle(sizes):
    assert sizes.circles(sizes.imports(HOME / "src")) == []


def test_no_function_takes_more_than_ten_parameters(sizes):
    found = {each.name: each for each in sizes.functions(HOME / "src") if each.parameters > 10}
    assert {name for name, each in found.items() if not each.is_command and name not in WIDE} == set()
    assert WIDE.keys() <= found.keys(), "an exception that is no longer needed"


def test_no_body_is_longer_than_a_screen(sizes):
    assert [each for each in sizes.functions(HOME / "src") if each.lines > 50] == []


def test_what_is_counted_is_what_is_there(sizes, tmp_path):
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "__init__.py").write_text("")
    (tmp_path / "house" / "a.py").write_text(
        "import click\n"
        "from house.b import second\n"
        "class Room:\n"
        "    def __init__(self, a, b, *, c=1, **more):\n"
        '        """Two lines\n'
        '        of docs."""\n'
        "        self.a = a\n"
        "        def inner():\n"
        "            return b\n"
        "@click.command()\n"
        "def command(x): return x\n"
    )
    (tmp_path / "house" / "b.py").write_text("def second():\n    from house import a\n    return a\n")
    (tmp_path / "house" / "c.py").write_text("import house.b\n")
    assert sizes.longest_files(tmp_path)[0] == (11, "house/a.py")
    found = {each.name: each for each in sizes.functions(tmp_path)}
    assert set(found) == {
        "house.a.Room.__init__",
        "house.a.Room.__init__.inner",
        "house.a.command",
        "house.b.second",
    }
    assert found["house.a.Room.__init__"][2:] == (3, 3, False)
    assert found["house.a.command"].is_command
    assert sizes.circles(sizes.imports(tmp_path)) == [["house.a", "house.b"]]
