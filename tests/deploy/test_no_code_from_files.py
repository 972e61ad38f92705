"""Nothing in the package can turn a file into code."""

import ast
from pathlib import Path

import pytest

import heldout

SOURCES = sorted(Path(heldout.__file__).parent.rglob("*.py"))
FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "skops", "jsonpickle"}
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "joblib.load", "torch.load", "torch.jit.load", "yaml.load",
    "yaml.unsafe_load", "yaml.full_load", "pandas.read_pickle", "pd.read_pickle", "safe_open_pickle", "load_pickle",
}  # fmt: skip
FORBIDDEN_NAMES = {"__reduce__", "__reduce_ex__"}


def name_of(node):
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def faults_in(text):
    """Every forbidden import, call, argument or name in a module."""
    for node in ast.walk(ast.parse(text)):
        imported = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in imported if name.split(".")[0] in FORBIDDEN_MODULES or name in FORBIDDEN_CALLS)
        if isinstance(node, ast.Call):
            if name_of(node.func) in FORBIDDEN_CALLS:
                yield name_of(node.func)
            yield from (
                "allow_pickle" for word in node.keywords if word.arg == "allow_pickle" and not is_false(word.value)
            )
        if isinstance(node, ast.FunctionDef) and node.name in FORBIDDEN_NAMES and not only_refuses(node):
            yield node.name
        if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_NAMES:
            yield node.attr


def is_false(node):
    return isinstance(node, ast.Constant) and node.value is False


def only_refuses(function):
    """A method that always raises makes its objects impossible to pickle, which is welcome."""
    return len(function.body) == 1 and isinstance(function.body[0], ast.Raise)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(Path(heldout.__file__).parent)))
def test_a_module_cannot_run_what_a_file_says(path):
    assert list(faults_in(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from pickle import loads", "import joblib\njoblib.load(p)", "from joblib import load",
        "eval(text)", "exec(text)", "torch.load(p)", "np.load(p, allow_pickle=True)", "np.load(p, allow_pickle=flag)",
        "yaml.load(text)", "from torch import load", "import dill as d", "__import__(name)",
        "class A:\n    def __reduce__(self): return run, ()", "object.__reduce__(x)",
    ],
)  # fmt: skip
def test_the_search_finds_what_it_looks_for(text):
    assert list(faults_in(text)) != []


@pytest.mark.parametrize(
    "text",
    [
        "model.eval()",
        "np.load(p, allow_pickle=False)",
        "yaml.safe_load(text)",
        "# pickle",
        "def __reduce__(self): raise TypeError",
    ],
)
def test_the_search_leaves_harmless_code_alone(text):
    assert list(faults_in(text)) == []


def test_bundles_import_nothing_by_name():
    deploy = [path for path in SOURCES if path.is_relative_to(Path(heldout.__file__).parent / "deploy")]
    assert len(deploy) > 20
    for path in deploy:
        assert "import_module" not in path.read_text(encoding="utf-8"), path
