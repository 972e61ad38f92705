"""A worker process: reads jobs from standard input, one JSON line each, and trains them on one thread."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from heldout.errors import HeldoutError
from heldout.nets.fit.here import train_here
from heldout.nets.fit.planner import Data, Machine, place
from heldout.nets.settings import Job, Settings


def main(folder: Path) -> None:
    """Train jobs until standard input ends; the parent's end ends this process at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    torch.set_num_threads(1)
    words: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(words,), daemon=True).start()
    header = json.loads(words.get())
    data = Data(**{name: _open(place) for name, place in header["arrays"].items()})
    machine = Machine(torch.device("cpu"), 1)
    if header["checkpoint"] is not None:
        machine = replace(machine, checkpoint=Path(header["checkpoint"][0]), checkpoint_seconds=header["checkpoint"][1])
    while True:
        word = json.loads(words.get())
        try:
            _say(_train(folder, data, header["n_classes"], machine, word))
        except HeldoutError as error:
            _say({"kind": "refused", "what": str(error)})


def _listen(words: queue.Queue[str]) -> None:
    for line in sys.stdin:
        words.put(line)
    os._exit(0)


def _open(place: dict[str, Any]) -> np.ndarray:
    if "offset" not in place:
        return np.load(place["file"], mmap_mode="r", allow_pickle=False)
    return np.memmap(place["file"], place["dtype"], mode="r", offset=place["offset"], shape=tuple(place["shape"]))


def _train(folder: Path, data: Data, n_classes: int, machine: Machine, word: dict[str, Any]) -> dict[str, Any]:
    number = word["job"]
    settings = Settings(**{**word["settings"], "freeze": tuple(word["settings"]["freeze"])})
    validation = _load(folder / f"validation{number}.npy") if word["has_validation"] else None
    start = load_file(folder / f"start{number}.safetensors") if word["has_start"] else None
    job = Job(word["seed"], _load(folder / f"rows{number}.npy"), settings, validation, start)
    plan = place(settings, tuple(data.x.shape[1:]), n_classes)
    (trained,) = train_here(data, [job], plan, machine, progress=lambda e: _say({"kind": "event", "event": e}))
    save_file(trained.arrays, folder / f"trained{number}.safetensors")
    return {"kind": "done", "history": trained.history, "failed": trained.failed, "checkpoint": trained.checkpoint}


def _load(path: Path) -> Any:
    return np.load(path, allow_pickle=False)


def _say(word: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
