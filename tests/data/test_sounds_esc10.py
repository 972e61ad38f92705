"""ESC-10: from its clips, and from the ESC-50 archive, of which nothing else is taken."""

from __future__ import annotations

import http.server
import io
import threading
import zipfile

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")

from heldout import load  # noqa: E402
from heldout.data import fetch, named_sounds  # noqa: E402
from heldout.data.cache import cache_folder  # noqa: E402
from heldout.errors import DataError  # noqa: E402

CATEGORIES = sorted(named_sounds._CLASS_OF)


def wav(number):
    content = io.BytesIO()
    samples = 0.3 * np.sin(2 * np.pi * (200 + 20 * number) * np.arange(800) / 8000)
    soundfile.write(content, samples, 8000, format="WAV")
    return content.getvalue()


def archive_of(n=20, extra=()):
    """An archive laid out as ESC-50, with n clips of ESC-10 and one other."""
    rows = [(f"{i % 5 + 1}-{900 + i // 2}-{'AB'[i % 2]}-7.wav", CATEGORIES[i % 10], i) for i in range(n)]
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    lines += [f"{name},{name[0]},7,{category},True,{900 + i // 2},{'AB'[i % 2]}" for name, category, i in rows]
    lines.append("1-1-A-3.wav,1,3,cow,False,1,A")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ESC-50-master/meta/esc50.csv", "\n".join(lines) + "\n")
        for name, _, i in rows:
            archive.writestr(f"ESC-50-master/audio/{name}", wav(i))
        archive.writestr("ESC-50-master/audio/1-1-A-3.wav", wav(0))
        for name, member in extra:
            archive.writestr(name, member)
    return content.getvalue()


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(named_sounds, "N_CLIPS", 20)
    monkeypatch.setattr(named_sounds, "CLIP_SECONDS", 0.1)
    monkeypatch.setattr(named_sounds, "SAMPLE_RATE", 8000)
    monkeypatch.setenv("HELDOUT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HELDOUT_MIRROR", raising=False)


def put(tmp_path, content):
    (tmp_path / "mirror" / "esc10").mkdir(parents=True, exist_ok=True)
    (tmp_path / "mirror" / "esc10" / named_sounds.ARCHIVE).write_bytes(content)
    return tmp_path / "mirror"


def check(data):
    assert (data.kind, data.name, len(data), data.n_classes) == ("sounds", "esc10", 20, 10)
    assert data.classes == tuple(sorted(named_sounds._CLASS_OF.values()))
    assert len(np.unique(data.groups)) == 10
    assert data.group_names[0] == "900"
    assert sorted(set(data.folds.tolist())) == [0, 1, 2, 3, 4]
    assert "CC BY 3.0" in " ".join(data.notes)


def test_the_archive_gives_clips_groups_and_folds_and_nothing_else(tmp_path):
    outside = [("../evil.wav", b"x"), ("/evil.wav", b"x"), ("ESC-50-master/audio/../../evil.wav", b"x")]
    mirror = put(tmp_path, archive_of(extra=outside))
    check(load("esc10", mirror=mirror))
    kept = sorted(path.name for path in cache_folder("named", "esc10").rglob("*") if path.is_file())
    assert len(kept) == 21
    assert "1-1-A-3.wav" not in kept
    assert not list(tmp_path.rglob("evil.wav"))
    (mirror / "esc10" / named_sounds.ARCHIVE).unlink()
    (mirror / "esc10").rmdir()
    check(load("esc10", mirror=""))  # what was unpacked is kept


def test_a_folder_of_clips_is_read_in_place_and_held_against_its_sum(tmp_path, monkeypatch):
    folder = tmp_path / "mirror" / "esc10"
    for i in range(20):
        name = named_sounds.CLASSES[i % 10]
        path = folder / f"{i % 10 + 1:03d} - {name}" / f"{i % 5 + 1}-{900 + i // 2}-{'AB'[i % 2]}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.3 * np.sin(np.arange(800) * 0.1 * (i + 1)), 8000)
    (folder / "README.md").write_text("credits")
    with pytest.raises(DataError, match="SHA-256") as caught:
        load("esc10", mirror=tmp_path / "mirror")
    monkeypatch.setattr(named_sounds, "CLIPS_SHA256", str(caught.value).split("SHA-256 ")[1][:64])
    check(load("esc10", mirror=tmp_path / "mirror"))
    path.unlink()
    with pytest.raises(DataError, match="19 of the 20 clips"):
        load("esc10", mirror=tmp_path / "mirror")


def bomb():
    return b"\0" * (4 * 2**20)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 and then nothing", "not a zip"),
        (b"<html>not found</html>", "not a zip"),
        (archive_of(18), "not the table of ESC-50"),
        (archive_of()[:-3000], "not a zip"),
    ],
)
def test_archives_that_are_damaged_or_foreign_are_refused(tmp_path, content, reason):
    with pytest.raises(DataError, match=reason):
        load("esc10", mirror=put(tmp_path, content))


def test_a_member_that_is_far_too_large_is_refused(tmp_path):
    content = archive_of(extra=[("ESC-50-master/meta/other.csv", b"")])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    members["ESC-50-master/audio/1-900-A-7.wav"] = bomb()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    with pytest.raises(DataError, match="more than 1 MB"):
        load("esc10", mirror=put(tmp_path, made.getvalue()))


@pytest.fixture
def server():
    answers = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, length = answers.get(self.path, (404, b"no", 2))
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", answers
    running.shutdown()
    running.server_close()


def test_the_archive_is_fetched_from_an_address_and_let_go_when_unpacked(server):
    address, answers = server
    content = archive_of()
    answers["/esc10/ESC-50-master.zip"] = (200, content, len(content))
    told = []
    folder = fetch("esc10", mirror=address, progress=lambda *event: told.append(event))
    assert told[-1][:2] == (len(content), len(content))
    assert not (folder / named_sounds.ARCHIVE).exists()
    answers.clear()
    check(load("esc10", mirror=address))


@pytest.mark.parametrize("answer", [(404, b"no", 2), (200, b"<html>", 6), (200, b"PK\x03\x04", 400), (200, b"", 0)])
def test_an_address_that_gives_something_else_is_named_with_a_remedy(server, answer):
    address, answers = server
    answers["/esc10/ESC-50-master.zip"] = answer
    with pytest.raises(DataError, match="could not download ESC-10") as caught:
        load("esc10", mirror=address)
    assert address in str(caught.value)
    assert "--mirror" in caught.value.fix
    assert not list(cache_folder("named", "esc10").glob("*"))
