"""The room as a whole: NumPy and nothing else, short files, and examples that run."""

import ast
import doctest
import importlib
import sys
from pathlib import Path

import pytest

import heldout_course.scratch

FILES = sorted(Path(heldout_course.scratch.__file__).parent.glob("*.py"))
PAGE = Path(__file__).parents[3] / "docs" / "scratch.md"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_imports_numpy_and_its_neighbours_only(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            is_own = module.startswith("heldout_course.scratch.")
            assert is_own or module.split(".")[0] in {"numpy", *sys.stdlib_module_names}, module


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_examples_of_a_file_run(path):
    name = "heldout_course.scratch" + ("" if path.stem == "__init__" else f".{path.stem}")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_page_names_every_file_and_its_examples_run():
    text = PAGE.read_text(encoding="utf-8")
    assert [
        path.stem for path in FILES if path.stem not in ("__init__", "distances") and f"`{path.stem}`" not in text
    ] == []
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.attempted > 30
    assert found.failed == 0
