"""Write the docs that are made from the code: `make docs`. A test compares them with what would be written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from heldout.augment import operations, training
from heldout.augment.settings import AugmentSettings
from heldout.evaluate import metric_table
from heldout.look import reference
from heldout.look.settings import LookSettings
from heldout.nets import settings as nets
from heldout.nets.text import language as layers
from heldout.prepare import language as preparation
from heldout.run.settings import TrainSettings, config_schema
from heldout.settings import markdown_table
from heldout_course.experiments import data
from heldout_course.models import table as models

DOCS = Path(__file__).parents[1] / "docs"

SETTINGS = """# Settings

Every setting can be given in three ways: as an option (`--test-share 0.3`), in a YAML file (`--config FILE`, a line
`test_share: 0.3`; `--show-config` prints a whole one) or as `KEY=VALUE` after the options (`test_share=0.3`). In Python
they are keywords: `ho.train("iris", test_share=0.3)`. `KEY=VALUE` overrides options, and options override the file. An
unknown name is an error that names the nearest known one.

This page is made from the declarations in the code (`make docs`).

## `heldout train`

{train}
The schema of a config file is [train.schema.json](train.schema.json), for editors that complete and check YAML.

## `heldout augment`

Options only; see [augmentation](augment.md).

{augment}
## `heldout look`

Options only; see [problems in data](look.md).

{look}"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is code."""
    lines = [head, ["---"] * len(head)]
    lines += [[f"`{first}`".replace("|", "\\|"), *(cell.replace("|", "\\|") for cell in rest)] for first, *rest in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


PARTS: dict[str, Callable[[], str]] = {
    "layers": lambda: table(("layer", "does"), layers().table()),
    "net settings": lambda: table(("parameter", "values", "default", "meaning"), nets.rows_of_table()),
    "prepare": lambda: table(("step", "for", "does"), preparation.rows_of_table()),
    "metrics": lambda: table(("key", "what it is", "range", "interval"), metric_table.rows_of_table()),
    "recipe data": lambda: table(("key", "values", "default", "meaning"), data.rows_of_table()),
    "recipe models": lambda: table(("kind", "model", "what a recipe may set"), models.rows_of_table()),
    "augment": lambda: table(("step", "does", "for"), training.rows_of_table()),
    **{
        f"operations on {kind}": lambda kind=kind: table(
            ("operation", "does", "by default"), operations.rows_of_table(kind)
        )
        for kind in operations.KINDS
    },
}
"""Parts of hand-written pages, by the name in ``<!-- made: NAME -->`` before them; ``<!-- -->`` stands after them."""


def _filled(text: str) -> str:
    return re.sub(
        r"(<!-- made: (.+?) -->\n).*?(<!-- -->)",
        lambda found: found[1] + PARTS[found[2]]() + found[3],
        text,
        flags=re.DOTALL,
    )


def _pages_with_parts() -> dict[Path, str]:
    texts = {path: path.read_text("utf-8") for path in sorted(DOCS.glob("*.md"))}
    return {path: _filled(text) for path, text in texts.items() if "<!-- made: " in text}


def pages() -> dict[Path, str]:
    """Each page that is generated or has a generated part, by its path."""
    return {
        **_pages_with_parts(),
        DOCS / "train.schema.json": json.dumps(config_schema(), indent=1) + "\n",
        DOCS / "checks.md": reference.page(),
        DOCS / "settings.md": SETTINGS.format(
            train=markdown_table(TrainSettings, leave_out=("data",)),
            augment=markdown_table(AugmentSettings),
            look=markdown_table(LookSettings, leave_out=("data",)),
        ),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
        print(f"Wrote {path}")
