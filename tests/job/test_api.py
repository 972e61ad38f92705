import inspect
import json
import subprocess
import sys

import pytest

import heldout as ho
from heldout.errors import SettingError
from heldout.run.settings import TrainSettings
from heldout.settings import settings_of


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


def test_the_settings_of_train_are_its_keywords_and_unknown_ones_are_refused(tmp_path):
    keywords = inspect.signature(ho.train).parameters
    own = ["data", "out", "assess", "resume", "listen"]
    assert list(keywords) == own + [one.name for one in settings_of(TrainSettings) if one.name != "data"]
    assert keywords["folds"].default == 5
    with pytest.raises(SettingError, match="Unknown setting 'fold'") as caught:
        ho.train("iris", fold=3, out=tmp_path / "run")
    assert "did you mean 'folds'" in caught.value.fix
    assert not (tmp_path / "run").exists()


def test_a_listener_gets_every_event_as_plain_values(tmp_path):
    heard = []
    ho.train("iris", models="dummy", folds=2, repeats=1, jobs=1, out=tmp_path / "run", listen=heard.append)
    names = [event["event"] for event in heard]
    assert names[:3] == ["data-loaded", "split", "looked"]
    assert names[-1] == "done"
    (ended,) = [event for event in heard if event["event"] == "candidate-ended"]
    assert ended["model"] == "dummy"
    assert {"mcc", "mcc_se", "accuracy", "accuracy_se"} <= ended.keys()
    assert json.loads(json.dumps(heard)) == heard
