"""A split on disk gives the same rows again, whatever their order; a damaged one is refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.errors import ArtifactError, DataError, LeakageError
from heldout.split.partition import folds
from heldout.split.record import SplitRecord, load_split, save_split
from heldout.split.ways import PRESETS, split_by_class
from heldout.split.words import SplitWord, parse_folds, parse_split

IDS = np.array([f"cats/ü {i}.png" for i in range(30)])


def made():
    y, groups = np.arange(30) % 3, np.arange(30) // 2
    parts = split_by_class(y, groups, shares=PRESETS["80/10/10"], seed=2)
    train = parts["train"]
    inner = [(r, k, train[t], train[v]) for r, k, t, v in folds(y[train], groups[train], n_folds=3, repeats=2, seed=1)]
    return SplitRecord(parts, inner, "class", 2), groups


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(30)))
def test_a_saved_split_names_the_same_rows_in_whatever_order_they_come_back(order, tmp_path_factory):
    split, groups = made()
    path = tmp_path_factory.mktemp("split") / "split.json"
    save_split(path, split, IDS, groups=groups)
    shuffled = IDS[list(order)]
    again = load_split(path, shuffled)
    assert (again.way, again.seed) == ("class", 2)
    for part, rows in split.parts.items():
        assert set(shuffled[again.parts[part]]) == set(IDS[rows])
    assert [(r, k) for r, k, *_ in again.folds] == [(r, k) for r, k, *_ in split.folds]
    for (*_, train, validation), (*_, train_again, validation_again) in zip(split.folds, again.folds, strict=True):
        assert set(shuffled[train_again]) == set(IDS[train])
        assert set(shuffled[validation_again]) == set(IDS[validation])


def test_a_split_that_tears_a_group_or_doubles_a_row_is_not_written(tmp_path):
    path = tmp_path / "split.json"
    with pytest.raises(LeakageError, match="both train and test"):
        save_split(
            path, SplitRecord({"train": np.arange(2), "test": np.arange(2, 4)}), IDS[:4], groups=np.zeros(4, int)
        )
    with pytest.raises(LeakageError, match="both train and test"):
        save_split(path, SplitRecord({"train": np.arange(3), "test": np.arange(2, 4)}), IDS[:4])
    with pytest.raises(DataError, match="same id"):
        save_split(path, SplitRecord({"train": np.arange(4)}), np.array(["a", "a", "b", "c"]))
    assert not path.exists()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda v: v["parts"]["test"].append("dogs/1.png"), DataError),
        (lambda v: v["parts"]["test"].append(v["parts"]["train"][0]), ArtifactError),
        (lambda v: v["parts"].update(test=3), ArtifactError),
        (lambda v: v["folds"][0]["validation"].append(v["folds"][1]["validation"][0]), ArtifactError),
        (lambda v: v["folds"][0].pop("repeat"), ArtifactError),
        (lambda v: v.update(folds=5), ArtifactError),
        (lambda v: v.update(schema=2), ArtifactError),
    ],
)
def test_a_changed_split_is_refused(change, error, tmp_path):
    split, _ = made()
    path = tmp_path / "split.json"
    save_split(path, split, IDS)
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values))
    with pytest.raises(error, match=r"split.json") as caught:
        load_split(path, IDS)
    assert caught.value.fix


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"train": ["x"]}', "[" * 100_000])
def test_a_file_that_is_no_split_is_refused(text, tmp_path):
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(ArtifactError, match=r"cannot be read as a split|no training and test rows"):
        load_split(path, IDS)
    with pytest.raises(ArtifactError, match="No such file"):
        load_split(tmp_path / "none.json", IDS)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("class", ("class", "")),
        ("hash:id", ("hash", "id")),
        ("time:a:b", ("time", "a:b")),
        ("column:x", ("column", "x")),
    ],
)
def test_the_words_of_a_split_are_read(text, word):
    assert parse_split(text) == SplitWord(*word)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clas", "did you mean 'class'"),
        ("time", "--split time:COL"),
        ("hash:name", "hash:content"),
        ("random:5", "takes no argument"),
        ("", "choose from"),
    ],
)
def test_a_wrong_split_says_what_is_right(text, said):
    with pytest.raises(ValueError, match=r"(?s).*" + said.replace(":", ".")):
        parse_split(text)


def test_folds_are_a_number_or_a_word():
    assert [parse_folds(value) for value in (5, "7", "loo-group", "published")] == [5, 7, "loo-group", "published"]
    for wrong in (1, "101", "loo", "-3"):
        with pytest.raises(ValueError, match="folds is"):
            parse_folds(wrong)
