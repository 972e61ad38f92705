"""The ledger loses nothing, and shows whatever was done to it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from heldout.errors import ArtifactError, HeldoutError, SettingError
from heldout.files import DiskError
from heldout.split.ledger import Ledger, ledger_path
from heldout.split.sketch import SKETCH_SIZE, shared_part, sketch_of

APPENDER = """
import sys
from heldout.split.ledger import Ledger
ledger = Ledger(sys.argv[1])
for i in range(int(sys.argv[3])):
    ledger.open_seal(data_fingerprint="d", test_fingerprint="t", run=f"{sys.argv[2]}-{i}", model="m", config_hash="c")
    print(i, flush=True)
"""


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite")


def opened(ledger, data="d", run="run", **more):
    arguments = {"test_fingerprint": "t", "model": "forest", "config_hash": "c"} | more
    return ledger.open_seal(data_fingerprint=data, run=run, **arguments)


def meddle(path, *statements):
    connection = sqlite3.connect(path)
    for name in ("no_update", "no_delete", "only_append"):
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    restore = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    assert not restore
    from heldout.split.chain import TRIGGERS

    for trigger in TRIGGERS.values():
        connection.execute(trigger)
    connection.commit()
    connection.close()


def digests(start, stop):
    import hashlib

    return np.array([hashlib.sha256(str(i).encode()).digest() for i in range(start, stop)], dtype="S32")


def test_an_opening_and_its_result_are_read_back(ledger):
    entry = opened(ledger, run="first")
    opened(ledger, data="other")
    opened(ledger, run="second")
    ledger.record_result(entry, {"accuracy": np.float64(0.5), "auc": float("nan"), "confusion": np.eye(2)})
    first, second = ledger.openings("d")
    assert (first["number"], first["run"], first["model"], first["config_hash"]) == (1, "first", "forest", "c")
    assert first["result"] == {"accuracy": 0.5, "auc": None, "confusion": [[1.0, 0.0], [0.0, 1.0]]}
    assert (second["number"], second["result"]) == (2, None)
    assert first["time"].endswith("+00:00")
    assert ledger.count("d") == 2
    assert ledger.count("nothing") == 0
    assert ledger.verify() == []


def test_asking_creates_nothing(tmp_path):
    ledger = Ledger(tmp_path / "deep" / "ledger.sqlite")
    assert ledger.count("d") == 0
    assert ledger.openings("d") == ledger.verify() == []
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET content = 'x' WHERE number = 2",
        "DELETE FROM entries WHERE number = 2",
        "INSERT OR REPLACE INTO entries VALUES (2, 'a', 'b', 'c')",
        "INSERT INTO entries VALUES (9, 'a', 'b', 'c')",
    ],
)
def test_the_file_itself_refuses_changes(ledger, statement):
    opened(ledger)
    connection = sqlite3.connect(ledger.path)
    with pytest.raises(sqlite3.DatabaseError, match="append-only"):
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE entries SET content = replace(content, 'forest', 'tree') WHERE number = 3", "entry 3 was changed"),
        ("UPDATE entries SET content = 'no json' WHERE number = 3", "entry 3 was changed"),
        ("UPDATE entries SET hash = 'f' WHERE number = 3", "entry 3 was changed"),
        ("DELETE FROM entries WHERE number = 3", "removed from the middle: entry 3"),
        ("DELETE FROM entries WHERE number IN (2, 3)", "removed from the middle: entry 2 to 3"),
        ("DELETE FROM entries WHERE number > 3", "2 entries are missing at the end"),
        ("DELETE FROM entries", "no entries"),
    ],
)
def test_a_meddled_entry_is_named(ledger, statement, finding):
    for i in range(4):
        opened(ledger, run=f"run {i}")
    meddle(ledger.path, statement)
    assert any(finding in problem for problem in ledger.verify())


def test_an_entry_rewritten_with_a_fitting_hash_breaks_the_next(ledger):
    from heldout.split.chain import entry_hash

    for _ in range(3):
        opened(ledger)
    connection = sqlite3.connect(ledger.path)
    content, previous = connection.execute("SELECT content, previous FROM entries WHERE number = 3").fetchone()
    connection.close()
    forged = content.replace("forest", "tree")
    meddle(
        ledger.path,
        f"UPDATE entries SET content = '{forged}', hash = '{entry_hash(forged, previous)}' WHERE number = 3",
    )
    assert ledger.verify() == ["entry 4 does not follow from the previous entry"]


def test_missing_triggers_are_noticed(ledger):
    opened(ledger)
    connection = sqlite3.connect(ledger.path)
    connection.execute("DROP TRIGGER no_delete")
    connection.close()
    assert any("triggers" in problem for problem in ledger.verify())


def test_a_cut_tail_stays_known_after_the_next_opening(ledger):
    for _ in range(3):
        opened(ledger)
    meddle(ledger.path, "DELETE FROM entries WHERE number = 4")
    opened(ledger)
    assert any("1 entry is missing at the end" in problem for problem in ledger.verify())


def test_an_older_copy_put_back_is_noticed(ledger):
    opened(ledger)
    older = ledger.path.read_bytes()
    opened(ledger)
    ledger.path.write_bytes(older)
    assert ledger.verify() == ["1 entry is missing at the end"]


def test_a_deleted_ledger_is_missed_even_after_a_new_one_began(ledger):
    for _ in range(3):
        opened(ledger)
    ledger.path.unlink()
    assert "is missing" in ledger.verify()[0]
    opened(ledger)
    assert any("4 entries of an earlier ledger" in problem for problem in ledger.verify())


def test_another_ledger_in_its_place_is_noticed(ledger, tmp_path):
    other = Ledger(tmp_path / "other.sqlite")
    for each in (ledger, ledger, other, other):
        opened(each)
    ledger.path.write_bytes(other.path.read_bytes())
    assert any("this is not the ledger" in problem for problem in ledger.verify())


def test_a_head_that_lags_behind_is_no_damage(ledger):
    opened(ledger)
    head = ledger.head_path.read_bytes()
    opened(ledger)
    ledger.head_path.write_bytes(head)
    assert ledger.verify() == []
    opened(ledger)
    assert ledger.verify() == []
    assert json.loads(ledger.head_path.read_text())["number"] == 4


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b'{"ledger": 1, "number": "x", "hash": []}', b"[]"])
def test_a_damaged_head_is_noticed(ledger, content):
    for _ in range(3):
        opened(ledger)
    ledger.head_path.write_bytes(content)
    assert len(ledger.verify()) == 1
    opened(ledger)
    assert ledger.verify()


@pytest.mark.parametrize("content", [b"not a database" * 100, b"x"])
def test_a_file_that_is_no_ledger_is_refused(tmp_path, content):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="not a ledger") as caught:
        Ledger(path).verify()
    assert "HELDOUT_LEDGER" in caught.value.fix
    if content:
        with pytest.raises(ArtifactError, match="not a ledger"):
            opened(Ledger(path))
        assert path.read_bytes() == content


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "bookmarks.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    for call in (lambda: opened(Ledger(path)), Ledger(path).verify, lambda: Ledger(path).count("d")):
        with pytest.raises(ArtifactError, match="another program"):
            call()
    assert path.read_bytes() == before


def test_any_damaged_byte_is_noticed_or_harmless(ledger):
    for i in range(5):
        opened(ledger, run=f"run {i}")
    intact, openings = ledger.path.read_bytes(), ledger.openings("d")
    rng = np.random.default_rng(0)
    for position in rng.integers(len(intact), size=150):
        damaged = bytearray(intact)
        damaged[position] ^= 1 << int(rng.integers(8))
        ledger.path.write_bytes(bytes(damaged))
        try:
            assert ledger.verify() or ledger.openings("d") == openings
        except HeldoutError:
            continue


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="cannot use the ledger"):
        opened(Ledger(tmp_path / "file" / "ledger.sqlite"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_is_refused(ledger):
    opened(ledger)
    ledger.path.parent.chmod(0o500)
    ledger.path.chmod(0o400)
    try:
        with pytest.raises(DiskError, match="cannot use the ledger"):
            opened(ledger)
        assert ledger.count("d") == 1
    finally:
        ledger.path.parent.chmod(0o700)


def test_a_result_needs_an_opening_and_is_recorded_once(ledger):
    entry = opened(ledger)
    ledger.record_result(entry, {"accuracy": 1})
    for number in (entry, 1, 99):
        with pytest.raises(SettingError, match=r"not an opening|already recorded"):
            ledger.record_result(number, {"accuracy": 0})
    assert ledger.openings("d")[0]["result"] == {"accuracy": 1}


def test_two_processes_at_once_lose_no_entry(ledger):
    command = [sys.executable, "-c", APPENDER, str(ledger.path)]
    processes = [subprocess.Popen([*command, name, "50"], stdout=subprocess.DEVNULL) for name in "ab"]
    assert [process.wait() for process in processes] == [0, 0]
    runs = [opening["run"] for opening in ledger.openings("d")]
    assert sorted(runs) == sorted(f"{name}-{i}" for name in "ab" for i in range(50))
    assert ledger.verify() == []


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_process_killed_while_appending_leaves_a_whole_ledger(ledger):
    rng = np.random.default_rng(0)
    said = 0
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(ledger.path), "k", "10000"], stdout=subprocess.PIPE, text=True
        )
        said += len(process.stdout.readline() and "1")
        time.sleep(float(rng.uniform(0.0, 0.1)))
        process.send_signal(signal.SIGKILL)
        said += len(process.stdout.read().splitlines())
        process.stdout.close()
        process.wait()
        assert ledger.verify() == []
        assert ledger.count("d") >= said
    opened(ledger)
    assert ledger.verify() == []


def test_the_ledger_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HELDOUT_LEDGER", str(tmp_path))
    assert ledger_path() == tmp_path / "ledger.sqlite"
    monkeypatch.setenv("HELDOUT_LEDGER", str(tmp_path / "team.sqlite"))
    assert Ledger().path == tmp_path / "team.sqlite"
    monkeypatch.setenv("HELDOUT_LEDGER", f"{tmp_path}/new folder/")
    assert ledger_path() == tmp_path / "new folder" / "ledger.sqlite"
    monkeypatch.delenv("HELDOUT_LEDGER")
    assert "heldout" in ledger_path().parts
    assert Path(ledger_path()).name == "ledger.sqlite"


def test_test_rows_looked_at_under_another_fingerprint_are_found(ledger):
    opened(ledger, data="first", sketch=sketch_of(digests(0, 400)))
    same_but_one = sketch_of(digests(1, 400))
    (found,) = ledger.overlapping(same_but_one, data_fingerprint="second")
    assert found["data"] == "first"
    assert found["shared"] > 0.95
    assert ledger.overlapping(same_but_one, data_fingerprint="first") == []
    assert ledger.overlapping(sketch_of(digests(1000, 1400)), data_fingerprint="second") == []


@pytest.mark.parametrize(("shift", "expected"), [(0, 1.0), (500, 0.5), (900, 0.1), (1000, 0.0)])
def test_the_shared_part_is_estimated_within_a_tenth(shift, expected):
    estimate = shared_part(sketch_of(digests(0, 1000)), sketch_of(digests(shift, shift + 1000)))
    assert estimate == pytest.approx(expected, abs=0.1)


def test_a_small_test_set_inside_a_large_one_is_found():
    assert shared_part(sketch_of(digests(0, 100)), sketch_of(digests(0, 5000))) == 1.0
    assert len(sketch_of(digests(0, 5000))) == SKETCH_SIZE
