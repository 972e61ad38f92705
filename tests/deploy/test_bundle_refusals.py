"""What a bundle refuses, and how it says so."""

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from heldout.deploy import folder as bundle_folder
from heldout.deploy.bundle import load_bundle, save_bundle
from heldout.deploy.registry import kind_names
from heldout.deploy.strict_json import MAX_BYTES, read_strict
from heldout.deploy.tensors import pack_arrays, unpack_arrays
from heldout.errors import ArtifactError, SettingError, ShapeError
from heldout.files import DiskError
from heldout.models.calibrated import SoftmaxCalibrated

X, Y = load_iris(return_X_y=True)


def save_to(folder, model, **more):
    given = {"classes": list("abc"), "input": {}, "info": {}} | more
    save_bundle(folder, model, **given)
    return folder


def put(folder, header=None, blob=None):
    """Write header or arrays, with right sums."""
    if header is not None:
        (folder / "header.json").write_text(json.dumps(header))
    if blob is not None:
        (folder / "arrays.safetensors").write_bytes(blob)
    names = ("header.json", "arrays.safetensors")
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def change_array(folder, suffix, change):
    blob = (folder / "arrays.safetensors").read_bytes()
    arrays = {name: array.copy() for name, array in load(blob).items()}
    key = next(name for name in arrays if name.removesuffix(".T").endswith(f".{suffix}"))
    changed = change(arrays[key])
    arrays[key] = arrays[key] if changed is None else changed
    put(folder, blob=save(arrays))


def header_of(folder):
    return json.loads((folder / "header.json").read_text())


def set_to(index, value):
    def change(array):
        array[index] = value

    return change


TREE = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, Y)
FOREST = RandomForestClassifier(2, max_depth=3, random_state=0).fit(X, Y)
BOOSTING = HistGradientBoostingClassifier(max_iter=2, random_state=0).fit(X, Y)
MACHINE = SoftmaxCalibrated(SVC(break_ties=True).fit(X, Y))
LINEAR = SoftmaxCalibrated(LinearSVC().fit(X, Y))


@pytest.mark.parametrize(
    ("model", "array", "change", "message"),
    [
        (TREE, "left_child", set_to(0, 0), "outside its tree"),
        (TREE, "right_child", set_to(0, 1), "no parent, or more than one"),
        (TREE, "right_child", set_to(0, 10**6), "outside its tree"),
        (TREE, "left_child", set_to(0, -1), "one child only"),
        (TREE, "left_child", set_to(0, -7), "outside its tree"),
        (TREE, "feature", set_to(0, 4), "not one of 4"),
        (TREE, "feature", set_to(0, -2), "not one of 4"),
        (TREE, "threshold", set_to(0, np.nan), "not a number"),
        (TREE, "values", set_to((0, 0), -1), "below 0"),
        (TREE, "values", lambda a: a[:, :2].copy(), "shape"),
        (TREE, "n_nodes", set_to(0, 3), "shape"),
        (TREE, "n_nodes", set_to(0, 2**62), "above"),
        (FOREST, "n_nodes", lambda a: a[::-1] + np.array([1, -1]), "tree|parent"),
        (BOOSTING, "left", set_to(0, 0), "outside its tree"),
        (BOOSTING, "right", set_to(0, 2**32 - 1), "outside its tree"),
        (BOOSTING, "feature_idx", set_to(0, 4), "not one of 4"),
        (BOOSTING, "feature_idx", set_to(0, -1), "not one of 4"),
        (BOOSTING, "is_leaf", set_to(0, 2), "neither 0 nor 1"),
        (BOOSTING, "value", set_to(0, np.inf), "not finite"),
        (BOOSTING, "baseline", lambda a: a[:, :2].copy(), "shape"),
        (MACHINE, "n_support", set_to(0, 10**6), "above"),
        (MACHINE, "n_support", set_to(0, 0), "does not add up"),
        (MACHINE, "n_support", set_to(0, -1), "below 0"),
        (MACHINE, "dual_coef", lambda a: a[:1].copy(), "shape"),
        (MACHINE, "dual_coef", set_to((0, 0), np.nan), "not finite"),
        (MACHINE, "support_vectors", lambda a: a[:-1].copy(), "does not add up|above"),
        (MACHINE, "support_vectors", lambda a: a[:, :3].copy(), "shape"),
        (MACHINE, "support", set_to(0, 2**31 - 1), "above"),
        (MACHINE, "intercept", lambda a: a[:2].copy(), "shape"),
        (LINEAR, "coef", lambda a: a.astype(np.int64), "float"),
        (LINEAR, "classes", set_to(2, 3), "above 2"),
        (LINEAR, "classes", set_to(1, 0), "increasing"),
        (GaussianNB().fit(X, Y), "var", set_to((0, 0), 0), "above 0"),
        (KNeighborsClassifier(5).fit(X, Y), "labels", set_to(0, 3), "above 2"),
        (KNeighborsClassifier(5).fit(X, Y), "rows", lambda a: a[:4].copy(), "shape"),
        (KNeighborsClassifier(5).fit(X, Y), "rows", set_to((0, 0), np.nan), "not finite"),
    ],
)
def test_false_arrays_with_right_sums_are_refused_before_anything_is_built(tmp_path, model, array, change, message):
    folder = save_to(tmp_path / "model", model)
    change_array(folder, array, change)
    with pytest.raises(ArtifactError, match=message):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h["model"].update(kind="os.system"), "unknown kind 'os.system'"),
        (lambda h: h["model"]["params"].update(n_neighbors=151), "whole, 1 to 150"),
        (lambda h: h["model"]["params"].update(n_neighbors=True), "whole"),
        (lambda h: h["model"]["params"].update(extra=1), "unknown: extra"),
        (lambda h: h["model"]["params"].pop("metric"), "'metric' is missing"),
        (lambda h: h["model"]["arrays"].pop("rows"), "'rows' is missing"),
        (lambda h: h["model"]["arrays"].update(more=h["model"]["arrays"]["rows"]), "which is not there"),
        (lambda h: h["model"].update(children={"a": dict(h["model"])}), "not there|unknown"),
        (lambda h: h.update(schema=2), "schema '2'.*written by a newer heldout"),
        (lambda h: h.pop("info"), "lacks info"),
        (lambda h: h.update(schema=True), "schema"),
        (lambda h: h.update(batch=10**9), "batch"),
        (lambda h: h.update(classes=["a", "a", "b"]), "classes"),
        (lambda h: h.update(classes=["a", "b"]), "above 1"),
        (lambda h: h.update(surprise=1), "surprise; it was written by a newer heldout"),
    ],
)
def test_false_headers_with_right_sums_are_refused(tmp_path, change, message):
    folder = save_to(tmp_path / "model", KNeighborsClassifier(5).fit(X, Y))
    header = header_of(folder)
    change(header)
    put(folder, header=header)
    with pytest.raises(ArtifactError, match=message):
        load_bundle(folder)


def test_estimators_nested_too_deep_are_refused(tmp_path):
    folder = save_to(tmp_path / "model", GaussianNB().fit(X, Y))
    header = header_of(folder)
    for _ in range(9):
        inner = header["model"]
        header["model"] = {"kind": "pipeline", "params": {"steps": ["a"]}, "arrays": {}, "children": {"0": inner}}
    put(folder, header=header)
    with pytest.raises(ArtifactError, match="nested"):
        load_bundle(folder)


def test_a_header_of_a_gigabyte_is_refused_by_its_claim():
    with pytest.raises(ArtifactError, match="claims a header of 1073741824 bytes"):
        unpack_arrays((2**30).to_bytes(8, "little") + b"{}" + bytes(100), where="x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000, "nested 100000 deep"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "nested 50 deep"),
        (b"[" + b"0," * 100_001 + b"0]", "100002 values"),
        (b'"' + b"a" * MAX_BYTES + b'"', "bytes of JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "beyond the range"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"1" * 10_000, "not valid JSON"),
        ('{"é": 1}'.encode(), "not valid JSON"),
        (b"", "not valid JSON"),
        (b'{"a": "\\', "not valid JSON"),
    ],
)
def test_json_beyond_the_limits_is_refused(content, message):
    with pytest.raises(ArtifactError, match=message):
        read_strict(content, where="x")


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.floats(allow_nan=False, allow_infinity=False)
       | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=8), max_size=5))  # fmt: skip
def test_json_of_any_text_and_number_is_read_back_exactly(value):
    assert read_strict(json.dumps(value).encode(), where="x") == value


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F64", "shape": [2**61], "data_offsets": [0, 16]},
        {"dtype": "F64", "shape": [-2], "data_offsets": [0, 16]},
        {"dtype": "F64", "shape": [2.0], "data_offsets": [0, 16]},
        {"dtype": "F64", "shape": [True, 2], "data_offsets": [0, 16]},
        {"dtype": "F64", "shape": [1] * 9 + [2], "data_offsets": [0, 16]},
        {"dtype": "F64", "shape": [0, 2**40], "data_offsets": [0, 0]},
        {"dtype": "F64", "shape": [2], "data_offsets": [8, 24]},
        {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
        {"dtype": "F64", "shape": [2], "data_offsets": [16, 0]},
        {"dtype": "F65", "shape": [2], "data_offsets": [0, 16]},
        {"dtype": ["F64"], "shape": [2], "data_offsets": [0, 16]},
        {"dtype": "BOOL", "shape": [16], "data_offsets": [0, 16]},
        {"dtype": "F64", "shape": [2]},
        "F64",
        None,
    ],
)
def test_false_claims_about_an_array_are_refused(entry):
    header = json.dumps({"a": entry}).encode()
    content = len(header).to_bytes(8, "little") + header + bytes([7] * 16)
    with pytest.raises(ArtifactError, match=r"x: .*array"):
        unpack_arrays(content, where="x")


def test_arrays_are_read_back_as_the_library_reads_them():
    rng = np.random.default_rng(0)
    arrays = {
        "a": rng.normal(size=(3, 4)),
        "b": rng.normal(size=5).astype(np.float32),
        "c": np.arange(7, dtype=np.uint8),
        "d": np.array([True, False]),
        "e": np.empty((0, 3)),
        "f": np.array(3, dtype=np.int64),
    }
    content = pack_arrays(arrays)
    ours, theirs = unpack_arrays(content, where="x"), load(content)
    for name in arrays:
        assert ours[name].dtype == theirs[name].dtype
        assert ours[name].shape == theirs[name].shape == arrays[name].shape
        assert np.array_equal(ours[name], theirs[name])
        assert not ours[name].flags.writeable or ours[name].size == 0


def test_overlapping_arrays_are_refused():
    entry = {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}
    header = json.dumps({"a": entry, "b": entry}).encode()
    with pytest.raises(ArtifactError, match="begins at 0, expected 16"):
        unpack_arrays(len(header).to_bytes(8, "little") + header + bytes(16), where="x")


@pytest.mark.parametrize("name", ["model.pkl", "extra.txt", ".hidden", "__init__.py"])
def test_any_further_file_in_the_folder_is_refused(tmp_path, name):
    folder = save_to(tmp_path / "model", GaussianNB().fit(X, Y))
    (folder / name).write_bytes(b"\x80\x04cos\nsystem\n.")
    with pytest.raises(ArtifactError, match="unknown file"):
        load_bundle(folder)


def test_a_missing_folder_or_file_or_a_link_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="no bundle here"):
        load_bundle(tmp_path / "nothing")
    folder = save_to(tmp_path / "model", GaussianNB().fit(X, Y))
    content = (folder / "header.json").rename(tmp_path / "elsewhere.json")
    with pytest.raises(ArtifactError, match=r"header\.json missing"):
        load_bundle(folder)
    (folder / "header.json").symlink_to(content)
    with pytest.raises(ArtifactError, match="not a regular file"):
        load_bundle(folder)


def test_the_list_of_sums_is_one_that_sha256sum_understands(tmp_path):
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    folder = save_to(tmp_path / "model", GaussianNB().fit(X, Y))
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (GradientBoostingClassifier(n_estimators=2).fit(X, Y), "GradientBoostingClassifier"),
        (make_pipeline(FunctionTransformer(), GaussianNB()).fit(X, Y), "FunctionTransformer"),
        (make_pipeline(SimpleImputer(strategy="constant"), GaussianNB()).fit(X, Y), "constant"),
        (make_pipeline(ColumnTransformer([("a", StandardScaler(), [0])]), GaussianNB()).fit(X, Y), "no names"),
        (KNeighborsClassifier(metric="cosine").fit(X, Y), "cosine"),
        (LinearSVC().fit(X, Y), "no probabilities"),
        (GaussianNB(), "fit it before"),
        (GaussianNB().fit(X, np.array(list("abc"))[Y]), "class numbers"),
        (GaussianNB().fit(X, Y + 1), "class 3"),
        (type("Mine", (GaussianNB,), {})().fit(X, Y), "Mine"),
        (object(), "object"),
        (make_pipeline(StandardScaler().set_output(transform="pandas"), GaussianNB()).fit(X, Y), "set_output"),
    ],
)
def test_what_a_bundle_cannot_hold_is_refused_with_a_remedy_and_nothing_is_written(tmp_path, model, message):
    with pytest.raises(SettingError, match=message) as caught:
        save_to(tmp_path / "model", model)
    assert caught.value.fix or "class 3" in message
    assert list(tmp_path.iterdir()) == []


def test_the_remedy_for_an_unknown_estimator_lists_what_is_possible(tmp_path):
    with pytest.raises(SettingError, match=r"cannot hold sklearn.ensemble._gb.GradientBoostingClassifier") as caught:
        save_to(tmp_path / "model", GradientBoostingClassifier(n_estimators=2).fit(X, Y))
    assert all(name in caught.value.fix for name in kind_names())


def test_input_that_is_not_plain_json_is_refused_and_the_earlier_bundle_stays(tmp_path):
    folder = save_to(tmp_path / "model", GaussianNB().fit(X, Y), info={"which": 1})
    for bad in ({"a": float("nan")}, {"a": {1, 2}}, {"a": np.float64}):
        with pytest.raises(ArtifactError, match="not plain JSON"):
            save_to(folder, GaussianNB().fit(X, Y), info=bad)
    assert load_bundle(folder).info == {"which": 1}


def test_saving_again_replaces_the_bundle_and_leaves_nothing_beside_it(tmp_path):
    for which in (1, 2):
        save_to(tmp_path / "model", GaussianNB().fit(X, Y), info={"which": which})
    assert load_bundle(tmp_path / "model").info == {"which": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_is_no_bundle_is_never_replaced(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "thesis.tex").write_text("years of work")
    with pytest.raises(SettingError, match=r"thesis\.tex"):
        save_to(tmp_path / "model", GaussianNB().fit(X, Y))
    assert (tmp_path / "model" / "thesis.tex").read_text() == "years of work"


def test_a_failure_while_replacing_keeps_the_earlier_bundle(tmp_path, monkeypatch):
    folder = save_to(tmp_path / "model", GaussianNB().fit(X, Y), info={"which": 1})

    def full(path, content):
        raise DiskError("cannot write: No space left on device", where=str(path))

    monkeypatch.setattr(bundle_folder, "write_bytes", full)
    with pytest.raises(DiskError, match="No space left"):
        save_to(folder, GaussianNB().fit(X, Y), info={"which": 2})
    assert load_bundle(folder).info == {"which": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_kill_between_the_two_renames_leaves_a_bundle_that_loads(tmp_path):
    folder = save_to(tmp_path / "model", GaussianNB().fit(X, Y), info={"which": 1})
    folder.rename(tmp_path / ".model.old")
    assert load_bundle(folder).info == {"which": 1}
    save_to(folder, GaussianNB().fit(X, Y), info={"which": 2})
    assert load_bundle(folder).info == {"which": 2}


def test_versions_of_libraries_that_a_model_does_not_need_are_not_noted(tmp_path):
    folder = save_to(tmp_path / "model", GaussianNB().fit(X, Y))
    header = header_of(folder)
    header["versions"].update({"scikit-learn": "1.2.3", "torch": "1.0.0"})
    put(folder, header=header)
    assert load_bundle(folder).notes == ()


def test_rows_that_the_model_cannot_take_are_refused_in_words(tmp_path):
    bundle = load_bundle(save_to(tmp_path / "model", GaussianNB().fit(X, Y)))
    with pytest.raises(ShapeError, match="3 features"):
        bundle.probabilities(X[:, :3])
    with pytest.raises(SettingError, match="batch is 0"):
        bundle.probabilities(X, batch=0)
