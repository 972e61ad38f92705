"""The runner's tasks on a Ray cluster: the same plan, the same store, and only the driver writes to it.

Nothing of Ray is imported before a cluster is opened. A Ray that is started here listens on the loopback alone and asks
for a token; one that is reached by an address is trusted: who can reach it can run code on it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from heldout.errors import SettingError, TrainingError
from heldout.processes.threads import thread_variables
from heldout_course.experiments.store import is_gone, machine_name
from heldout_course.experiments.workers import Ended, Place, Work, outcome_of

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_PROMPT_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_enable_metrics_collection": "0",
}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
"""Ray's own switch, for all systems, by which a Ray of one machine listens on 127.0.0.1 only; and its key."""
PREFIX = "heldout-ray-"
OBJECT_STORE_BYTES = 128 * 2**20
SECONDS_TO_ANSWER = 10.0
PASSED_ON = ("HELDOUT_MIRROR",)


class Cluster:
    """Ray's workers, with the face of `heldout_course.experiments.workers.Local`.

    Parameters
    ----------
    engine : str
        ``ray``: the cluster of ``RAY_ADDRESS``, else a Ray of its own on this machine; or ``ray://HOST:PORT``.
    n : int, optional
        Tasks under way; by default one for each of the cluster's cores.
    work : callable
        A function of a module that the workers have too.

    Raises
    ------
    SettingError
        If the cluster cannot be reached.
    """

    patience = 3
    """How often a task's worker may be lost before the task is blamed: machines of a cluster come and go."""

    def __init__(self, engine: str, n: int | None, work: Work) -> None:
        self._wanted, self._work = n, work
        self._running: dict[Any, Any] = {}  # by the reference that Ray gives
        self._folder: str | None = None
        self._ray = self._open(engine)
        self._task = self._ray.remote(num_cpus=1, max_retries=0)(_at_worker)
        self._expected = {"machine": machine_name(), "folder": str(Path(__file__)), "code": code_hash()}
        self.n = self._cores()

    def _open(self, engine: str) -> Any:
        address = engine if engine != "ray" else os.environ.get("RAY_ADDRESS", "local")
        _check_there(address)
        os.environ.update(QUIET)
        variables = thread_variables(1) | {k: os.environ[k] for k in PASSED_ON if k in os.environ}
        how: dict[str, Any] = {"runtime_env": {"env_vars": variables}, "log_to_driver": False}
        if address == "local":
            from heldout.processes.cores import n_cores

            os.environ.update(LOOPBACK)
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
            # Ray's names for sockets are long, and a socket's path has 107 letters at most
            place = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())
            _sweep(place)
            self._folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place)
            how |= {"num_cpus": self._wanted or n_cores(), "num_gpus": 0, "include_dashboard": False}
            how |= {"_temp_dir": self._folder, "object_store_memory": OBJECT_STORE_BYTES}
        kept, hook = _handlers(), sys.excepthook
        ray: Any = import_module("ray")
        inner: Any = import_module("ray._private.worker")
        # log_to_driver does not silence what Ray prints on stdout when a worker is lost: the runner reports that
        inner._worker_logs_enabled = False
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ray.init(address=address, logging_level="CRITICAL", **how)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            self._remove_folder()
            raise _no_cluster(address, error) from error
        finally:
            sys.excepthook = hook  # Ray sets its own, of these too
            for number, handler in kept.items():
                signal.signal(number, handler)
        return ray

    def _cores(self) -> int:
        return self._wanted or max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is None:  # others go on using the cluster
            for reference in self._running:
                with suppress(self._ray.exceptions.RayError, ConnectionError):
                    self._ray.cancel(reference, force=True)
        self._running.clear()
        self._ray.shutdown()
        self._remove_folder()

    def _remove_folder(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def has_room(self) -> bool:
        """Whether a worker is free."""
        return len(self._running) < self.n

    def submit(self, key: Any, specs: Sequence[Mapping[str, Any]], checkpoints: str) -> None:
        """Begin a task, to be known by a key."""
        with self._saying_how_to_go_on():
            self._running[self._task.remote(self._work, list(specs), checkpoints, self._expected)] = key

    def collect(self, seconds: float) -> list[Ended]:
        """Tasks that ended within this time."""
        found = []
        with self._saying_how_to_go_on():
            ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=seconds)
            if ready:
                ready, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
            for reference in ready:
                found.append(self._ended(reference))
                del self._running[reference]
            if found:
                self.n = self._cores()  # machines come and go
        return found

    def _ended(self, reference: Any) -> Ended:
        key, errors = self._running[reference], self._ray.exceptions
        try:
            kind, value, place = self._ray.get(reference)
        except errors.RayTaskError as error:  # raised outside of the task itself: its code did not load there
            what = " ".join(str(error.cause if getattr(error, "cause", None) else error).split())[-300:]
            raise SettingError(
                f"The workers of the cluster cannot run heldout: {what}",
                where="--on",
                fix="install the same heldout for the Python of every node: pip install 'heldout[cluster]'",
            ) from error
        except errors.RuntimeEnvSetupError as error:
            what = " ".join(str(error).split())[:300]
            raise SettingError(f"The cluster cannot set up its workers: {what}", where="--on") from error
        except errors.RayError as error:  # the worker or its machine is gone, or out of memory
            return Ended(key, "died", type(error).__name__)
        if kind == "refused":
            raise SettingError(
                value, where="--on", fix="install the same heldout on every node and run the same command again"
            )
        return Ended(key, kind, value, Place(**place))

    @contextmanager
    def _saying_how_to_go_on(self) -> Iterator[None]:
        """A cluster that is gone ends the run; all that came back from it is kept."""
        try:
            yield
        except (ConnectionError, self._ray.exceptions.RaySystemError) as error:
            what = " ".join(str(error).split())[:300]
            fix = "run the same command again, with or without --on; finished results are kept"
            raise TrainingError(f"Lost the connection to the cluster: {what}", where="--on", fix=fix) from error


def _no_cluster(address: str, error: Exception) -> SettingError:
    what = " ".join(str(error).split())[:300]
    fix = (
        "check that it runs (`ray status`) with the same Ray and Python as here; set RAY_AUTH_TOKEN if it asks for one"
    )
    return SettingError(f"Cannot reach the cluster {address}: {what}", where="--on", fix=fix)


def _check_there(address: str) -> None:
    """Knock at the port: Ray itself tries for half a minute, or two."""
    found = re.fullmatch(r"(?:ray://)?\[?([^\[\]/\s]+?)\]?:(\d{1,5})", address)
    if not found:
        return
    try:
        socket.create_connection((found[1], int(found[2])), timeout=SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _sweep(place: Path) -> None:
    """Remove what a killed runner of ours has left."""
    for path in place.glob(f"{PREFIX}*-*"):
        number = path.name.removeprefix(PREFIX).split("-")[0]
        with suppress(OSError):
            ours = not hasattr(os, "getuid") or path.lstat().st_uid == os.getuid()
            if ours and number.isdigit() and is_gone(f"{machine_name()}|{number}"):
                shutil.rmtree(path)


def _handlers() -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


def _at_worker(
    work: Work, specs: list[dict[str, Any]], checkpoints: str, expected: Mapping[str, str]
) -> tuple[str, Any, dict[str, Any]]:
    """Run a task on a worker: what came out, and where."""
    is_here = machine_name() == expected["machine"]
    if not (is_here and str(Path(__file__)) == expected["folder"]) and code_hash() != expected["code"]:
        import platform

        return "refused", f"The node {platform.node()} has another heldout than this machine", {}
    if not is_here:
        checkpoints = ""  # that folder is on the driver's disk
        wrong = _other_files(specs)
        if wrong:
            return "error", wrong, vars(Place.here())
    return *outcome_of(work, (specs, checkpoints)), vars(Place.here())


def _other_files(specs: Sequence[Mapping[str, Any]]) -> str:
    """Words about data that are not what the driver read, if any."""
    from heldout.errors import HeldoutError
    from heldout_course.experiments.expand import content_of

    for name, content in {(s["data"]["name"], s["data"]["content"]) for s in specs if s["data"].get("content")}:
        try:
            same = _content_once(content_of, name) == content
        except HeldoutError as error:
            return str(error)
        if not same:
            return f"{name}: these files differ from those of the machine that began the run"
    return ""


@lru_cache(maxsize=8)
def _content_once(content_of: Any, name: str) -> str:
    return str(content_of(name)["content"])


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of the code of heldout and of heldout_course: results of other code are other results."""
    import heldout
    import heldout_course

    return hash_of_code(*(Path(package.__path__[0]) for package in (heldout, heldout_course)))


def hash_of_code(*folders: Path) -> str:
    """Hash of the Python files of packages, by their names and contents; where the folders lie does not count."""
    import hashlib

    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            name = f"{folder.name}/{path.relative_to(folder).as_posix()}\n"
            digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()
