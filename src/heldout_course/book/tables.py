"""How an experiment's numbers are laid out: variants down and measures across, or a line for each number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from heldout_course.book.entries import Agreement, Entry, Line

MOST_ACROSS = 7
"""Columns of numbers that a page takes."""
OPEN_ROWS = 40
"""Longer tables are folded."""
MARKS = {Agreement.EQUAL: "=", Agreement.NEAR: "≈", Agreement.FAR: "≠", Agreement.DIFFERS: "≠"}
KINDS = {Agreement.EQUAL: "same", Agreement.NEAR: "near", Agreement.FAR: "off", Agreement.DIFFERS: "off"}
"""Styles of the page."""


@dataclass(frozen=True)
class Cell:
    """A number of ours, and the published one."""

    ours: str = ""
    printed: str = ""
    agrees: Agreement = Agreement.NONE

    @property
    def mark(self) -> str:
        """Sign of the agreement."""
        return MARKS.get(self.agrees, "")

    @property
    def kind(self) -> str:
        """``same``, ``near``, ``off`` or empty."""
        return KINDS.get(self.agrees, "")


@dataclass
class Row:
    """Labels, each with the number of rows that it spans (0: it is that of the row above), and numbers."""

    labels: list[tuple[str, int]]
    cells: list[Cell]


@dataclass
class Grid:
    """A table.

    Attributes
    ----------
    heads : list of str
        What the labels of a row name.
    columns : list of str
    rows : list of Row
    in_columns : bool
        Whether published numbers have a column of their own; else they are below ours in the same cell.
    """

    heads: list[str]
    columns: list[str]
    rows: list[Row] = field(default_factory=list)
    in_columns: bool = False

    @property
    def folded(self) -> bool:
        """Whether it is long."""
        return len(self.rows) > OPEN_ROWS


def lay_out(entry: Entry) -> Grid | None:
    """The table of an experiment; None if it has no numbers."""
    lines = [line for line in entry.lines if line.ours or line.printed]
    if not lines or not any(line.ours for line in lines):
        return None
    axes = _axes(lines)
    measures = list(dict.fromkeys(line.measure for line in lines))
    variants = list(dict.fromkeys(tuple(line.labels.items()) for line in lines))
    if len(measures) > 1 and len(variants) > 1 and not any(line.right for line in lines):
        if len(measures) <= MOST_ACROSS:
            return _across(lines, axes, measures)
        if len(variants) <= MOST_ACROSS:
            return _down(lines, axes, measures)
    return _one_a_line(entry, lines, axes, measures)


def plain(name: str) -> str:
    """A measure or axis as words."""
    return name.replace("_", " ")


def corrected_name(name: str) -> str:
    """The heading of a correction."""
    return f"corrected: {name}"


def headings(entry: Entry) -> list[str]:
    """Columns of an experiment's table with a line for each number."""
    published = ["published", "agreement"] if _has_published(entry) else []
    return ["variant", "measure", "ours", *published, *_corrections(entry)]


def cells(entry: Entry) -> list[list[str]]:
    """Rows of an experiment's table, as `headings` names them."""
    has_published, corrections = _has_published(entry), _corrections(entry)
    return [
        [
            *(line.variant, line.measure, line.ours),
            *((line.printed, str(line.agrees)) if has_published else ()),
            *(line.right.get(name, "") for name in corrections),
        ]
        for line in entry.lines
    ]


def _has_published(entry: Entry) -> bool:
    return any(line.printed for line in entry.lines)


def _corrections(entry: Entry) -> list[str]:
    return [one.name for one in entry.recipe.corrected if any(one.name in line.right for line in entry.lines)]


def _axes(lines: Sequence[Line]) -> list[str]:
    """Axes in which lines differ."""
    names = dict.fromkeys(name for line in lines for name in line.labels)
    return [name for name in names if len({line.labels.get(name) for line in lines}) > 1]


def _cell(line: Line) -> Cell:
    return Cell(line.ours, line.printed, line.agrees)


def _across(lines: Sequence[Line], axes: list[str], measures: list[str]) -> Grid:
    grid = Grid([plain(axis) for axis in axes], [plain(measure) for measure in measures])
    found: dict[tuple[str, ...], dict[str, Cell]] = {}
    for line in lines:
        found.setdefault(tuple(line.labels.get(axis, "") for axis in axes), {})[line.measure] = _cell(line)
    for labels, by_measure in found.items():
        row = Row([(label, 1) for label in labels], [by_measure.get(measure, Cell()) for measure in measures])
        grid.rows.append(row)
    return _grouped(grid)


def _down(lines: Sequence[Line], axes: list[str], measures: list[str]) -> Grid:
    """Variants across."""
    names = list(dict.fromkeys(", ".join(line.labels.get(axis, "") for axis in axes) for line in lines))
    grid = Grid(["measure"], names)
    for measure in measures:
        by_name = {
            ", ".join(line.labels.get(axis, "") for axis in axes): _cell(line)
            for line in lines
            if line.measure == measure
        }
        grid.rows.append(Row([(plain(measure), 1)], [by_name.get(name, Cell()) for name in names]))
    return grid


def _one_a_line(entry: Entry, lines: Sequence[Line], axes: list[str], measures: list[str]) -> Grid:
    corrections = _corrections(entry)
    has_published = any(line.printed for line in lines)
    several = len(measures) > 1 or not axes
    heads = [plain(axis) for axis in axes] + (["measure"] if several else [])
    ours = "ours" if several else plain(measures[0])
    grid = Grid(heads, [ours, *(["published"] if has_published else []), *map(corrected_name, corrections)])
    grid.in_columns = True
    for line in lines:
        labels = [(line.labels.get(axis, ""), 1) for axis in axes] + ([(plain(line.measure), 1)] if several else [])
        theirs = [Cell(line.printed, agrees=line.agrees)] if has_published else []
        row = Row(labels, [Cell(line.ours), *theirs, *(Cell(line.right.get(name, "")) for name in corrections)])
        grid.rows.append(row)
    return _grouped(grid)


def _grouped(grid: Grid) -> Grid:
    """Show a label once where the rows below repeat it (the last label of a row is always shown)."""
    for place in range(len(grid.heads) - 1):
        above: Row | None = None
        for row in grid.rows:
            same = above is not None and _path(above, place) == _path(row, place)
            if above is not None and same:
                label, n = above.labels[place]
                above.labels[place] = (label, n + 1)
                row.labels[place] = (row.labels[place][0], 0)
            else:
                above = row
    return grid


def _path(row: Row, place: int) -> list[str]:
    return [label for label, _ in row.labels[: place + 1]]
