"""Write the docs that are made from the code: `make docs`. A test compares them with what would be written."""

from __future__ import annotations

import json
from pathlib import Path

from heldout.run.settings import TrainSettings, config_schema
from heldout.settings import markdown_table

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
"""


def pages() -> dict[Path, str]:
    """Each generated page, by its path."""
    return {
        DOCS / "train.schema.json": json.dumps(config_schema(), indent=1) + "\n",
        DOCS / "settings.md": SETTINGS.format(train=markdown_table(TrainSettings, leave_out=("data",))),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
        print(f"Wrote {path}")
