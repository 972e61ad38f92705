"""What a user reads when a call is wrong: the approved texts stand in one file, for people to read.

`HELDOUT_APPROVE=1 pytest tests/end_to_end/test_approved_messages.py` writes them anew.
"""

import os
import re
from pathlib import Path

import pytest
from test_bad_input import CASES

from heldout.cli.main import _run

APPROVED = Path(__file__).parent / "approved_messages.txt"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="paths are written otherwise")

CALLS = [
    "trian iris",
    "train",
    "train iris --no-such",
    "train iris folds=1 test_share=2",
    "train iris --search deeep",
    "train iris --split clas",
    "train iris --split time",
    "train iris --threshold often",
    "train iris --prepare standardise,pcaa",
    "train iris --time soon",
    "train iris --seed x",
    "train iris --config none.yaml",
    "train iris --resume",
    "assess runs/none",
    "predict runs/none iris",
    "evaluate runs/none iris",
    "compare runs/none",
    "look none.csv",
    "look iris --out missing/look.html",
    "augment iris out",
    "augment iris out.csv --fold 2",
    "augment iris out.csv --with turn",
    "data fetch irish",
    "data info none.csv",
    "book show ch99",
    "run none.yaml",
]


def shown(arguments, folder, capsys):
    code = _run([str(argument) for argument in arguments])
    text = capsys.readouterr().err.replace(str(folder), "TMP")
    return f"exit code {code}\n" + "\n".join(line.rstrip() for line in text.splitlines())


def approved():
    blocks = re.split(r"^\$ ", APPROVED.read_text("utf-8"), flags=re.MULTILINE)[1:] if APPROVED.exists() else []
    return {block.partition("\n")[0]: block.partition("\n")[2].strip() for block in blocks}


@pytest.fixture(scope="module")
def found():
    """What was said; written when the module ends, if that was asked for."""
    texts = {}
    yield texts
    if os.environ.get("HELDOUT_APPROVE"):
        APPROVED.write_text("\n\n".join(f"$ {name}\n{text}" for name, text in texts.items()) + "\n", "utf-8")


def check(name, text, found):
    found[name] = text.strip()
    if not os.environ.get("HELDOUT_APPROVE"):
        assert found[name] == approved()[name]


@pytest.mark.parametrize("call", CALLS)
def test_a_wrong_call_says_the_approved_text(call, tmp_path, monkeypatch, capsys, found):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELDOUT_MIRROR", raising=False)
    check(f"heldout {call}", shown(call.split(), tmp_path, capsys), found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_bad_input_says_the_approved_text(case, tmp_path, monkeypatch, capsys, found):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELDOUT_MIRROR", raising=False)
    arguments, _ = case(tmp_path)
    check(f"heldout train … ({case.__name__.replace('_', ' ')})", shown(["train", *arguments], tmp_path, capsys), found)
