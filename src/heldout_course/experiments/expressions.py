"""The language of claims: ``final_error(momentum=0.99) < final_error(momentum=0)``.

Comparisons of sums, products, numbers and measures, nothing else. A measure may name its variant by ``axis=value``;
``axis=each`` makes the claim one for each value of that axis, and an axis that is not named is averaged over (but for
``run``, which is then the run as published). ``a == b within 0.01`` claims that two are equal to within that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from heldout.errors import SettingError
from heldout_course.experiments.reading import Source, label

COMPARISONS = ("<=", ">=", "==", "<", ">")
MOST_LETTERS = 400
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<quoted>'[^']*'|\"[^\"]*\")|(?P<sign><=|>=|==|[-+*/()<>,=\[\]]))"
)
_VALUE = re.compile(r"\s*('[^']*'|\"[^\"]*\"|[^,()\[\]'\"]+)")


@dataclass(frozen=True)
class Measure:
    """A measure of a variant; `where` holds (axis, value) pairs."""

    name: str
    where: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{axis}={value}' for axis, value in self.where)})"


@dataclass(frozen=True)
class Operation:
    """A sum, difference, product or quotient."""

    sign: str
    left: Expression
    right: Expression


Expression = Measure | Operation | float


@dataclass(frozen=True)
class Claim:
    """A claim: a comparison that can be decided, or words alone.

    Attributes
    ----------
    text : str
        As in the recipe.
    says : str
        The claim in words; empty if `text` must do.
    sign : str
        One of `COMPARISONS`; empty if there is nothing to decide.
    left, right : expressions
    within : float or None
        Margin of an equality.
    """

    text: str
    says: str = ""
    sign: str = ""
    left: Expression = 0.0
    right: Expression = 0.0
    within: float | None = None

    def measures(self) -> Iterator[Measure]:
        """All measures that the claim speaks of."""
        yield from _measures(self.left)
        yield from _measures(self.right)

    def named(self) -> Iterator[tuple[str, str]]:
        """All (axis, value) pairs that the claim names."""
        for measure in self.measures():
            yield from measure.where


def _measures(expression: Expression) -> Iterator[Measure]:
    if isinstance(expression, Measure):
        yield expression
    elif isinstance(expression, Operation):
        yield from _measures(expression.left)
        yield from _measures(expression.right)


def parse_claim(value: Any, source: Source, path: tuple[Any, ...]) -> Claim:
    """Read a claim of a recipe: an expression, or ``{claim: expression, says: words}``, or ``{says: words}``.

    Raises
    ------
    SettingError
        With the line, and the place in the expression.
    """
    says = ""
    if isinstance(value, dict):
        unknown = set(value) - {"claim", "says"}
        if unknown or not value:
            raise source.refuse(f"Unknown key {min(unknown, default='')!r} of a claim", *path, fix="claim and says")
        says, value = str(value.get("says", "")), value.get("claim", "")
    if not isinstance(value, str):
        raise source.refuse(f"A claim is {value!r}", *path, fix="an expression such as error(k=1) > error(k=3)")
    if not value:
        return Claim("", says)
    try:
        return _Parser(value).claim(says)
    except SettingError as error:
        raise source.refuse(f"{error.what} in the claim {value[:120]!r}", *path, fix=error.fix) from None


class _Parser:
    """Reads one claim from left to right."""

    def __init__(self, text: str) -> None:
        if len(text) > MOST_LETTERS:
            raise SettingError(f"{len(text)} characters", fix=f"at most {MOST_LETTERS}")
        self.text, self.place, self.depth = text, 0, 0

    def claim(self, says: str) -> Claim:
        left = self.sum()
        sign = self.take(*COMPARISONS)
        if not sign:
            raise self.wrong(fix="a claim compares: <, >, <=, >= or ==")
        right = self.sum()
        within = None
        if self.peek("name") == "within":
            self.step("name")
            number = self.step("number")
            within = float(number) if number else None
            if sign != "==" or not within:
                raise self.wrong(fix="a == b within 0.01")
        if self.text[self.place :].strip():
            raise self.wrong(fix="give one comparison per claim")
        return Claim(self.text, says, sign, left, right, within)

    def wrong(self, fix: str = "see docs/recipes.md") -> SettingError:
        rest = self.text[self.place :].strip()[:20]
        return SettingError(f"Cannot read {rest!r}" if rest else "Something is missing at the end", fix=fix)

    def peek(self, kind: str) -> str:
        found = _TOKEN.match(self.text, self.place)
        return (found[kind] or "") if found else ""

    def step(self, kind: str) -> str:
        found = _TOKEN.match(self.text, self.place)
        if not found or not found[kind]:
            return ""
        self.place = found.end()
        return str(found[kind])

    def take(self, *signs: str) -> str:
        return self.step("sign") if self.peek("sign") in signs else ""

    def sum(self) -> Expression:
        return self.chain(self.product, "+", "-")

    def product(self) -> Expression:
        return self.chain(self.factor, "*", "/")

    def chain(self, inner: Callable[[], Expression], *signs: str) -> Expression:
        value = inner()
        while sign := self.take(*signs):
            value = Operation(sign, value, inner())
        return value

    def factor(self) -> Expression:
        self.depth += 1
        if self.depth > 60:
            raise SettingError("Too many parts", fix="a shorter claim")
        if number := self.step("number"):
            return float(number)
        if self.take("-"):
            return Operation("-", 0.0, self.factor())
        if self.take("("):
            value = self.sum()
            if not self.take(")"):
                raise self.wrong(fix="close the parenthesis")
            return value
        name = self.step("name")
        if not name:
            raise self.wrong()
        return Measure(name, self.arguments() if self.take("(") else ())

    def arguments(self) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        while not self.take(")"):
            if found and not self.take(","):
                raise self.wrong(fix="commas between axis=value")
            axis = self.step("name")
            if not axis or not self.take("="):
                raise self.wrong(fix="axis=value, such as error(momentum=0.99)")
            value = _VALUE.match(self.text, self.place)
            if not value:
                raise self.wrong(fix="axis=value; quote values with commas or parentheses")
            self.place = value.end()
            found.append((axis, _plain_label(value[1])))
        return tuple(found)


def _plain_label(text: str) -> str:
    """``0.50`` and ``0.5`` are the same value; quotes keep text as it is."""
    text = text.strip()
    if text[:1] in "'\"":
        return text[1:-1]
    try:
        return label(int(text) if re.fullmatch(r"-?\d{1,15}", text) else float(text))
    except ValueError:
        return text
