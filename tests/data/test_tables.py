import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout import load
from heldout.data import delimited
from heldout.data.delimited import read_delimited
from heldout.data.tables import read_rows
from heldout.errors import DataError, LabelError, SettingError


def write(folder, text, name="t.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(n=30, label=lambda i: "ab"[i % 2]):
    return "f,g,label\n" + "".join(f"{i * 0.5},{'xyz'[i % 3]},{label(i)}\n" for i in range(n))


def refused(folder, text, error=DataError, target="label", **options):
    with pytest.raises(error) as caught:
        load(write(folder, text), target=target, **options)
    assert caught.value.fix
    return str(caught.value)


def test_a_table_becomes_numbers_text_and_labels(tmp_path):
    data = load(write(tmp_path, rows()), target="label")
    assert data.kind == "table"
    assert data.classes == ("a", "b")
    assert data.y.dtype == np.int64
    assert data.x["f"].dtype == np.float64
    assert data.x["f"].tolist() == [i * 0.5 for i in range(30)]
    assert data.x["g"].tolist() == ["xyz"[i % 3] for i in range(30)]
    assert data.ids[:3].tolist() == ["0", "1", "2"]
    assert data.input["columns"] == [{"name": "f", "type": "numeric"}, {"name": "g", "type": "categorical"}]


def test_the_same_table_as_csv_tsv_parquet_and_frame_gives_the_same_rows(tmp_path):
    frame = pd.read_csv(io.StringIO(rows()))
    frame.to_parquet(tmp_path / "t.parquet")
    versions = [
        load(write(tmp_path, rows()), target="label"),
        load(write(tmp_path, rows().replace(",", "\t"), "t.tsv"), target="label"),
        load(write(tmp_path, rows().replace("\n", "\r")), target="label"),
        load(write(tmp_path, b"\xef\xbb\xbf" + rows().replace("\n", "\r\n").encode()), target="label"),
        load(tmp_path / "t.parquet", target="label"),
        load(frame, target="label"),
    ]
    for other in versions[1:]:
        pd.testing.assert_frame_equal(versions[0].x, other.x)
        assert other.y.tolist() == versions[0].y.tolist()
        assert other.classes == versions[0].classes


def test_missing_words_are_missing_and_the_column_stays_numeric(tmp_path):
    words = ["", "NA", "N/A", "NaN", "nan", "null", "None", "?", " NA "]
    text = "f,g,label\n" + "".join(f"{word},{word},{'ab'[i % 2]}\n" for i, word in enumerate(words))
    text += "1.5,x,a\n2,y,b\n+3e2,x,a\n"
    data = load(write(tmp_path, text), target="label")
    assert np.isnan(data.x["f"][: len(words)]).all()
    assert data.x["f"][len(words) :].tolist() == [1.5, 2.0, 300.0]
    assert data.x["g"][: len(words)].tolist() == [None] * len(words)


def test_labels_stay_text_as_written_and_near_equal_ones_are_pointed_out(tmp_path):
    names = ["NA", "007", "7", "1.0", "1", "cat", "cat "]
    data = load(write(tmp_path, rows(70, lambda i: names[i % 7])), target="label")
    assert data.classes == tuple(sorted(names))
    said = " ".join(data.notes)
    assert "'007' and '7'" in said
    assert "'1' and '1.0'" in said
    assert "'cat' and 'cat '" in said
    assert "'NA' is taken as a class" in said


def test_ids_constants_and_row_numbers_are_left_out_with_a_note(tmp_path):
    text = "row,name,same,f,label\n" + "".join(f"{i},n{i},k,{i % 7},{'ab'[i % 2]}\n" for i in range(40))
    data = load(write(tmp_path, text), target="label")
    assert list(data.x.columns) == ["f"]
    said = " ".join(data.notes)
    assert all(name in said for name in ("'row'", "'name'", "'same'"))


def test_decimal_commas_are_pointed_out_also_in_columns_that_are_left_out(tmp_path):
    lines = [f"{i},{i}5;{i % 5},5;{i % 3};{'ab'[i % 2]}\n" for i in range(40)]
    data = load(write(tmp_path, "f;g;h;label\n" + "".join(lines)), target="label")
    assert list(data.x.columns) == ["g", "h"]
    hints = [note for note in data.notes if "decimal commas" in note]
    assert [hint.split(";")[0] for hint in hints] == ["column 'f' is left out", "column 'g' is taken as text"]
    only = "f;label\n" + "".join(f"{-i},25;{'ab'[i % 2]}\n" for i in range(40))
    assert "column 'f' is left out; it may hold numbers with decimal commas" in refused(tmp_path, only)


def test_the_largest_number_allowed_is_1e150(tmp_path):
    data = load(write(tmp_path, "a,label\n1e150,x\n-1e150,y\n,x\n"), target="label")
    assert data.x["a"][:2].tolist() == [1e150, -1e150]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,label\n1,x\n2\n", ["line 3", "1 fields", "2"]),
        ('a,label\n"1\n\n2",x\n3,y,z\n', ["line 5", "3 fields"]),
        (b"a,label\n1,x\n2,\xe9\n", ["line 3", "byte offset 14", "0xe9", "iconv"]),
        (b"a,label\n1,x\n2,\xc3", ["line 3", "byte offset 14"]),
        (b"a,label\n1,\0x\n", ["NUL", "line 2", "offset 10"]),
        (b"\xff\xfea\0", ["UTF-16"]),
        ("a,a,label\n1,2,x\n", ["'a'", "columns 1 and 2"]),
        ('a,label\n1,x\n"2,y\n3,x\n', ["line 3", "never closed"]),
        ('a,label\n"1"2,x\n', ["line 2"]),
        ("", ["empty"]),
        ("a,label\n", ["no rows"]),
        ("a,label\ninf,x\n1,y\n", ["'a'", "infinity", "line 2"]),
        ("a,label\n1,x\n-1.5e150,y\n1e300,y\n", ["'a'", "beyond 1e+150", "2 rows", "-1.5e+150 at line 3"]),
        ("a,b,label\n1,1,x\n1,1,y\n", ["no column is left"]),
    ],
)
def test_a_broken_table_is_refused_by_line_and_cause(tmp_path, text, words):
    message = refused(tmp_path, text)
    assert all(word in message for word in words), message


def test_a_bad_byte_deep_in_a_large_file_is_named_exactly(tmp_path):
    line = b"1.25,x\r\n"
    n = 400_000
    body = b"a,label\r\n" + line * n + b"\x80,y\r\n"
    message = refused(tmp_path, body)
    assert f"line {n + 2}," in message
    assert f"byte offset {9 + len(line) * n}," in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rows(30, lambda i: "" if i == 4 else "ab"[i % 2]), ["empty", "line 6"]),
        (rows(30, lambda i: "NaN" if i == 5 else str(i % 2)), ["NaN", "line 7"]),
        (rows(30, lambda i: "inf" if i == 5 else str(i % 2)), ["infinite", "line 7"]),
        (rows(30, lambda i: "a"), ["only one class", "'a'"]),
        (rows(30, lambda i: f"n{i}"), ["30 different values", "id"]),
        (rows(300, lambda i: f"{i * 0.37:.3f}"), ["regression"]),
        (rows(300, lambda i: str(i)), ["regression"]),
    ],
)
def test_a_column_that_cannot_be_a_target_is_refused(tmp_path, text, words):
    message = refused(tmp_path, text, LabelError)
    assert all(word in message for word in words), message


def test_a_wrong_target_name_gets_the_near_one_and_no_target_gets_the_list(tmp_path):
    assert "'label'" in refused(tmp_path, rows(), SettingError, target="lable")
    message = refused(tmp_path, rows(), SettingError, target=None)
    assert "'f', 'g', 'label'" in message
    assert "--target 'label'" in message or "--target label" in message
    assert "'g'" in refused(tmp_path, rows(), SettingError, group="G")


def test_groups_come_from_their_column_and_are_no_feature(tmp_path):
    data = load(write(tmp_path, rows()), target="label", group="g")
    assert data.groups.tolist() == [i % 3 for i in range(30)]
    assert list(data.x.columns) == ["f"]
    assert "line 2" in refused(tmp_path, "f,g,label\n1,,a\n2,x,b\n", group="g")


def test_endless_lines_and_too_many_columns_are_refused_early(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "MAX_LINE_BYTES", 2**21)

    class Endless(io.RawIOBase):
        served = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            self.served += len(buffer)
            buffer[:] = b"1" * len(buffer)
            return len(buffer)

    stream = Endless()
    with pytest.raises(DataError, match="line 1 is longer"):
        read_delimited(stream, where="endless")
    assert stream.served < 2**23
    assert "100,000" in refused(tmp_path, ",".join(f"c{i}" for i in range(100_001)) + "\n1\n")


def test_a_header_of_numbers_is_pointed_out(tmp_path):
    data = load(write(tmp_path, "1.5,0\n2.5,0\n3.5,1\n"), target="0")
    assert any("header" in note for note in data.notes)


def test_parquet_types_follow_the_same_rules(tmp_path):
    n = 30
    frame = pd.DataFrame(
        {
            "flag": [i % 3 == 0 for i in range(n)],
            "kind": pd.Categorical(["u", "v", None] * 10),
            "day": pd.to_datetime(["2024-01-01", "2024-01-02"] * 15),
            "count": pd.array([1, None, 3] * 10, dtype="Int64"),
            "label": [i % 2 for i in range(n)],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    for data in (load(tmp_path / "t.parquet", target="label"), load(frame, target="label")):
        assert data.classes == ("0", "1")
        assert data.x["flag"].tolist() == ["True" if i % 3 == 0 else "False" for i in range(n)]
        assert data.x["kind"].tolist() == ["u", "v", None] * 10
        assert data.x["count"][0] == 1.0
        assert np.isnan(data.x["count"][1])
        assert any("dates" in note for note in data.notes)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match="not a Parquet file"):
        load(tmp_path / "bad.parquet", target="label")


def test_new_rows_are_matched_by_name_whatever_their_order(tmp_path):
    spec = load(write(tmp_path, rows()), target="label").input
    frame, ids, labels, notes = read_rows(io.BytesIO(b"extra,g,f\n1,x,\n2,new,0.25\n"), spec)
    assert list(frame.columns) == ["f", "g"]
    assert np.isnan(frame["f"][0])
    assert frame["f"][1] == 0.25
    assert frame["g"].tolist() == ["x", "new"]
    assert ids.tolist() == ["0", "1"]
    assert labels is None
    assert "'extra'" in notes[-1]
    labels = read_rows(io.BytesIO(b"label,g,f\nb,x,1\n"), spec)[2]
    assert labels.tolist() == ["b"]


def test_new_rows_that_do_not_fit_are_refused_by_line_and_column(tmp_path):
    spec = load(write(tmp_path, rows()), target="label").input
    with pytest.raises(DataError, match="missing: 'f'"):
        read_rows(io.BytesIO(b"g\nx\n"), spec)
    with pytest.raises(DataError, match=r"'f' is numeric.*'high' at line 3"):
        read_rows(io.BytesIO(b"f,g\n1,x\nhigh,x\n"), spec)
    with pytest.raises(DataError, match="infinity"):
        read_rows(io.BytesIO(b"f,g\n-inf,x\n"), spec)
    with pytest.raises(DataError, match=r"'f' holds numbers beyond 1e\+150.*line 2"):
        read_rows(io.BytesIO(b"f,g\n1e200,x\n"), spec)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8),
        ),
        min_size=2,
        max_size=20,
    )
)
def test_whatever_the_csv_writer_wrote_is_read_back(values):
    import csv

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["n", "t"])
    writer.writerows([repr(number), word] for number, word in values)
    raw = read_delimited(io.BytesIO(text.getvalue().encode()), where="t.csv")
    assert [float(value) for value in raw.columns[0].to_pylist()] == [number for number, _ in values]
    assert raw.columns[1].to_pylist() == [word for _, word in values]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_remedy(content):
    refusal = None
    try:
        raw = read_delimited(io.BytesIO(content), where="t.csv")
    except DataError as error:
        refusal = error
    if refusal is None:
        assert len(raw.columns) == len(raw.names)
    else:
        assert refusal.where == "t.csv"
        assert refusal.fix


def test_a_path_that_is_not_there_gets_its_near_name(tmp_path):
    write(tmp_path, rows(), "patients.csv")
    with pytest.raises(DataError, match=r"patients\.csv"):
        load(tmp_path / "patient.csv", target="label")
    with pytest.raises(DataError, match="mean mnist"):
        load("mnits")
    with pytest.raises(DataError, match="not read"):
        load(write(tmp_path, "x", "t.xlsx"))
    with pytest.raises(SettingError, match="for tables"):
        load("iris", target="species")


def test_a_counter_is_no_feature_in_whatever_order_the_rows_are(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=60), "id": random.permutation(60) + 1001})
    frame["y"] = random.choice(["u", "v"], 60)
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    data = load(path, target="y")
    assert list(data.x.columns) == ["a"]
    assert any("numbers the rows" in note for note in data.notes)
