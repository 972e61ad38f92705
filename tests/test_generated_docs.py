"""Pages that are made from the code are as the code would make them now: `make docs` writes them."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "write_docs.py"


def generated():
    spec = importlib.util.spec_from_file_location("write_docs", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize(("path", "text"), generated().items(), ids=lambda value: getattr(value, "name", ""))
def test_a_generated_page_is_up_to_date(path, text):
    assert path.read_text("utf-8") == text, "run `make docs`"
