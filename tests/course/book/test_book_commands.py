"""`heldout book` and `heldout run` as a user calls them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from heldout.cli.main import main
from heldout_course.book.library import SHORT_SECONDS, all_ids, quick_seconds, share_of


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("HELDOUT_STORE", str(tmp_path / "store.sqlite"))

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit, match=r"^\d$") as end:
            main(list(arguments))
        printed = capsys.readouterr()
        return end.value.code, printed.out, printed.err

    return run


def state(call, identity: str) -> str:
    found = json.loads(call("book", "list", "--json")[1])["experiments"]
    assert set(found[0]) == {"id", "title", "state", "quick_seconds"}
    return next(one["state"] for one in found if one["id"] == identity)


def test_an_experiment_is_run_once_and_shown_next_to_the_print(call):
    assert state(call, "ch11.table-11-4") == "not run"
    code, out, _ = call("book", "run", "ch11.table-11-4", "--profile", "quick")
    assert code == 0
    assert re.search(r"0\.8290  0\.8398 +differs", out)
    assert "1 job run" in out
    assert state(call, "ch11.table-11-4").startswith("done")
    assert "0 jobs run" in call("book", "run", "ch11.table-11-4")[1]
    code, out, _ = call("book", "show", "ch11.table-11-4", "--json")
    assert json.loads(out)["claims"][0]["state"] == "held"


def test_slices_share_all_experiments_and_none_twice(call):
    whole = all_ids()
    parts = [share_of(whole, f"{k}/6") for k in range(1, 7)]
    assert sorted(name for part in parts for name in part) == sorted(whole)
    work = [sum(quick_seconds().get(name, SHORT_SECONDS) for name in part) for part in parts]
    assert max(work) <= 1.1 * min(work) + max(quick_seconds().values())
    assert set(quick_seconds()) <= set(whole)
    code, out, _ = call("book", "run", "ch11.table-11-4", "ch11.table-11-3", "--slice", "2/2", "--json")
    assert code == 0
    assert [one["id"] for one in json.loads(out)["experiments"]] == ["ch11.table-11-3"]


@pytest.mark.parametrize("share", ["0/6", "7/6", "2", "a/b", "-1/2", "1/0", "2/6/7"])
def test_an_impossible_slice_ends_with_2(call, share):
    code, _, err = call("book", "run", "ch11", "--slice", share)
    assert code == 2
    assert "6/6" in err


def test_the_list_tells_state_and_seconds_in_lines_that_can_be_searched(call):
    call("book", "run", "ch11.table-11-4")
    code, out, _ = call("book", "list")
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("ch11.table-11-4 "))
    assert "done (full)" in line
    assert re.search(r" s +Rates of", line)
    places = {line.index(title) for line, title in zip(out.splitlines(), ["title"], strict=False)}
    assert places == {line.index("Rates of")}


def test_a_terminal_gets_wrapped_and_coloured_text_unless_it_asks_for_none(call, tmp_path):
    call("book", "run", "ch11.table-11-4")
    shown = {no_color: show_on_terminal(tmp_path, no_color) for no_color in ("", "1")}
    assert "\x1b[32m[held]\x1b[0m" in shown[""]
    assert "\x1b" not in shown["1"]
    plain = re.sub(r"\x1b\[\d*m", "", shown[""])
    assert plain == shown["1"]
    assert max(map(len, plain.splitlines())) <= 60
    piped = call("book", "show", "ch11.table-11-4")[1]
    assert "\x1b" not in piped
    assert plain.split() == piped.split()


def show_on_terminal(tmp_path, no_color: str) -> str:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": no_color, "COLUMNS": "60", "TERM": "xterm"}
    command = [sys.executable, "-c", "from heldout.cli.main import main; main()", "book", "show", "ch11.table-11-4"]
    with subprocess.Popen(command, stdout=theirs, stdin=theirs, env=environment):
        os.close(theirs)
        told = b""
        try:
            while block := os.read(ours, 65536):
                told += block
        except OSError:
            pass  # the end, on Linux
    os.close(ours)
    return told.decode().replace("\r\n", "\n")


def test_the_report_is_one_page_and_a_markdown_file(call, tmp_path):
    call("book", "run", "ch11.table-11-4")
    code, out, _ = call("book", "report", "--out", str(tmp_path / "book.html"), "--json")
    assert code == 0
    assert json.loads(out)["files"] == [str(tmp_path / "book.html"), str(tmp_path / "book.md")]
    assert "0.9811" in (tmp_path / "book.html").read_text()


def test_an_unknown_id_ends_with_2_and_the_near_ones(call):
    code, _, err = call("book", "run", "ch11.tabel-11-4")
    assert code == 2
    assert "ch11.table-11-4" in err


def test_an_engine_that_is_not_there_ends_with_2(call):
    code, _, err = call("book", "run", "ch11.table-11-4", "--on", "mars")
    assert code == 2
    assert "local, ray or ray://HOST:PORT" in err


OWN = """id: neighbours
title: How many neighbours?
data: {name: DATA, target: label, folds: 3}
model: {kind: k-nn}
vary: {k: [1, 15]}
repeats: 4
measure: [accuracy]
claims: ["accuracy(k=1) > accuracy(k=15)"]
"""


def own_recipe(tmp_path):
    lines = ["a,b,label"] + [f"{n % 12},{n % 5},{'xy'[(n % 12) % 2]}" for n in range(120)]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(OWN.replace("DATA", str(tmp_path / "mine.csv")))
    return recipe


def test_an_experiment_of_one_s_own_runs_on_one_s_own_data(call, tmp_path, monkeypatch):
    monkeypatch.delenv("HELDOUT_STORE")
    recipe = own_recipe(tmp_path)
    code, _, err = call("run", str(recipe), "--resume")
    assert code == 2
    assert "There are no results to continue" in err
    code, out, _ = call("run", str(recipe), "--json", "-j", "1")
    found = json.loads(out)["experiments"][0]
    assert code == 0
    assert found["state"] == "done (quick)"
    assert found["claims"][0]["state"] == "held"
    assert "corrected" in found["claims"][0]["test"]
    assert (tmp_path / "mine.results.sqlite").exists()
    assert "0 jobs run" in call("run", str(recipe), "--resume")[1]


def test_a_job_that_fails_ends_with_1_and_keeps_the_others(call, tmp_path):
    recipe = own_recipe(tmp_path)
    recipe.write_text(recipe.read_text().replace("[1, 15]", "[1, 5000]").replace("k=15", "k=5000"))
    code, out, err = call("run", str(recipe), "-j", "0")
    assert code == 1
    assert "4 jobs run" in out
    assert "4 jobs failed" in err
    assert "finished results are kept" in err


def test_a_misspelt_key_names_file_line_and_remedy(call, tmp_path):
    recipe = own_recipe(tmp_path)
    recipe.write_text(recipe.read_text().replace("vary:", "varry:"))
    code, _, err = call("run", str(recipe))
    assert code == 2
    assert "mine.yaml, line 5" in err
    assert "did you mean 'vary'" in err
