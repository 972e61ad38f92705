"""Checkpoints: the whole state of a training under way, written whole or not at all.

Random draws have no state of their own (see `heldout.nets.fit.streams`), so weights, the optimizer's memory, the sums
of the epoch at hand and the position in the data are everything. After a kill at any moment the training goes on from
the last checkpoint and ends with the same bits.
"""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save

from heldout.errors import ArtifactError
from heldout.files import DiskError, write_bytes
from heldout.nets.fit.feed import Feed
from heldout.nets.fit.run import Run
from heldout.nets.settings import LATER, Job, Trained

_MAGIC = b"heldout checkpoint 2\n"
#: The same, with arrays that are named by the place of their layer (``3.kernel``).
_MAGIC_1 = b"heldout checkpoint 1\n"
#: Bytes of the rows up to which the fingerprint covers all of them; beyond, evenly spaced rows of this size together.
_HASHED_BYTES = 2**28


class Checkpoint:
    """Where a stack keeps its state.

    Parameters
    ----------
    folder : path
        The file's name in it follows from the jobs, so that stacks of one training can share it.
    seconds : float
        Time between two writings.
    """

    def __init__(self, folder: Path, seconds: float, jobs: Sequence[Job], feed: Feed) -> None:
        self.seconds = seconds
        self.fingerprint = fingerprint(jobs, feed)
        self.path = Path(folder) / f"{self.fingerprint[:32]}.checkpoint"
        self.written = time.monotonic()

    def maybe_write(self, run: Run) -> None:
        """Write if the last writing is long enough ago."""
        if time.monotonic() - self.written >= self.seconds:
            self.try_to_write(run)

    def try_to_write(self, run: Run) -> None:
        """Write; a full disk is a warning, and the earlier checkpoint stays."""
        try:
            self.write(run)
        except DiskError as error:
            warnings.warn(f"no checkpoint was written, training goes on: {error.what}", stacklevel=2)
        self.written = time.monotonic()

    def write(self, run: Run) -> None:
        """Write the state, replacing the earlier one."""
        arrays, state = _describe(run)
        state["fingerprint"] = self.fingerprint
        body = save(arrays, {"state": json.dumps(state)})
        write_bytes(self.path, _MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)

    def restore(self, run: Run) -> bool:
        """Put a run into the state of the file; False if there is none.

        Raises
        ------
        ArtifactError
            If the file is damaged.
        """
        if not self.path.exists():
            return False
        arrays, state, is_old = self._read()
        try:
            if is_old:
                arrays = _rename(arrays, dict(zip(run.plan.old_parameter_names, _names(run), strict=True)))
            _apply(run, arrays, state)
        except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
            raise self._refuse(f"does not fit this training ({error})") from error
        return True

    def _read(self) -> tuple[dict[str, np.ndarray], dict[str, Any], bool]:
        """Arrays, state, and whether the arrays have the names of the first version."""
        content = self.path.read_bytes()
        body = content[len(_MAGIC) + 65 :]
        digest = content[len(_MAGIC) : len(_MAGIC) + 64]
        if not content.startswith((_MAGIC, _MAGIC_1)) or hashlib.sha256(body).hexdigest().encode() != digest:
            raise self._refuse("is damaged (its hash differs)")
        try:
            arrays = load(body)
            length = int.from_bytes(body[:8], "little")
            state = json.loads(json.loads(body[8 : 8 + length])["__metadata__"]["state"])
        except (SafetensorError, ValueError, KeyError) as error:
            raise self._refuse(f"cannot be read ({error})") from error
        if state.get("fingerprint") != self.fingerprint:
            raise self._refuse("is of another training")
        arrays = _in_order(arrays, state.get("order"))
        return arrays, state, content.startswith(_MAGIC_1)

    def _refuse(self, what: str) -> ArtifactError:
        return ArtifactError(f"the checkpoint {what}", where=str(self.path), fix="delete the file to begin anew")


def fingerprint(jobs: Sequence[Job], feed: Feed) -> str:
    """Hash of everything that the weights follow from: settings, seeds, rows, labels, version and threads."""
    found = hashlib.sha256()

    def add(array: Any) -> None:
        values = np.ascontiguousarray(array)
        found.update(f"{values.dtype} {values.shape}".encode())
        found.update(values.tobytes())

    found.update(f"{torch.__version__} {feed.device} {feed.dtype} {torch.get_num_threads()}".encode())
    for job in jobs:
        settings = {k: v for k, v in asdict(job.settings).items() if v or k not in LATER}
        found.update(json.dumps([job.seed, settings]).encode())
        add(job.rows)
        add([] if job.validation is None else job.validation)
        for name, array in sorted((job.start or {}).items()):
            found.update(name.encode())
            add(array)
    size = feed.rows.numel() * feed.rows.element_size()
    spacing = max(1, -(-size // _HASHED_BYTES))
    add(feed.rows[::spacing].cpu().numpy())
    add(feed.labels.cpu().numpy())
    add([] if feed.weights is None else feed.weights.cpu().numpy())
    return found.hexdigest()


def _names(run: Run) -> list[str]:
    return [p.name for p in run.plan.parameters]


def _in_order(arrays: dict[str, np.ndarray], names: Any) -> dict[str, np.ndarray]:
    """Arrays as they were before they were written: safetensors gives them in another order at each reading.

    A bundle is written and hashed in this order. Files of 0.1.0 do not keep it; theirs are put in the order of names.
    """
    known = names if isinstance(names, list) and set(map(str, names)) == set(arrays) else sorted(arrays)
    return {name: arrays[name] for name in known}


def _rename(arrays: dict[str, np.ndarray], names: dict[str, str]) -> dict[str, np.ndarray]:
    """Arrays of members (``best/0/3.kernel``) by the names of today."""
    renamed = {}
    for key, array in arrays.items():
        group, _, name = key.rpartition("/")
        renamed[f"{group}/{names.get(name, name)}" if group.startswith(("best", "finished")) else key] = array
    return renamed


def _describe(run: Run) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    blocks = {"values": run.stack.values, "fixed": run.stack.fixed_values, "sums": run.loss_sums}
    blocks |= {f"optimizer/{name}": block for name, block in run.optimizer.items()}
    arrays = {name: np.ascontiguousarray(block.detach().cpu().numpy()) for name, block in blocks.items()}
    members = []
    for m in run.members:
        members.append([m.number, m.history, repr(m.best_loss), m.best_epoch])
        arrays |= {f"best/{m.number}/{name}": np.ascontiguousarray(a) for name, a in (m.best or {}).items()}
    finished = {}
    for number, trained in run.finished.items():
        finished[str(number)] = [trained.history, trained.failed]
        arrays |= {f"finished/{number}/{n}": np.ascontiguousarray(a) for n, a in trained.arrays.items()}
    return arrays, {
        "epoch": run.epoch,
        "done": run.done,
        "members": members,
        "finished": finished,
        "order": list(arrays),
    }


def _apply(run: Run, arrays: dict[str, np.ndarray], state: dict[str, Any]) -> None:
    def part(prefix: str) -> dict[str, np.ndarray]:
        return {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}

    run.epoch, run.done = int(state["epoch"]), int(state["done"])
    for number, (history, failed) in state["finished"].items():
        run.finished[int(number)] = Trained(part(f"finished/{number}/"), history, failed)
    kept = []
    for number, history, best_loss, best_epoch in state["members"]:
        member = run.members[number]
        member.history, member.best_loss, member.best_epoch = history, float(best_loss), best_epoch
        member.best = part(f"best/{number}/") or None
        kept.append(number)
    run.keep(kept)
    if not kept:
        return
    blocks = {"values": run.stack.values, "fixed": run.stack.fixed_values, "sums": run.loss_sums}
    blocks |= {f"optimizer/{name}": block for name, block in run.optimizer.items()}
    with torch.no_grad():
        for name, block in blocks.items():
            block.copy_(torch.from_numpy(arrays[name]).to(block.device))
