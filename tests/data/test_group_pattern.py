"""Groups are read from file names by a regular expression, or the reason why not is said."""

import numpy as np
import pytest

from heldout.data.dataset import Dataset
from heldout.data.naming import group_by_pattern
from heldout.errors import SettingError


def files(*names):
    n = len(names)
    return Dataset("toy", "images", np.zeros((n, 2, 2, 1), np.uint8), np.zeros(n, int), ("a",), np.array(names))


def test_what_the_pattern_captures_is_the_group():
    data = group_by_pattern(files("a/s01_1.png", "b/s02_1.png", "b/s01_2.png"), r"(s\d+)_")
    assert data.groups.tolist() == [0, 1, 0]
    assert data.group_names == ("s01", "s02")
    assert data.origin["group_pattern"] == r"(s\d+)_"
    assert "2 groups" in data.notes[0]


@pytest.mark.parametrize(
    ("names", "pattern", "words"),
    [
        (("a/s1.png", "b/s2.png"), "(", "not a regular expression"),
        (("a/s1.png", "b/s2.png"), r"s\d", "0 capturing groups"),
        (("a/s1.png", "b/s2.png"), r"(s)(\d)", "2 capturing groups"),
        (("a/s1.png", "b/t2.png"), r"(s\d)", "captures nothing in 1 of 2 names: 'b/t2.png'"),
        (("a/s1.png", "b/s1.png"), r"(s\d)", "one group"),
        (("0", "1", "2"), r"(\d)", "no file names"),
    ],
)
def test_a_pattern_that_does_not_fit_is_refused(names, pattern, words):
    with pytest.raises(SettingError, match=words.replace("(", r"\(")):
        group_by_pattern(files(*names), pattern)
