"""A look as text in the terminal."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from heldout.cli.words import duration, visible
from heldout.kinds.registry import kind_named
from heldout.look.columns import NumberSummary
from heldout.look.findings import Finding, Severity
from heldout.look.survey import Look, State
from heldout.wording import percent, plural

MARKS = {Severity.ERROR: ("✗", "bold red"), Severity.WARNING: ("!", "yellow"), Severity.NOTE: ("·", "cyan")}
ITEMS = 5
MOST_COLUMNS = 40
MOST_CLASSES = 20
PLAIN_WIDTH = 120  # where there is no terminal


def show(seen: Look, page: str | None) -> None:
    """Print it to standard output."""
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, width=PLAIN_WIDTH)
    kind = kind_named(seen.kind)
    rows = f"{seen.n_rows:,} {kind.row if seen.n_rows == 1 else kind.rows}"
    console.print(Text(visible(f"{seen.name}: {rows}, {plural(len(seen.classes), 'class')}"), style="bold"))
    _classes(console, seen)
    if seen.columns:
        _columns(console, seen)
    for name, value in seen.facts.items():
        console.print(Text(visible(f"  {name}: {value}")))
    console.print()
    for each in seen.findings:
        _finding(console, each)
    for text in seen.sampled:
        console.print(Text(visible(f"Sampled: {text}"), style="dim"))
    console.print(Text(_checks(seen), style="dim"))
    console.print(Text(f"{_counted(seen.findings) or 'nothing found'}   ({duration(seen.seconds)})", style="bold"))
    if page:
        console.print(Text(visible(f"Page: {page}")))


def _counted(findings: Sequence[Finding]) -> str:
    """How many findings of each severity."""
    counts = {severity: sum(each.severity is severity for each in findings) for severity in Severity}
    return ", ".join(plural(n, severity.value) for severity, n in counts.items() if n)


def _checks(seen: Look) -> str:
    """What became of the checks, and what is not shown."""
    states = Counter(ran.state for ran in seen.checks)
    ran = states[State.FOUND] + states[State.SILENT]
    text = f"Checks: {ran} ran, {states[State.NOT_APPLICABLE]} do not apply"
    ignored = [each.id for each in seen.checks if each.state is State.IGNORED]
    if ignored:
        text += f", {len(ignored)} left out"
    hidden = [each for each in seen.all_findings if each not in seen.findings]
    return f"{text}; not shown: {_counted(hidden)} (--level {seen.level.value})" if hidden else text


def _classes(console: Console, seen: Look) -> None:
    total = sum(rows for _, rows in seen.classes)
    ordered = sorted(seen.classes, key=lambda pair: -pair[1])
    for name, rows in ordered[:MOST_CLASSES]:
        console.print(Text(visible(f"  {name[:40]:<24} {rows:>9,}  {percent(rows / total):>7}")))
    if len(ordered) > MOST_CLASSES:
        console.print(Text(f"  and {len(ordered) - MOST_CLASSES:,} more"))
    console.print(Text(f"  always answering the largest class is right in {percent(seen.baseline)}", style="dim"))


def _columns(console: Console, seen: Look) -> None:
    from rich.table import Table

    table: Table = Table(box=None, padding=(0, 1), header_style="dim")
    for head in ("column", "missing", "mean", "deviation", "SE", "median", "min", "max", "outliers"):
        table.add_column(head, justify="left" if head == "column" else "right", overflow="ellipsis", no_wrap=True)
    for column in seen.columns[:MOST_COLUMNS]:
        name, gone = Text(visible(column.name)), f"{column.n_missing:,}" if column.n_missing else ""
        if isinstance(column, NumberSummary):
            numbers = (column.mean, column.deviation, column.standard_error, column.median, column.minimum)
            texts = [f"{value:.3g}" for value in (*numbers, column.maximum)]
            table.add_row(name, gone, *texts, f"{column.n_outliers:,}" if column.n_outliers else "")
        else:
            most = f"{column.common[0][0][:12]!r}" if column.common else ""
            table.add_row(name, gone, Text(visible(f"{column.n_distinct:,} categories, most {most}"), style="dim"))
    console.print(table)
    if len(seen.columns) > MOST_COLUMNS:
        console.print(Text(f"  and {len(seen.columns) - MOST_COLUMNS:,} more columns (--json lists all)"))


def _finding(console: Console, each: Finding) -> None:
    mark, style = MARKS[each.severity]
    head = Text(f"{mark} ", style=style)
    head.append(visible(each.title), style="bold" if each.severity is not Severity.NOTE else "")
    head.append(f"  [{each.id}]", style="dim")
    console.print(head)
    for item in each.items[1:ITEMS] if len(each.items) > 1 else ():
        console.print(Padding(Text(visible(item), style="dim"), (0, 0, 0, 4)))
    if each.n_items > ITEMS:
        console.print(Text(f"    and {each.n_items - ITEMS:,} more", style="dim"))
    if each.severity is not Severity.NOTE:
        console.print(Padding(Text(visible(each.explanation)), (0, 0, 0, 2)))
    console.print(Padding(Text(visible(f"→ {each.remedy}"), style="green"), (0, 0, 0, 2)))
