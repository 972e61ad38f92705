import gzip
import hashlib
import http.server
import json
import os
import struct
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from heldout import load
from heldout.cli.main import _run
from heldout.data import download, fetch, named
from heldout.data.named import NAMED
from heldout.data.named_readers import parse_idx
from heldout.data.variants import scramble_order
from heldout.errors import DataError, SettingError
from heldout.kinds.sheet import save_sheet

BOMB = gzip.compress(bytes(10**8))
MIRROR = os.environ.get("HELDOUT_MIRROR", "")


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def tiny(monkeypatch):
    """A dataset of the form of MNIST with 20 + 10 images, and the bytes of its four files."""
    rng = np.random.default_rng(3)
    arrays = [rng.integers(0, 256, (20, 4, 4)), np.arange(20) % 10, rng.integers(0, 256, (10, 4, 4)), np.arange(10)]
    contents = [idx(array.astype(np.uint8)) for array in arrays]
    files = tuple(
        named.RemoteFile(file.path, hashlib.sha256(content).hexdigest(), len(content), len(content))
        for file, content in zip(NAMED["mnist"].files, contents, strict=True)
    )
    known = NAMED["mnist"]
    tiny_known = named.NamedDataset(
        **{**vars(known), "files": files, "addresses": (), "n_rows": 30, "n_test": 10},
    )
    monkeypatch.setattr(named, "NAMED", {**NAMED, "mnist": tiny_known})
    monkeypatch.delenv("HELDOUT_MIRROR", raising=False)
    return {file.path: gzip.compress(content) for file, content in zip(files, contents, strict=True)}, arrays


@pytest.fixture
def serve():
    """A server on the loopback whose answers a test decides."""
    servers = []

    def start(answer):
        seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(self.path)
                answer(self, self.path.lstrip("/"), len(seen))

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # clients that hang up are part of these tests
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}", seen

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def give(handler, content):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def test_datasets_that_come_with_scikit_learn_need_no_download():
    from sklearn.datasets import load_breast_cancer, load_digits, load_iris

    for name, loader in (("iris", load_iris), ("breast-cancer", load_breast_cancer)):
        data, bunch = load(name), loader()
        assert np.array_equal(data.x.to_numpy(), bunch.data)
        assert [data.classes[y] for y in data.y] == [bunch.target_names[t] for t in bunch.target]
        assert fetch(name) is None
    digits, bunch = load("digits"), load_digits()
    assert digits.x.dtype == np.uint8
    assert digits.x.shape == (1797, 8, 8, 1)
    assert np.array_equal(digits.x[..., 0], np.round(bunch.images * 255 / 16))
    assert np.array_equal(digits.y, bunch.target)


def test_what_is_known_agrees_with_what_is_loaded():
    for name in ("iris", "breast-cancer", "digits"):
        data, known = load(name), NAMED[name]
        assert (data.kind, len(data), set(data.classes)) == (known.kind, known.n_rows, set(known.classes))
        assert data.x.shape[1:] == known.shape


def test_a_mirror_folder_is_read_in_place(tiny, tmp_path, own_cache):
    contents, arrays = tiny
    for path, content in contents.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    data = load("mnist", mirror=tmp_path)
    assert np.array_equal(data.x[..., 0], np.concatenate([arrays[0], arrays[2]]))
    assert data.y.tolist() == [*arrays[1], *arrays[3]]
    assert data.ids[[0, 19, 20, 29]].tolist() == ["train/00000", "train/00019", "test/00000", "test/00009"]
    assert data.official_test.sum() == 10
    assert not list(own_cache.iterdir())
    assert fetch("mnist", mirror=tmp_path) == tmp_path / "mnist"


def test_a_mirror_address_is_fetched_once_into_the_cache(tiny, serve, own_cache):
    contents, _ = tiny
    address, seen = serve(lambda handler, path, _: give(handler, contents[path]))
    calls = []
    folder = fetch("mnist", mirror=address, progress=lambda *call: calls.append(call))
    assert folder == own_cache / "named" / "mnist"
    assert len(seen) == 4
    assert calls[0][2] == "mnist/train-images-idx3-ubyte.gz"
    assert len(load("mnist", mirror=address)) == 30
    assert len(seen) == 4


def test_a_damaged_download_is_tried_again_then_refused_with_both_sums(tiny, serve, own_cache):
    contents, _ = tiny
    other = gzip.compress(b"something else")
    address, seen = serve(lambda handler, path, count: give(handler, other if count == 1 else contents[path]))
    assert len(load("mnist", mirror=address)) == 30
    assert len(seen) == 5
    for path in own_cache.rglob("*.gz"):
        path.unlink()
    address, seen = serve(lambda handler, path, count: give(handler, other))
    with pytest.raises(DataError) as caught:
        load("mnist", mirror=address)
    message = str(caught.value)
    assert len(seen) == 2
    assert hashlib.sha256(b"something else").hexdigest() in message
    assert named.NAMED["mnist"].files[0].sha256 in message
    assert "--mirror" in message
    assert not [path for path in own_cache.rglob("*") if path.is_file()]


def test_a_cached_file_that_went_bad_is_fetched_again(tiny, serve, own_cache):
    contents, _ = tiny
    address, _ = serve(lambda handler, path, _: give(handler, contents[path]))
    folder = fetch("mnist", mirror=address)
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(b"rotten")
    assert len(load("mnist", mirror=address)) == 30


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda handler, *_: handler.send_error(404), "404"),
        (lambda handler, *_: give(handler, b"<!doctype html><p>Sign in"), "web page"),
        (lambda handler, *_: give(handler, b""), "empty"),
        (lambda handler, *_: give(handler, BOMB), "SHA-256"),
        (lambda handler, *_: give(handler, b"\x1f\x8b" + bytes(3 * 2**20)), "announces"),
        (lambda handler, *_: handler.rfile.read(1), "no answer within 0.3 s"),  # until the other side hangs up
    ],
)
def test_each_kind_of_bad_answer_is_named(tiny, serve, monkeypatch, own_cache, answer, words):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.3 if "0.3" in words else 600.0)
    address, _ = serve(answer)
    with pytest.raises(DataError) as caught:
        fetch("mnist", mirror=address)
    assert words in str(caught.value)
    assert address in str(caught.value)
    assert not [path for path in own_cache.rglob("*") if path.is_file()]


def test_a_download_that_trickles_counts_as_stalled(tiny, serve, monkeypatch):
    monkeypatch.setattr(download, "STALL_SECONDS", 0.3)
    contents, _ = tiny

    def trickle(handler, path, _):
        handler.send_response(200)
        handler.end_headers()
        try:
            for byte in contents[path]:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return  # the client has hung up, as it should

    address, _ = serve(trickle)
    with pytest.raises(DataError, match="stalled"):
        fetch("mnist", mirror=address)


def breaking(contents, pieces, seen, *, ranges=True):
    """An answer that breaks off after some bytes, as often as `pieces` says; with or without Range."""

    def answer(handler, path, count):
        content = contents[path]
        asked = handler.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and ranges else 0
        seen.append(start)
        if start >= len(content):
            handler.send_error(416)
            return
        handler.send_response(206 if asked and ranges else 200)
        if asked and ranges:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        size = pieces.pop(0) if pieces else len(content)
        handler.wfile.write(content[start : start + size])
        handler.wfile.flush()
        handler.connection.close()

    return answer


def test_a_download_that_breaks_off_goes_on_where_it_was(tiny, tmp_path, serve):
    contents, _ = tiny
    file = named.NAMED["mnist"].files[0]
    starts, told = [], []
    address, _ = serve(breaking({"x": contents[file.path]}, [100, 57, 1], starts))
    target = tmp_path / "got.gz"
    download.fetch_file(file, [address + "/x"], target, progress=lambda *call: told.append(call))
    assert target.read_bytes() == contents[file.path]
    assert starts == [0, 100, 157, 158]
    assert [call[0] for call in told] == sorted(call[0] for call in told)
    assert told[-1][0] == told[-1][1] == len(contents[file.path])
    assert [path.name for path in tmp_path.iterdir()] == ["got.gz"]


def test_a_download_goes_on_in_a_later_call_and_at_another_address(tiny, tmp_path, serve):
    contents, _ = tiny
    file = named.NAMED["mnist"].files[0]
    dead, _ = serve(lambda handler, path, count: handler.send_error(503))
    starts = []
    target = tmp_path / "got.gz"
    (tmp_path / "got.gz.part").write_bytes(contents[file.path][:90])
    with pytest.raises(DataError, match="answered 503") as caught:
        download.fetch_file(file, [dead + "/x"], target)
    assert "what has arrived is kept" in caught.value.fix
    assert f"DIR/{file.path}" in caught.value.fix
    assert (tmp_path / "got.gz.part").stat().st_size == 90
    address, _ = serve(breaking({"x": contents[file.path]}, [], starts))
    download.fetch_file(file, [dead + "/x", address + "/x"], target)
    assert starts == [90]
    assert target.read_bytes() == contents[file.path]


def test_a_server_that_knows_no_ranges_begins_anew(tiny, tmp_path, serve):
    contents, _ = tiny
    file = named.NAMED["mnist"].files[0]
    starts = []
    (tmp_path / "got.gz.part").write_bytes(b"something else, and longer than what comes first")
    address, _ = serve(breaking({"x": contents[file.path]}, [], starts, ranges=False))
    assert download.fetch_file(file, [address + "/x"], tmp_path / "got.gz").read_bytes() == contents[file.path]


@pytest.mark.parametrize("junk", [b"not the beginning of the file", bytes(10**5)])
def test_a_part_of_something_else_is_thrown_away_and_fetched_whole(tiny, tmp_path, serve, junk):
    contents, _ = tiny
    file = named.NAMED["mnist"].files[0]
    starts = []
    (tmp_path / "got.gz.part").write_bytes(junk)
    address, _ = serve(breaking({"x": contents[file.path]}, [], starts))
    assert download.fetch_file(file, [address + "/x"], tmp_path / "got.gz").read_bytes() == contents[file.path]
    assert starts == [len(junk), 0]


def test_a_server_that_always_breaks_off_without_a_byte_is_given_up(tiny, tmp_path, serve):
    contents, _ = tiny
    file = named.NAMED["mnist"].files[0]
    starts = []
    address, _ = serve(breaking({"x": contents[file.path]}, [0] * 50, starts))
    with pytest.raises(DataError, match=r"cut off at 0 of"):
        download.fetch_file(file, [address + "/x"], tmp_path / "got.gz")
    assert len(starts) <= 4


def test_addresses_are_tried_in_order_and_each_failure_is_told(tiny, tmp_path, serve):
    contents, _ = tiny
    file = named.NAMED["mnist"].files[0]
    address, _ = serve(lambda handler, path, _: give(handler, contents[file.path]))
    target = tmp_path / "got.gz"
    closed = "http://127.0.0.1:9/x"
    assert download.fetch_file(file, [closed, address + "/x"], target) == target
    with pytest.raises(DataError) as caught:
        download.fetch_file(file, [closed, "file:///etc/passwd"], tmp_path / "other.gz")
    assert closed in str(caught.value)
    assert "only http" in str(caught.value)


def test_no_mirror_file_and_no_such_name_say_what_to_do(tiny, tmp_path):
    with pytest.raises(DataError, match="mnist/train-images"):
        load("mnist", mirror=tmp_path)
    with pytest.raises(SettingError, match="iris"):
        fetch("irish")


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x01", b"\0\0\x08\x01\0\0\0\x05abc", b"\0\0\x0d\x01\0\0\0\x01abcd"])
def test_a_file_that_is_not_idx_is_refused(content):
    with pytest.raises(DataError, match="IDX file"):
        parse_idx(content, where="x")


def test_scrambled_pixels_are_the_same_everywhere_and_lose_nothing(tiny, tmp_path):
    contents, _ = tiny
    order = scramble_order(784)
    assert sorted(order) == list(range(784))
    digest = hashlib.sha256(order.astype("<i8").tobytes()).hexdigest()
    assert digest == "47c13c50520ba5b6a6449d5dd66e0be9b39e5cb80e39d15d0f038b79ff76155a"
    for path, content in contents.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    plain, scrambled = load("mnist", mirror=tmp_path), load("mnist-scrambled", mirror=tmp_path)
    assert scrambled.x.dtype == np.uint8
    assert np.array_equal(scrambled.x.reshape(30, 16), plain.x.reshape(30, 16)[:, scramble_order(16)])
    assert (scrambled.y == plain.y).all()
    assert scrambled.official_test.sum() == 10
    for name, images in (("mnist-vectors", plain), ("mnist-scrambled-vectors", scrambled)):
        rows = load(name, mirror=tmp_path)
        assert (rows.kind, rows.name, rows.origin["data"]) == ("table", name, name)
        assert np.array_equal(rows.x.to_numpy(), images.x.reshape(30, 16))
        assert [column["name"] for column in rows.input["columns"]][:2] == ["p0", "p1"]


def test_fashion_is_read_by_the_names_of_its_classes(tiny, tmp_path, monkeypatch):
    contents, arrays = tiny
    files = tuple(
        named.RemoteFile(path.replace("mnist/", "fashion-mnist/"), hashlib.sha256(content).hexdigest(), len(content))
        for path, content in contents.items()
    )
    made = named.NamedDataset(**{**vars(NAMED["fashion-mnist"]), "files": files, "addresses": ()})
    monkeypatch.setattr(named, "NAMED", {**NAMED, "fashion-mnist": made})
    (tmp_path / "fashion-mnist").mkdir()
    for file, content in zip(files, contents.values(), strict=True):
        (tmp_path / file.path).write_bytes(content)
    data = load("fashion-mnist", mirror=tmp_path)
    assert np.array_equal(data.x[..., 0], np.concatenate([arrays[0], arrays[2]]))
    assert [data.classes[number] for number in data.y[:10]] == list(NAMED["fashion-mnist"].classes)
    assert data.classes == tuple(sorted(NAMED["fashion-mnist"].classes))
    assert data.official_test.sum() == 10


def test_every_named_dataset_has_a_licence_a_credit_and_sums():
    for name, known in NAMED.items():
        assert known.license, name
        assert known.source, name
        assert known.fingerprint or known.files, name
        assert len(known.classes) == len(set(known.classes)) > 1
        for file in known.files:
            assert file.file_bytes > 0
            assert len(file.sha256) in ((0, 64) if name == "esc10" else (64,))


def test_another_copy_of_iris_is_not_taken_for_iris(monkeypatch):
    from sklearn import datasets

    bunch = datasets.load_iris(as_frame=True)
    bunch.data.iloc[34, 3] = 0.1  # as in the copy of UCI
    monkeypatch.setattr(datasets, "load_iris", lambda as_frame: bunch)
    with pytest.raises(DataError, match="not the one that heldout knows"):
        load("iris")


def test_info_tells_counts_ranges_licence_and_writes_a_sheet(tmp_path, capsys):
    from PIL import Image

    sheet = tmp_path / "digits.png"
    assert _run(["data", "info", "digits", "--json", "--sheet", str(sheet)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["classes"]["0"] == 178
    assert told["ranges"]["values"]["min"] == 0
    assert told["ranges"]["values"]["max"] == 255
    assert told["known"]["licence"] == "CC BY 4.0 (UCI)"
    with Image.open(sheet) as picture:
        assert picture.size[1] > 10 * 48
        colours = picture.getcolors(10**6)
    assert len(colours) > 10
    again = tmp_path / "again.png"
    save_sheet(load("digits"), again)
    assert again.read_bytes() == sheet.read_bytes()
    assert _run(["data", "info", "iris"]) == 0
    said = capsys.readouterr().out
    assert "petal length (cm)        1 to 6.9, mean 3.758" in said
    assert "licence: CC BY 4.0 (UCI)" in said
    assert _run(["data", "info", "iris", "--sheet", str(tmp_path / "x.png")]) == 2
    assert "shows images" in capsys.readouterr().err
    assert _run(["data", "info", "digits", "--sheet", str(tmp_path / "x.jpg")]) == 2
    assert not (tmp_path / "x.jpg").exists()


@pytest.mark.skipif(not Path(MIRROR, "mnist").is_dir() or not MIRROR, reason="needs HELDOUT_MIRROR with mnist")
def test_the_real_mnist_has_its_known_counts():
    data = load("mnist")
    assert data.x.shape == (70_000, 28, 28, 1)
    assert data.official_test.sum() == 10_000
    assert data.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.y[60_000:60_003].tolist() == [7, 2, 1]
    assert np.bincount(data.y[:60_000])[[0, 1]].tolist() == [5923, 6742]
