"""The parser of the little languages, on a language of the test's own and on arbitrary text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.errors import SettingError
from heldout.lines import (
    Amount,
    Choice,
    Either,
    Number,
    Option,
    Quantity,
    Size,
    Text,
    Word,
    hint,
    language,
    nearest,
)

SHIFT = Amount(
    "amount",
    {"": Number("share", 0, 1), "%": Number("percent", 0, 100), "px": Number("pixels", 0, 100, whole=True)},
)
P = Option("p", Number("p", 0, 1), default=1.0)
WORDS = (
    Word("conv", "slides", (Number("filters", 1, 1000, whole=True), Size("kernel", 1, 99, pair=False)),
         (Option("stride", Number("stride", 1, 9, whole=True), default=1), Option("same"),
          Option("init", Choice("init", ("glorot", "he"), name="NAME"))), example="conv 32 3 same"),
    Word("relu", "cuts", spellings=("rectifier",)),
    Word("drop", "forgets", (Number("rate", 0, 1, below=True),)),
    Word("shift", "moves", (SHIFT,), (P, Option("reflect"))),
    Word("noise", "hisses", (Number("decibels", -60, 120, span=True, unit="dB"),), (P,)),
    Word("fill", "fills", (Choice("by", ("mean", "most-frequent"), default="mean"),)),
    Word("pca", "projects", (Either("n", (Number("count", 1, 99, whole=True), Number("share", 0, 1, above=True,
                                                                                  below=True))),)),
    Word("levels", "scales", (), (Option("unit", Number("unit", 0.001, 9, default=1.0)), P)),
    Word("swap", "exchanges", (Text("column"),), (P,)),
    Word("residual", "adds", nests=True),
)  # fmt: skip
OLD = {"crop": lambda words: ["shift", f"{words[1]}px", *words[2:]] if len(words) > 1 else words}
TOY = language(WORDS, of="the line", may_be_empty=True, most=20, depth=2, length=500, old=OLD)
FLAT = language([word for word in WORDS if not word.nests], of="--flat", where="--flat", any_case=True)


def only(text, lines=TOY):
    (item,) = lines.parse(text).items
    return dict(item.values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("conv 32 3", {"filters": 32, "kernel": (3,), "stride": 1, "same": False, "init": None}),
        ("conv 8 3x5 same stride 2 init he", {"filters": 8, "kernel": (3, 5), "stride": 2, "same": True, "init": "he"}),
        ("drop 0.5", {"rate": 0.5}),
        ("drop 1e-3", {"rate": 0.001}),
        ("shift 0.1", {"amount": Quantity(0.1), "p": 1.0, "reflect": False}),
        ("shift 10% reflect p .5", {"amount": Quantity(0.1), "p": 0.5, "reflect": True}),
        ("shift 4px", {"amount": Quantity(4.0, "px"), "p": 1.0, "reflect": False}),
        ("noise 20", {"decibels": (20.0, 20.0), "p": 1.0}),
        ("noise -10..40dB p 0.3", {"decibels": (-10.0, 40.0), "p": 0.3}),
        ("fill", {"by": "mean"}),
        ("fill most_frequent", {"by": "most-frequent"}),
        ("pca 20", {"n": 20}),
        ("pca 0.95", {"n": 0.95}),
        ("levels", {"unit": None, "p": 1.0}),
        ("levels unit", {"unit": 1.0, "p": 1.0}),
        ("levels unit 2 p 0", {"unit": 2.0, "p": 0.0}),
        ("levels unit p 0", {"unit": 1.0, "p": 0.0}),
        ("swap  blood   type p 0.5", {"column": "blood type", "p": 0.5}),
        ("swap p", {"column": "p", "p": 1.0}),
        ("rectifier", {}),
    ],
)
def test_a_step_is_its_word_with_typed_values(text, values):
    assert only(text) == values


def test_steps_nest_and_say_where_they_begin():
    line = TOY.parse("conv 4 3,  residual( relu, residual(drop 0.1) ), relu,")
    assert line.text == "conv 4 3, residual( relu, residual(drop 0.1) ), relu,"
    assert [item.word for item in line.items] == ["conv", "residual", "relu"]
    inner = line.items[1].body[1]
    assert (inner.word, inner.body[0]["rate"]) == ("residual", 0.1)
    for item in (*line.items, *line.items[1].body, *inner.body):
        assert line.text[item.at : item.at + item.length] == item.word


def test_a_line_may_be_empty_where_the_language_allows_it():
    assert TOY.parse("").items == TOY.parse("  ").items == TOY.parse([]).items == ()
    with pytest.raises(SettingError, match="there is no step") as caught:
        FLAT.parse(" ")
    assert "conv, relu" in caught.value.fix


def test_a_list_of_lines_is_one_line():
    assert TOY.parse(["conv 4 3, relu", "relu"]) == TOY.parse("conv 4 3, relu,  relu")


def test_capitals_are_forgiven_where_the_language_says_so():
    assert FLAT.parse("ReLU, Drop 0.5").items == FLAT.parse("relu, drop 0.5").items
    with pytest.raises(SettingError, match="did you mean 'relu'"):
        TOY.parse("ReLU")


def test_parentheses_belong_to_text_where_nothing_nests():
    assert only("swap petal width (cm) p 0.2", FLAT) == {"column": "petal width (cm)", "p": 0.2}
    with pytest.raises(SettingError, match=r"unexpected "):
        FLAT.parse("relu )")


@pytest.mark.parametrize(
    ("text", "wrong", "problem", "fix"),
    [
        ("rleu", "rleu", "unknown step 'rleu'; did you mean 'relu'?", "choose from conv, relu"),
        ("rectifyer", "rectifyer", "did you mean 'relu'?", ""),
        ("conv 32, relu", ",", "expected KERNEL after 'conv' (a whole number from 1 to 99, or two such as 3x5)", ""),
        ("conv 3.5 3", "3.5", "expected FILTERS after 'conv' (a whole number from 1 to 1,000), found '3.5'", ""),
        ("conv 0 3", "0", "from 1 to 1,000), found '0'", "conv FILTERS KERNEL|HEIGHTxWIDTH [stride STRIDE] [same]"),
        ("conv 3 3 strid 2", "strid", "conv has no option 'strid'; did you mean 'stride'?", "conv 32 3 same"),
        ("conv 3 3 stride", "", "expected STRIDE after 'stride' (a whole number from 1 to 9), found the end", ""),
        ("conv 3 3 same same", "same", "'same' is given twice", "keep one"),
        ("conv 3 3 init gloro", "gloro", "(glorot or he), found 'gloro'; did you mean 'glorot'?", ""),
        ("conv 3 3 relu", "relu", "conv has no option 'relu'", "add a comma before it"),
        ("relu relu", "relu", "unexpected 'relu' after 'relu'", "add a comma before it: steps are separated"),
        ("relu 3", "3", "unexpected '3' after 'relu'", "steps are separated by commas"),
        ("relu,, relu", ",", "expected a step, found ','", "put a step before it"),
        ("(relu)", "(", "expected a step, found '('", ""),
        ("relu)", ")", "unexpected ')'", ""),
        ("relu (3)", "(", "only residual takes parentheses", "residual(...)"),
        ("residual relu", "relu", "expected '(' after residual, found 'relu'", ""),
        ("residual(relu", "(", "never closed", "')' after the last step"),
        ("residual()", "residual", "residual without a step", ""),
        ("residual(residual(residual(relu)))", "residual", "nested more than 2 deep", ""),
        ("drop 1", "1", "(a number from 0 below 1), found '1'", ""),
        ("drop nan", "nan", "found 'nan'", ""),
        ("drop -0.1", "-0.1", "found '-0.1'", ""),
        ("shift 2", "2", "(a number from 0 to 1, a whole number from 0 to 100 followed by px or per cent)", ""),
        ("shift 4.5px", "4.5px", "followed by px", ""),
        ("shift 4s", "4s", "found '4s'", "shift AMOUNT [p P] [reflect]"),
        ("noise 40..20", "40..20", "or a range such as 20..40), found '40..20'", ""),
        ("fill average", "average", "(mean or most-frequent), found 'average'", "fill [mean|most-frequent]"),
        ("pca 1.5", "1.5", "a whole number from 1 to 99 or a number above 0 below 1", "pca COUNT|SHARE"),
        ("pca 1.0", "1.0", "found '1.0'", ""),
        ("swap", "", "expected COLUMN after 'swap' (text), found the end", "swap COLUMN [p P]"),
        (
            "crop 4 reflect p 0.5",
            "crop",
            "'crop 4 reflect p 0.5' is now written 'shift 4px reflect p 0.5'",
            "write shift",
        ),
        (", ".join(["relu"] * 21), "relu", "more than 20 steps", "fewer steps"),
    ],
)
def test_an_error_points_at_the_word_and_says_what_to_write(text, wrong, problem, fix):
    with pytest.raises(SettingError, match=re.escape(problem)) as caught:
        TOY.parse(text)
    first, shown, marker = caught.value.what.split("\n")
    assert first.endswith("of the line)")
    assert fix in caught.value.fix
    assert caught.value.fix
    begin = marker.index("^")
    assert shown[begin : begin + len(marker.strip())] == wrong


def test_a_long_line_is_shown_around_the_wrong_word():
    text = ", ".join(["relu"] * 15 + ["rleu"] + ["relu"] * 3)
    with pytest.raises(SettingError, match=r"\(character 91 of the line\)") as caught:
        TOY.parse(text)
    _, shown, marker = caught.value.what.split("\n")
    assert len(shown) < 120
    assert shown[marker.index("^") : marker.rindex("^") + 1] == "rleu"


@pytest.mark.parametrize("line", [None, 3, b"relu", ["relu", 3], "relu, " * 100])
def test_what_is_no_line_is_refused(line):
    with pytest.raises(SettingError, match="the line"):
        TOY.parse(line)


def test_a_language_says_where_its_lines_are_given():
    with pytest.raises(SettingError, match="character 1 of --flat") as caught:
        FLAT.parse("rleu")
    assert caught.value.where == "--flat"
    item = FLAT.parse("relu, drop 0.1").items[1]
    error = FLAT.parse("relu, drop 0.1").complaint(item, "drop comes after relu", "put it first")
    assert error.what == "drop comes after relu (character 7 of --flat)\n  relu, drop 0.1\n        ^^^^"
    assert (error.where, error.fix) == ("--flat", "put it first")


def test_lines_of_older_files_are_put_into_the_words_of_today():
    old = "relu,  crop 4 reflect p 0.5, drop 0.1"
    assert TOY.upgraded(old) == "relu, shift 4px reflect p 0.5, drop 0.1"
    assert TOY.parse(TOY.upgraded(old)).items[1]["amount"] == Quantity(4.0, "px")
    for today in ("relu,  drop 0.1", "", "what is  this,,"):
        assert TOY.upgraded(today) == today


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_a_step_that_is_written_is_read_as_itself(word):
    examples = {
        "conv": "conv 8 3x5 same init he",
        "drop": "drop 0.25",
        "shift": "shift 4px p 0.5",
        "noise": "noise 2..3",
        "pca": "pca 0.5",
        "swap": "swap blood type",
        "residual": "",
        "levels": "levels unit 2",
    }
    text = examples.get(word.name, word.name)
    if text:
        (item,) = TOY.parse(text).items
        assert TOY.parse(word.write(item.values)).items == (item,)


def test_every_word_shows_its_form_and_what_it_does():
    table = dict(TOY.table())
    assert table["shift AMOUNT [p P] [reflect]"] == "moves"
    assert table["noise DECIBELS[..DECIBELS] [p P]"] == "hisses"
    assert table["levels [unit [UNIT]] [p P]"] == "scales"
    assert table["conv FILTERS KERNEL|HEIGHTxWIDTH [stride STRIDE] [same] [init NAME]"] == "slides"


def test_the_nearest_word_is_offered_and_nothing_where_none_is_near():
    assert (nearest("Standardise", ["standardize", "robust"]), nearest("xyz", ["standardize"])) == ("standardize", "")
    assert (hint("gry", ["grey"]), hint("xyz", ["grey"])) == ("; did you mean 'grey'?", "")


PIECES = [
    *(word.name for word in WORDS),
    "crop",
    "3",
    "0.5",
    "4px",
    "20..40",
    "same",
    "stride",
    "p",
    "(",
    ")",
    ",",
    "é",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14) | st.text(alphabet="convrelush()0123.,%p \n", max_size=40))
def test_any_text_is_read_or_refused_with_a_remedy(words):
    text = words if isinstance(words, str) else " ".join(words)
    refused, line = None, None
    try:
        line = TOY.parse(text)
    except SettingError as error:
        refused = error
    assert TOY.parse(line.text) == line if line else refused.fix and "of the line" in refused.what
