"""What of scikit-learn the bundles rely on: public attributes, and private ones in one file."""

import ast
import tomllib
from pathlib import Path

import pytest
import sklearn
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

import heldout
from heldout.deploy import private
from heldout.deploy.registry import KINDS, take_apart
from heldout.errors import SettingError

DEPLOY = Path(heldout.__file__).parent / "deploy"
X, Y = load_iris(return_X_y=True)


def test_scikit_learn_is_one_that_was_checked():
    major, minor = map(int, sklearn.__version__.split(".")[:2])
    assert (1, 8) <= (major, minor) < (1, 10), "run tests/deploy with this version, then change private.CHECKED"
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"scikit-learn{private.CHECKED}" in project["dependencies"]


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.py")), ids=lambda path: path.stem)
def test_only_one_file_looks_at_private_attributes_of_others(path):
    tree = ast.parse(path.read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert not {module for module in modules if module.startswith("sklearn.")}
    if path.name == "private.py":
        return
    foreign = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ]
    assert foreign == []


@pytest.mark.parametrize(
    ("model", "attribute"),
    [
        (KNeighborsClassifier(), "_fit_X"),
        (SVC(break_ties=True), "_gamma"),
        (HistGradientBoostingClassifier(max_iter=1), "_predictors"),
    ],
)
def test_where_scikit_learn_keeps_it_elsewhere_the_error_says_which_versions_were_checked(model, attribute):
    model.fit(X, Y)
    delattr(model, attribute)
    with pytest.raises(SettingError, match=r"keeps a fitted .* in another way") as caught:
        take_apart(model)
    assert private.CHECKED in caught.value.fix


def test_kinds_name_classes_that_exist():
    from importlib import import_module
    from importlib.util import find_spec

    for kind in KINDS.values():
        module, _, name = kind.estimator.rpartition(".")
        if kind.name != "net" or find_spec("torch"):
            assert isinstance(getattr(import_module(module), name), type), kind
