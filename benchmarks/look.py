"""Seconds and memory of `heldout look`: MNIST's 70,000 images, and a CSV of a million rows and fifty columns.

    python benchmarks/look.py [--mirror FOLDER] [--rows 1000000] [--columns 50]

Each look runs in a process of its own, as a user would run it; memory is its largest resident set. The
table is made of normal numbers, a few categories and missing values, with one column that depends on the class. MNIST
is left out where no mirror is named (or HELDOUT_MIRROR set). Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np


def make_table(path: Path, rows: int, columns: int) -> None:
    """Write the CSV."""
    import pyarrow as pa
    import pyarrow.csv as csv

    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, rows)
    values: dict[str, Any] = {}
    for i in range(columns - 6):
        column = rng.normal(size=rows).astype(np.float32).round(4).astype(object)
        if i % 7 == 3:
            column[rng.random(rows) < 0.02] = None
        values[f"x{i}"] = column
    values["x0"] = (rng.normal(size=rows) + y).round(4)
    for i in range(5):
        values[f"word{i}"] = np.array(["red", "green", "blue", "grey"])[rng.integers(0, 4, rows)]
    values["y"] = np.array(["a", "b", "c"])[y]
    csv.write_csv(pa.table(values), path)


def timed(arguments: list[str], cache: str) -> dict[str, Any]:
    """Look, in a process of its own; seconds, memory and what was found."""
    environment = {**os.environ, "HELDOUT_CACHE": cache}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    start = time.perf_counter()
    command = [sys.executable, "-m", "heldout", "look", *arguments, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    seconds = time.perf_counter() - start
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of all children so far: the largest comes last
    found = json.loads(done.stdout)
    return {
        "seconds": round(seconds, 1),
        "GB": round(largest / 2**20, 2),
        "GB_is_of_an_earlier_look": largest == before,
        "rows": found["rows"],
        "findings": [each["id"] for each in found["findings"]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mirror", default=os.environ.get("HELDOUT_MIRROR", ""))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    options = parser.parse_args()
    found: dict[str, Any] = {"benchmark": "look", "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="look-") as place:
        if options.mirror:
            found["mnist"] = timed(["mnist", "--mirror", options.mirror], place)
        path = Path(place) / "table.csv"
        make_table(path, options.rows, options.columns)
        found["table"] = {"columns": options.columns, **timed([str(path), "--target", "y"], place)}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
