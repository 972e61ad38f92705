"""Ask bundles about rows alone, in batches of many sizes and in other orders; run as a program of its own.

    python batch_invariance.py FOLDER...

In a folder are bundles, ``NAME/model``, each with ``NAME/rows.npy`` or ``NAME/rows.csv``. The last line on standard
output is JSON: for each bundle, the ways in which a row's answer was not the same to the bit.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from heldout.deploy.bundle import load_bundle

SIZES = (2, 7, 31, 255)
N_ALONE = 10


def rows_of(case):
    if (case / "rows.npy").exists():
        return np.load(case / "rows.npy", allow_pickle=False)
    return pd.read_csv(case / "rows.csv", dtype={"town": object, "plan": object})


def take(rows, places):
    return rows.iloc[places] if hasattr(rows, "iloc") else rows[places]


def differences(case):
    bundle, rows = load_bundle(case / "model"), rows_of(case)
    n = len(rows)
    order = np.random.default_rng(0).permutation(n)
    whole = bundle.probabilities(rows)
    found = {}
    for row in order[:N_ALONE]:
        if not np.array_equal(bundle.probabilities(take(rows, [row]))[0], whole[row]):
            found.setdefault("alone", []).append(int(row))
    if not np.array_equal(bundle.probabilities(take(rows, order)), whole[order]):
        found["in another order"] = True
    for size in SIZES:
        start = int(order[size % n] % max(1, n - size))
        some = np.arange(start, min(n, start + size))
        if not np.array_equal(bundle.probabilities(take(rows, some)), whole[some]):
            found[f"in a batch of {size}"] = True
    if not np.isfinite(whole).all():
        found["not finite"] = True
    return found


def main():
    warnings.simplefilter("error")
    cases = sorted(path.parent for folder in sys.argv[1:] for path in Path(folder).glob("*/model"))
    found = {case.name: differences(case) for case in cases}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
