import subprocess
import sys

import pytest

import heldout as ho


def test_every_public_name_is_there_and_documented():
    for name in ho.__all__:
        if not name.startswith("__"):
            assert getattr(ho, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        ho.trian  # noqa: B018


def test_the_function_train_is_not_hidden_by_a_room():
    code = (
        "import heldout as ho\nfrom heldout.nets.classifier import NetClassifier\n"
        "assert callable(ho.train) and ho.NetClassifier is NetClassifier\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, heldout\nassert not {'torch', 'sklearn', 'numpy', 'pandas'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", code], check=True)
