"""Write the numbers that `test_golden_metrics.py` compares with: run it with the version that is the reference.

PYTHONPATH=path/to/the/released/src python tests/golden/make_metrics.py [NAME...]
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from golden_cases import CASES, train, versions  # noqa: E402


def main(names: list[str]) -> None:
    """Run the jobs of these names (all, if none) and keep their numbers."""
    (HERE / "metrics").mkdir(exist_ok=True)
    for name in names or CASES:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["HELDOUT_LEDGER"] = str(Path(folder) / "ledger.sqlite")
            start = time.monotonic()
            values = train(CASES[name], Path(folder)).metrics
        kept = {"versions": versions(), "metrics": values}
        (HERE / "metrics" / f"{name}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
        scores = {c["model"]: c["mean"] for c in values.get("candidates") or values["ladder"]}
        print(f"{name}: {time.monotonic() - start:.1f} s, {values['chosen']['model']}, {scores}")


if __name__ == "__main__":
    main(sys.argv[1:])
