"""Tables, folders and zips made to break a reader: bounded memory, a message with place and remedy, nothing lost."""

import contextlib
import io
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from heldout import load
from heldout.data import decode_worker
from heldout.data.cache import read_whole
from heldout.data.delimited import read_delimited
from heldout.data.zipped import list_zip
from heldout.errors import DataError


def refused(*arguments, **options):
    with pytest.raises(DataError) as caught:
        load(*arguments, **options)
    assert caught.value.fix
    return str(caught.value)


def pictures(root, classes=("cat", "dog"), n=4):
    random = np.random.default_rng(0)
    for name in classes:
        (root / name).mkdir(parents=True)
        for i in range(n):
            Image.fromarray(random.integers(0, 255, (6, 6), dtype=np.uint8)).save(root / name / f"{i}.png")
    return root


class Stream(io.RawIOBase):
    """A first part, then the same bytes for ever, counting what was asked for."""

    def __init__(self, first, then):
        self._first, self._then, self.served = io.BytesIO(first), then, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self._first.read(len(buffer)) or (self._then * (len(buffer) // len(self._then) + 1))[: len(buffer)]
        buffer[: len(piece)] = piece
        self.served += len(piece)
        return len(piece)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"a,label\n1,x\n2,", b"7"),  # one line without an end
        (b'a,label\n1,x\n2,"', b"seven\n"),  # a quote that never closes, over many lines
        (b"a,label\n1,x\n", b","),  # fields without an end
    ],
)
def test_a_field_without_an_end_is_refused_long_before_a_gigabyte(first, then):
    stream = Stream(first, then)
    with pytest.raises(DataError) as caught:
        read_delimited(stream, where="bomb.csv")
    assert "line" in str(caught.value)
    assert stream.served < 80 * 2**20


def test_ten_thousand_columns_are_read(tmp_path):
    n, n_columns = 30, 10_000
    values = np.random.default_rng(0).normal(size=(n, n_columns)).round(3)
    lines = [",".join([f"c{i}" for i in range(n_columns)]) + ",label"]
    lines += [",".join(map(str, row)) + f",{'ab'[i % 2]}" for i, row in enumerate(values)]
    (tmp_path / "wide.csv").write_text("\n".join(lines) + "\n")
    data = load(tmp_path / "wide.csv", target="label")
    assert data.x.shape == (n, n_columns)
    assert np.array_equal(data.x.to_numpy(), values)


_BOMB = """
import sys
from pathlib import Path
from heldout import load
from heldout.errors import DataError
try:
    load(sys.argv[1], target="label")
except DataError as error:
    print(error.where.endswith("bomb.csv"), bool(error.fix))
status = Path("/proc/self/status").read_text()  # the peak of getrusage would be that of the process that forked
peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
print(peak // 1024 < 400)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
def test_a_field_of_a_gigabyte_in_a_file_costs_no_gigabyte_of_memory(tmp_path):
    path = tmp_path / "bomb.csv"
    with path.open("wb") as stream:
        stream.write(b"a,label\n1,x\n2,")
        stream.truncate(2**30)  # a hole: a gigabyte of NUL bytes that takes no place
    done = subprocess.run([sys.executable, "-c", _BOMB, str(path)], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "True", "True"], done.stderr


@pytest.mark.parametrize(
    "values",
    [
        [[1, 2], [3]] * 15,
        [{"a": 1}, {"a": 2}] * 15,
        [[{"a": [1]}], None] * 15,
    ],
)
def test_nested_columns_of_parquet_are_refused_by_name(values, tmp_path):
    frame = pd.DataFrame({"deep": values, "label": ["a", "b"] * 15})
    frame.to_parquet(tmp_path / "t.parquet")
    said = refused(tmp_path / "t.parquet", target="label")
    assert "'deep'" in said
    assert "flatten or drop" in said


def test_odd_types_of_parquet_become_numbers_or_text_by_rule(tmp_path):
    import datetime
    import decimal

    n = 30
    frame = pd.DataFrame(
        {
            "when": [datetime.datetime(2024, 1, 1 + i % 28, 5) for i in range(n)],
            "took": pd.to_timedelta([i % 7 for i in range(n)], unit="h"),
            "price": [decimal.Decimal(i % 5) / 4 for i in range(n)],
            "raw": [b"\x00\xff", b"abc"] * (n // 2),
            "label": ["a", "b"] * (n // 2),
        }
    )
    frame.drop(columns="raw").to_parquet(tmp_path / "t.parquet")
    data = load(tmp_path / "t.parquet", target="label")
    assert data.x["price"].tolist() == [i % 5 / 4 for i in range(n)]
    assert data.x["when"].dtype == object
    assert sum("dates or times" in note for note in data.notes) == 2
    frame.to_parquet(tmp_path / "raw.parquet")
    assert "'raw'" in refused(tmp_path / "raw.parquet", target="label")


def test_infinity_in_parquet_and_in_a_frame_is_refused_by_row(tmp_path):
    frame = pd.DataFrame({"a": [*np.arange(29.0), np.inf], "label": ["a", "b"] * 15})
    frame.to_parquet(tmp_path / "t.parquet")
    for source in (tmp_path / "t.parquet", frame):
        said = refused(source, target="label")
        assert "infinity" in said
        assert "row 29" in said


def test_mixed_types_in_a_column_are_text_and_the_odd_one_is_shown(tmp_path):
    values = [str(i % 7) for i in range(59)] + ["unknown"]
    frame = pd.DataFrame(
        {"a": [int(v) if v.isdigit() else v for v in values], "b": range(60), "label": ["x", "y"] * 30}
    )
    frame["b"] = frame["b"] % 9
    frame.to_csv(tmp_path / "t.csv", index=False)
    for source in (tmp_path / "t.csv", frame):
        data = load(source, target="label")
        assert data.x["a"].tolist() == values
        assert any("'unknown'" in note for note in data.notes)


def test_a_table_that_cannot_be_opened_says_why(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a,label\n1,x\n2,y\n")

    def closed(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", closed)
    said = refused(path, target="label")
    assert "Permission denied" in said
    assert "rights" in said


ODD = [
    "naïve café",
    "日本語",
    "😀",
    'a"b',
    "semi;colon",
    "<script>alert(1)</script>",
    "=1+1",
    "-rf",
    "%s%n",
    "a\tb",
    "new\nline",
]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses such names itself")
def test_odd_characters_in_files_and_classes_are_kept_as_they_are(tmp_path):
    names = [name.replace("/", "∕") for name in ODD]
    pictures(tmp_path / "p", names, n=2)
    for name in names:
        (tmp_path / "p" / name / "0.png").rename(tmp_path / "p" / name / f"{name}.png")
    data = load(tmp_path / "p")
    assert data.classes == tuple(sorted(names))
    assert len(data) == 2 * len(names)
    assert f"{names[0]}/{names[0]}.png" in data.ids.tolist()


def test_odd_characters_in_a_table_survive(tmp_path):
    lines = "".join(f'"{i % 9}","{ODD[i % len(ODD)].replace(chr(34), chr(34) * 2)}"\n' for i in range(66))
    (tmp_path / "t.csv").write_text("größe 😀,label\n" + lines, "utf-8")
    data = load(tmp_path / "t.csv", target="label")
    assert data.classes == tuple(sorted(ODD))
    assert list(data.x.columns) == ["größe 😀"]


@pytest.mark.parametrize("classes", [("Cat", "cat"), ("MAX", "max", "min")])
def test_classes_that_differ_only_in_case_stay_apart_and_are_said(classes, tmp_path):
    lines = "".join(f"{i % 9},{classes[i % len(classes)]}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("a,label\n" + lines)
    data = load(tmp_path / "t.csv", target="label")
    assert data.classes == tuple(sorted(classes))
    assert any("look alike" in note for note in data.notes)


def test_a_file_that_cannot_be_read_is_skipped_and_named(tmp_path, monkeypatch):
    pictures(tmp_path / "p")

    def guarded(path, *arguments):
        if str(path).endswith("cat/2.png"):
            raise PermissionError(13, "Permission denied", str(path))
        return read_whole(path, *arguments)

    monkeypatch.setattr(decode_worker, "read_whole", guarded)
    data = load(tmp_path / "p")
    assert len(data) == 7
    assert [item.id for item in data.skipped] == ["cat/2.png"]
    assert "Permission denied" in data.skipped[0].reason
    assert "cat/2.png" in refused(tmp_path / "p", strict=True)


def test_a_file_that_is_listed_twice_is_refused_whatever_its_labels(tmp_path):
    pictures(tmp_path)
    for again, said in (("cat", "a second time"), ("dog", "a second time, with another label: 'cat' and 'dog'")):
        (tmp_path / "labels.csv").write_text(f"file,label\ncat/0.png,cat\ndog/0.png,dog\ncat/0.png,{again}\n")
        found = refused(tmp_path)
        assert said in found
        assert "line 4" in found
    (tmp_path / "labels.csv").write_text("file,label\nnone/0.png,cat\nnone/1.png,dog\n")
    assert "none of the 2 listed files" in refused(tmp_path)


def zip_of(path, names, content=b"x"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            again = name in archive.namelist()
            with pytest.warns(UserWarning, match="Duplicate name") if again else contextlib.nullcontext():
                archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "names",
    [
        ["train/cat/1.png", "../evil/x.png"],
        ["train/cat/1.png", "/etc/evil/x.png"],
        ["train/../x.png"],
        ["train/cat/deeper/1.png"],
        ["train/cat/1.png", "train/cat/1.png"],
    ],
)
def test_a_zip_with_names_that_leave_it_is_refused_unread(names, tmp_path):
    with pytest.raises(DataError, match="unexpected members"):
        list_zip(zip_of(tmp_path / "t.zip", names))
    assert [path.name for path in tmp_path.iterdir()] == ["t.zip"]


def test_what_is_no_zip_is_refused(tmp_path):
    (tmp_path / "t.zip").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(DataError, match="not a zip"):
        list_zip(tmp_path / "t.zip")


def test_a_bomb_in_a_zip_is_read_no_further_than_an_image_may_go(tmp_path, monkeypatch):
    monkeypatch.setattr(decode_worker, "MAX_FILE_BYTES", 2**20)
    path = zip_of(tmp_path / "t.zip", ["train/cat/1.png"], bytes(50 * 2**20))
    assert path.stat().st_size < 2**17
    reader = decode_worker.Reader(str(path))
    assert len(reader.read("train/cat/1.png")) == 2**20 + 1
    reader.close()
