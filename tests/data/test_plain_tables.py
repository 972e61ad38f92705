"""The fast reader reads what the strict one reads, and leaves everything odd to it."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.data import plain_delimited
from heldout.data.delimited import read_delimited
from heldout.errors import DataError


@pytest.fixture(autouse=True)
def small_files_too(monkeypatch):
    monkeypatch.setattr(plain_delimited, "LEAST_BYTES", 0)
    monkeypatch.setattr(plain_delimited, "_BLOCK_BYTES", 16)  # so that lines cross blocks


def outcome(read):
    try:
        raw = read()
    except DataError as error:
        return "refused", re.sub(r"row \d+ bytes", "", error.what)
    columns = [column.to_pylist() for column in raw.columns]
    return raw.names, columns, raw.lines.tolist()


def both(path, content):
    path.write_bytes(content)
    strict = outcome(lambda: read_delimited(io.BytesIO(content), where=str(path)))
    return outcome(lambda: read_delimited(path, where=str(path))), strict


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n3,4\n",
        b"a,b\r\n1,2\r\n3,4",
        b"\xef\xbb\xbfa,b\n1, x \n,NA\n",
        b"a\n1\n\n2\n",
        b"a,b\n1,2\n3\n",
        b"a,b\n1,2\n3,4,5\n",
        b"a,b\r1,2\r3,4\r",
        b"a,b\n1,2\r\n3,4\n\r",
        b'a,b\n"1,2",3\n',
        b"a,b\n1,\xe9\n",
        "a,b\ncaf\u00e9,\u2028x\n".encode(),
        b"a,b\n1,\0\n",
        b"a;b\n1;2\n",
        b"a,b\n",
        b"a,b\n\\,2\n",
        b"a,b\n'1',2\n",
    ],
)
def test_the_fast_and_the_strict_reader_agree(tmp_path, content):
    fast, strict = both(tmp_path / "t.csv", content)
    assert fast == strict


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='a1,\n\r" ;\t\u00e9', max_size=60))
def test_any_text_is_read_alike(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "t.csv"
    fast, strict = both(path, ("a,b\n" + text).encode())
    assert fast == strict


def test_a_plain_file_takes_the_fast_way(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1,2\n3,4\n")
    columns, lines = plain_delimited.read_plain(path, ["a", "b"], ",")
    assert [column.to_pylist() for column in columns] == [["1", "3"], ["2", "4"]]
    assert lines.tolist() == [2, 3]
