"""Messages, read in the source: no glued words, no doubled words, no tuple for a text, and each names a remedy."""

import ast
import io
import itertools
import re
import tokenize
from pathlib import Path

from house_words import house_words

TESTS = Path(__file__).parent
SRC = TESTS.parent / "src"
FILES = sorted(SRC.rglob("*.py"))
MOST_BARE = 1  # on the way to none
SIGNALS = ("KeyboardInterrupt", "SystemExit", "TrainingStopped", "OutOfTimeError")  # they say nothing
WORD = re.compile(r"[\w,;:.!?)}%]")


def strings(source):
    """Each string literal, as (first line, its text between the quotes, whether the next one follows at once)."""
    found, start = [], None
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name = tokenize.tok_name[token.type]
        if name == "FSTRING_START":
            start, depth = (token.start, token.end) if depth == 0 else start, depth + 1
        elif name == "FSTRING_END":
            depth -= 1
            if depth == 0:
                found.append([start[0][0], _between(source, start[1], token.start), False])
        elif depth:
            continue
        elif name == "STRING":
            text = token.string.lstrip("rRbBfFuU")
            quotes = 3 if text[:3] in ('"""', "'''") else 1
            found.append([token.start[0], text[quotes:-quotes], False])
        elif name not in ("NL", "COMMENT"):
            found.append(None)
    for this, after in itertools.pairwise(found):
        if this and after:
            this[2] = True
    return found


def _between(source, start, end):
    lines = source.splitlines(keepends=True)[start[0] - 1 : end[0]]
    lines[-1] = lines[-1][: end[1]]
    lines[0] = lines[0][start[1] :]
    return "".join(lines)


def glued(source):
    """Where two pieces of a text meet without a space between their words."""
    found = strings(source)
    return [
        f"line {after[0]}: {this[1][-20:]!r} {after[1][:20]!r}"
        for this, after in itertools.pairwise(found)
        if this
        and this[2]
        and WORD.match(this[1][-1:])
        and re.match(r"[\w{]", after[1][:1])
        and not this[1].endswith("}}")  # CSS
    ]


def raised(tree):
    """Each call in a raise statement, as (call, its texts)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield node.exc


def text_of(node):
    """The fixed part of a text, with … for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(value) if isinstance(value, ast.Constant) else "…" for value in node.values)
    return "…"


def texts(call):
    """Every text that a call is given."""
    return [text_of(value) for value in [*call.args, *(keyword.value for keyword in call.keywords)]]


def test_no_words_are_glued_where_two_pieces_of_a_text_meet():
    found = {str(path.relative_to(SRC)): glued(path.read_text("utf-8")) for path in FILES}
    assert {path: places for path, places in found.items() if places} == {}


def test_the_scan_for_glued_words_finds_them():
    assert len(glued('x = ("does not allow" "all classes")')) == 1
    assert len(glued('x = (f"does not allow {a}"\n  # why\n  f"{b} classes")')) == 1
    assert len(glued("x = ('ends here.' 'Next')")) == 1
    assert glued('x = ("does not allow " "all classes", "a" + "b", f"{a}" f" {b}", "(" "b")') == []


def test_no_message_is_a_tuple_or_doubles_a_word():
    for path in FILES:
        for call in raised(ast.parse(path.read_text("utf-8"))):
            values = [*call.args, *(keyword.value for keyword in call.keywords)]
            assert not any(isinstance(value, ast.Tuple) for value in values), f"{path}:{call.lineno}"
            for text in texts(call):
                doubled = re.search(r"\b(?!that|had)([a-z]+) \1\b(?! ?[.=-])", text)
                assert doubled is None, f"{path}:{call.lineno}: {text!r}"


def bare_raises(tree):
    """Lines of `pytest.raises` that pin no message: neither by match= nor by looking at the error afterwards."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        text = ast.unparse(function)
        for item in (item for node in ast.walk(function) if isinstance(node, ast.With) for item in node.items):
            call = item.context_expr
            if not isinstance(call, ast.Call) or ast.unparse(call.func) != "pytest.raises":
                continue
            if {"match", "check"} & {keyword.arg for keyword in call.keywords} or ast.unparse(call.args[0]) in SIGNALS:
                continue
            name = ast.unparse(item.optional_vars) if item.optional_vars else "nothing"
            if not re.search(rf"str\({name}\.value\)|{name}\.value\.(what|where|code)", text):
                yield call.lineno


def test_every_test_of_an_error_pins_its_message():
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(TESTS.rglob("*.py"))}
    bare = [f"{path.relative_to(TESTS)}:{line}" for path, tree in trees.items() for line in bare_raises(tree)]
    assert len(bare) <= MOST_BARE, bare


def phrases(tree):
    """Every text of more than one word that is no docstring, with its line."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        if is_text and " " in node.value.strip():
            yield node.lineno, node.value


def test_all_texts_are_in_the_words_of_the_field():
    found = [
        f"{path.relative_to(SRC)}:{line}: {word}"
        for path in FILES
        for line, text in phrases(ast.parse(path.read_text("utf-8")))
        for word in house_words(text)
    ]
    assert found == []
