import io
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout import load
from heldout.data.dataset import Dataset
from heldout.data.fingerprint import fingerprint, row_digests
from heldout.errors import DataError, LabelError, ShapeError


def table(n=12, seed=0):
    rng = np.random.default_rng(seed)
    words = np.array([["u", "v", None][k] for k in rng.integers(0, 3, n)], dtype=object)
    frame = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n), "w": pd.Series(words, dtype=object)})
    return Dataset("t", "table", frame, np.arange(n) % 2, ("x", "y"), np.arange(n).astype(str))


def images(n=12, seed=0):
    x = np.random.default_rng(seed).integers(0, 256, (n, 4, 4, 1), dtype=np.uint8)
    return Dataset("i", "images", x, np.arange(n) % 2, ("x", "y"), np.arange(n).astype(str))


@settings(max_examples=30, deadline=None)
@given(st.permutations(list(range(12))), st.sampled_from([table, images]))
def test_the_order_of_rows_does_not_matter(order, make):
    assert fingerprint(make()) == fingerprint(make().take(np.array(order)))


def test_the_order_of_columns_and_the_sign_of_zero_do_not_matter():
    data = table()
    data.x.loc[0, "a"] = 0.0
    other = data.x[["w", "b", "a"]].copy()
    other.loc[0, "a"] = -0.0
    assert fingerprint(data) == fingerprint(replace(data, x=other))


@pytest.mark.parametrize("make", [table, images])
def test_one_changed_value_label_or_row_changes_it(make):
    data = make()
    seen = {fingerprint(data)}
    other = data.x.copy()
    if data.kind == "table":
        other.loc[3, "a"] = np.nextafter(other.loc[3, "a"], 9)
        words = data.x.copy()
        words.loc[5, "w"] = "z"
        seen.add(fingerprint(replace(data, x=words)))
        seen.add(fingerprint(replace(data, x=data.x.rename(columns={"a": "c"}))))
        n_expected = 6
    else:
        other[3, 0, 0, 0] ^= 1
        n_expected = 4
    seen.add(fingerprint(replace(data, x=other)))
    seen.add(fingerprint(replace(data, y=1 - data.y)))
    seen.add(fingerprint(data.take(np.arange(11))))
    assert len(seen) == n_expected


def test_equal_rows_have_equal_digests_and_columns_do_not_trade_values():
    data = images().take(np.array([0, 1, 0]))
    digests = row_digests(data)
    assert len(digests) == 3
    assert digests[0] == digests[2] != digests[1]
    swapped = table()
    swapped = replace(swapped, x=swapped.x.rename(columns={"a": "b", "b": "a"}))
    assert fingerprint(swapped) != fingerprint(table())


def save(folder, **arrays):
    np.savez_compressed(folder / "d.npz", **arrays)
    return folder / "d.npz"


def test_arrays_become_tables_or_images(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    data = load(save(tmp_path, x=rng.normal(size=(24, 3)), y=y))
    assert data.kind == "table"
    assert list(data.x.columns) == ["x0", "x1", "x2"]
    assert data.classes == ("0", "1")
    x = rng.integers(0, 256, (24, 5, 6), dtype=np.uint8)
    data = load(save(tmp_path, x=np.asfortranarray(x), y=np.array(["no", "yes"])[y], groups=y))
    assert np.array_equal(data.x[..., 0], x)
    assert data.classes == ("no", "yes")
    assert data.groups.tolist() == y.tolist()


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        ({"x": np.zeros((4, 2))}, DataError, "array 'y' is missing"),
        ({"x": np.zeros((4, 2)), "y": np.arange(3)}, ShapeError, "shape"),
        ({"x": np.zeros((4, 2, 2)), "y": np.arange(4)}, ShapeError, "uint8"),
        ({"x": np.eye(4), "y": np.zeros(4, int)}, LabelError, "one class"),
        ({"x": np.full((4, 2), np.inf), "y": np.arange(4)}, DataError, "infinity"),
        ({"x": np.eye(4), "y": np.array([{}, {}, {}, {}])}, DataError, "Python objects"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, error, words):
    with pytest.raises(error, match=words):
        load(save(tmp_path, **arrays))


def test_an_array_that_claims_more_than_its_file_holds_is_refused_unread(tmp_path):
    header = repr({"descr": "<f8", "fortran_order": False, "shape": (2**32, 4)}).encode().ljust(117) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.npy", content)
        archive.writestr("y.npy", content)
    (tmp_path / "d.npz").write_bytes(stream.getvalue())
    with pytest.raises(DataError, match="cannot hold"):
        load(tmp_path / "d.npz")
    (tmp_path / "d.npz").write_bytes(b"no zip at all")
    with pytest.raises(DataError, match=r"not an \.npz"):
        load(tmp_path / "d.npz")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_npz_is_read_or_refused(tmp_path_factory, changes):
    stream = io.BytesIO()
    np.savez(stream, x=np.arange(12.0).reshape(6, 2), y=np.arange(6) % 2)
    damaged = bytearray(stream.getvalue())
    for position, value in changes:
        damaged[position % len(damaged)] = value
    path = tmp_path_factory.mktemp("npz") / "d.npz"
    path.write_bytes(damaged)
    try:
        load(path)
    except DataError:
        return
