import gzip
import hashlib
import http.server
import os
import struct
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from heldout.data import download, fetch, load, named
from heldout.data.named import NAMED
from heldout.data.named_readers import parse_idx
from heldout.errors import DataError, SettingError

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
        (lambda handler, *_: time.sleep(2.5), "no answer within 0.3 s"),
    ],
)
def test_each_kind_of_bad_answer_is_named(tiny, serve, monkeypatch, own_cache, answer, words):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.3)
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
    with pytest.raises(DataError, match="no public address"):
        load("cifar10")


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x01", b"\0\0\x08\x01\0\0\0\x05abc", b"\0\0\x0d\x01\0\0\0\x01abcd"])
def test_a_file_that_is_not_idx_is_refused(content):
    with pytest.raises(DataError):
        parse_idx(content, where="x")


@pytest.mark.skipif(not Path(MIRROR, "mnist").is_dir() or not MIRROR, reason="needs HELDOUT_MIRROR with mnist")
def test_the_real_mnist_has_its_known_counts():
    data = load("mnist")
    assert data.x.shape == (70_000, 28, 28, 1)
    assert data.official_test.sum() == 10_000
    assert data.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.y[60_000:60_003].tolist() == [7, 2, 1]
    assert np.bincount(data.y[:60_000])[[0, 1]].tolist() == [5923, 6742]
