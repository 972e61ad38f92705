"""Write the runs that every later version must still read: run it with the version that is released.

    PYTHONPATH=path/to/the/released/src python tests/golden/make_runs.py [NAME...]

Each goes to `runs/<version>/<name>/`, with its data and with what the version itself answered. At a release, run it and
add the new folder; the folders of earlier versions stay as they are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from golden_cases import versions
from golden_runs import HERE, KEPT, RUNS, Kept, data_of, training_part

ROWS = 20
"""Predictions of about so many rows are kept."""
PAGE = "<!doctype html><title>A report</title><p>Left out of what is kept, for its size.</p>\n"


def main(names: list[str]) -> None:
    """Write the runs of these names (all, if none)."""
    import heldout as ho

    for name in names or KEPT:
        target = RUNS / ho.__version__ / name
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "kept"
            (folder / "data").mkdir(parents=True)
            write(KEPT[name], folder)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(folder, target)
        size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
        print(f"{name}: {size / 1000:.0f} kB")


def write(kept: Kept, folder: Path) -> None:
    """Train, write down what this version answers, and make paths relative."""
    import heldout as ho

    os.environ["HELDOUT_LEDGER"] = str(folder.parent / "ledger.sqlite")
    data = kept.data(folder / "data")
    assert data == data_of(folder)
    run = ho.train(data, out=folder / "run", seed=1, jobs=1, assess=kept.assess, **kept.settings)
    (run.path / "report.html").write_text(PAGE, "utf-8")
    copy = folder.parent / "copy"
    shutil.copytree(run.path, copy)
    assessed = ho.open_run(copy)
    test = assessed.assess()
    found = run.predict([data])
    expected: dict[str, Any] = {
        "versions": versions(),
        "chosen": run.chosen,
        "test": test,
        "predicted": [
            [_relative(found.ids[i], folder), found.labels[i], found.probabilities[i].round(12).tolist()]
            for i in range(0, len(found), len(found) // ROWS)
        ],
    }
    known = training_part(data, json.loads((run.path / "split.json").read_text("utf-8")), folder.parent)
    expected["evaluated"] = _asked("evaluate", str(run.path), str(known), "--allow-leak")
    if (run.leaderboard()["status"] == "finished").sum() > 1:
        pairs = _asked("compare", str(run.path))["pairs"]
        expected["compared"] = [{key: pair[key] for key in ("a", "b", "difference", "p")} for pair in pairs]
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n", "utf-8")
    for file in ("config.yaml", "environment.json", "events.jsonl", "metrics.json"):
        path = run.path / file
        path.write_text(_relative(path.read_text("utf-8"), folder), "utf-8")
    (run.path / ".lock").unlink(missing_ok=True)


def _asked(*words: str) -> Any:
    """What a command answers."""
    command = [sys.executable, "-m", "heldout", *words, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _relative(text: str, folder: Path) -> str:
    """The text with `HERE` for the path of the folder."""
    return text.replace(str(folder), HERE).replace(str(folder.parent), HERE)


if __name__ == "__main__":
    main(sys.argv[1:])
