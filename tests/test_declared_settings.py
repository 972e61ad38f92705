"""A setting is one field: everything else about it is derived."""

from dataclasses import dataclass
from math import inf, nan

import click
import numpy as np
import pytest
from click.testing import CliRunner

from heldout.cli.options import options_of
from heldout.errors import SettingError
from heldout.settings import Range, check, from_values, json_schema, markdown_table, names, setting, settings_of


def even(value):
    if int(value) % 2:
        raise SettingError(f"{value} is odd", fix="give an even number")
    return int(value)


@dataclass(frozen=True)
class Toy:
    share: float = setting(0.5, "Share of it.", within=Range(0, 1, open_low=True))
    way: str = setting("fast", "Way of doing it.", choices=("fast", "slow"))
    pairs: int = setting(2, "Pairs.", read=even, metavar="N", flags="-p")
    limit: float | None = setting(None, "Time limit.", within=Range(1.0), unset="none")
    names: tuple[str, ...] = setting((), "Names.", unset="all", read=names)
    folds: int | str = setting(5, "Folds.")
    strict: bool = setting(False, "Be strict.")
    look: bool = setting(True, "Look first.")
    steps: str | None = setting(None, "Steps.", flags="--with -w")

    def __post_init__(self) -> None:
        check(self, fix="see the docs")


@pytest.mark.parametrize(
    ("within", "text", "inside", "outside"),
    [
        (Range(0, 1), "between 0 and 1", [0, 1, 0.5], [-0.01, 1.01, nan, inf]),
        (Range(0, 1, open_low=True), "above 0 and at most 1", [1e-9, 1], [0, 2]),
        (Range(0.5, 1, open_high=True), "at least 0.5 and below 1", [0.5, 0.99], [1, 0.4]),
        (Range(3), "at least 3", [3, 1e9], [2]),
        (Range(high=7, open_high=True), "below 7", [-5, 6], [7]),
    ],
)
def test_a_range_holds_what_it_says(within, text, inside, outside):
    assert str(within) == text
    assert all(value in within for value in inside)
    assert not any(value in within for value in outside)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"share": 0}, "share is 0; it must be above 0 and at most 1"),
        ({"share": "much"}, "share is 'much', not a number"),
        ({"share": nan}, "share is nan, not a finite number"),
        ({"way": "fats"}, r"way is 'fats'; it must be one of fast, slow \(did you mean 'fast'\?\)"),
        ({"pairs": 3}, r"3 is odd \(give an even number\)"),
        ({"pairs": True}, "pairs is True, not a whole number"),
        ({"pairs": None}, "pairs is None, not a whole number"),
        ({"limit": inf}, "limit is inf, not a finite number"),
        ({"strict": 1}, "strict is 1, not true or false"),
        ({"folds": 2.5}, "folds is 2.5, not a whole number or a word"),
        ({"names": ["a"]}, r"names is \['a'\], not a list of names"),
    ],
)
def test_an_impossible_value_is_refused_with_its_name_and_range(values, message):
    with pytest.raises(SettingError, match=message):
        Toy(**values)


def test_all_problems_are_named_at_once():
    with pytest.raises(SettingError, match="share is 2") as caught:
        Toy(share=2, strict="yes")
    assert "strict is 'yes'" in caught.value.what
    assert caught.value.fix == "see the docs"


def test_numbers_of_numpy_are_numbers():
    assert Toy(share=np.float32(0.5), pairs=np.int64(4)).pairs == 4


def test_values_are_read_as_people_give_them():
    assert from_values(Toy, {"names": "a, b,", "limit": None}).names == ("a", "b")
    assert from_values(Toy, {"names": ["a", 7]}).names == ("a", "7")
    with pytest.raises(SettingError, match="Unknown setting 'shar'") as caught:
        from_values(Toy, {"shar": 1}, where="toy.yaml")
    assert (caught.value.where, caught.value.fix) == ("toy.yaml", "did you mean 'share'?")


def test_values_that_cannot_be_read_are_named_with_all_others():
    with pytest.raises(SettingError, match="3 is odd"):
        from_values(Toy, {"pairs": "3"})
    with pytest.raises(SettingError, match="3 is odd; share is 2; it must be"):
        from_values(Toy, {"pairs": "3", "share": 2})


def test_schema_and_docs_come_from_the_fields():
    entries = json_schema(Toy, "toy")["properties"]
    assert list(entries) == [one.name for one in settings_of(Toy)]
    assert entries["share"] == {
        "description": "Share of it.",
        "type": ["number"],
        "default": 0.5,
        "exclusiveMinimum": 0,
        "maximum": 1,
    }
    assert entries["way"]["enum"] == ["fast", "slow"]
    assert entries["limit"]["type"] == ["number", "null"]
    assert entries["names"] == {"description": "Names.", "type": "array", "items": {"type": "string"}, "default": []}
    table = markdown_table(Toy, leave_out=("folds",)).splitlines()
    assert table[2] == "| `share` | number, above 0 and at most 1 | 0.5 | Share of it. |"
    assert "| `names` | names | all | Names. |" in table
    assert not any("folds" in line for line in table)


def run(*arguments):
    @click.command()
    @options_of(Toy)
    def toy(**options):
        click.echo(repr({key: options[key] for key in sorted(options) if options[key] is not None}))

    return CliRunner().invoke(toy, arguments)


def test_options_come_from_the_fields_and_what_is_not_given_is_none():
    assert run().output == "{}\n"
    given = run("--share", "0.25", "-p", "4", "--no-look", "--strict", "--names", "a,b", "--folds", "3").output
    assert given == "{'folds': '3', 'look': False, 'names': 'a,b', 'pairs': '4', 'share': 0.25, 'strict': True}\n"


def test_a_help_page_shows_default_range_and_choices():
    page = " ".join(run("--help").output.split())
    assert "--share FLOAT Share of it. [default: 0.5; above 0 and at most 1]" in page
    assert "--way fast|slow Way of doing it. [default: fast]" in page
    assert "-p, --pairs N Pairs. [default: 2]" in page
    assert "--limit FLOAT Time limit. [default: none; at least 1]" in page
    assert "--strict Be strict. --look / --no-look Look first. [default: yes]" in page
    assert "-w, --with TEXT Steps." in page
