"""The look at a table."""

from __future__ import annotations

from typing import Any

from heldout.data.dataset import Dataset
from heldout.look.column_checks import check_columns
from heldout.look.columns import summarise
from heldout.look.evidence import Evidence
from heldout.look.findings import Finding
from heldout.look.leaks import find_leaks


def look_at_table(data: Dataset, evidence: Evidence, tell: Any) -> tuple[list[Finding], dict[str, Any]]:
    """Findings on columns, and their summaries."""
    tell("summarising columns")
    columns = summarise(data.x)
    found = check_columns(data.x, columns, data.left_out, data.ids)
    tell("trying each column alone")
    return [*find_leaks(evidence), *found], {"columns": columns}
