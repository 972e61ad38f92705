"""The page of the docs that says what each check does; made from the checks themselves."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from heldout.kinds.registry import kind_named
from heldout.look.check import Check
from heldout.look.checks import CHECKS
from heldout.settings import settings_of

HEAD = """# Checks

What `heldout look` looks for, in the order in which the checks run; `heldout look --list-checks` lists them, too.

- `--only ID,ID` runs these checks alone, `--ignore ID` leaves some out; in Python,
  `heldout.look.look(data, only=..., ignore=...)`. An unknown id is an error that names the nearest one.
- `--level warning` shows warnings and errors only. `--fail-on` counts every finding, shown or not.
- `--json` says of each check whether it found something, was silent, was left out, or is not applicable, and why.

An **error** makes scores wrong, a **warning** may, a **note** is good to know. Thresholds are those that the code uses:
this page is made from it (`make docs`). Accuracies of cues and columns are cross-validated with whole groups, and every
class counts the same.
"""


def page(checks: Sequence[Check] = CHECKS) -> str:
    """The page as Markdown."""
    return "\n".join([HEAD, _overview(checks), *map(_section, checks)])


def _overview(checks: Sequence[Check]) -> str:
    lines = ["| check | finds | about | severity | data |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| [`{check.id}`](#{check.id}) | {check.title} | {check.topic.value} | {_severities(check)} | {_data(check)} |"
        for check in checks
    ]
    return "\n".join(lines) + "\n"


def _section(check: Check) -> str:
    parts = [
        f"## {check.id}",
        f"**{check.title}** ({_severities(check)}; {_data(check)}).",
        inspect.getdoc(type(check)) or "",
        check.meaning,
        f"*What to do:* {check.remedy}.",
    ]
    rows = [f"| {one.help} | {one.default_text or one.default} |" for one in settings_of(check)]
    if rows:
        parts.append("\n".join(["| threshold | value |", "| --- | ---: |", *rows]))
    return "\n\n".join(parts) + "\n"


def _severities(check: Check) -> str:
    return " or ".join(severity.value for severity in check.severities)


def _data(check: Check) -> str:
    return ", ".join(kind_named(name).plural for name in check.kinds) or "all data"
