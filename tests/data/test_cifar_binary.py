"""The official archive of CIFAR-10 is read in place, and one that is damaged or odd is refused."""

import hashlib
import io
import tarfile

import numpy as np
import pytest

from heldout import load
from heldout.data import cifar_binary, named, named_readers
from heldout.data.named import NAMED
from heldout.errors import DataError


def archive(batches, names=cifar_binary.BATCHES):
    """A tar.gz as that of CIFAR-10, and a stranger in it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as made:
        for name, content in [
            ("../../evil.txt", b"x"),
            *((f"cifar-10-batches-bin/{n}", b) for n, b in zip(names, batches, strict=False)),
        ]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def test_the_binary_archive_of_cifar_is_read_in_place(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    records = random.integers(0, 256, (6, 4, 3073), dtype=np.uint8)
    records[..., 0] = np.arange(24).reshape(6, 4) % 10
    content = archive([batch.tobytes() for batch in records])
    images, numbers = cifar_binary.read_binary_archive(content, where="x", rows=4)
    assert images.shape == (24, 32, 32, 3)
    assert numbers.tolist() == [number % 10 for number in range(24)]
    first = records[0, 0, 1:]
    assert images[0, 5, 7].tolist() == [first[5 * 32 + 7], first[1024 + 5 * 32 + 7], first[2048 + 5 * 32 + 7]]
    monkeypatch.chdir(tmp_path)
    assert not list(tmp_path.iterdir())
    for bad, said in (
        (archive([batch.tobytes() for batch in records[:5]]), "no test_batch.bin"),
        (archive([b"short"] * 6), "5 bytes, expected"),
        (content[:-400], "not an archive|has no"),
        (b"not gzip", "not an archive"),
    ):
        with pytest.raises(DataError, match=said):
            cifar_binary.read_binary_archive(bad, where="x", rows=4)
    records[2, 1, 0] = 10
    with pytest.raises(DataError, match="class 10"):
        cifar_binary.read_binary_archive(archive([batch.tobytes() for batch in records]), where="x", rows=4)


def test_the_official_archive_becomes_a_dataset_with_its_test_part(tmp_path, monkeypatch):
    records = np.zeros((6, 4, 3073), np.uint8)
    records[..., 0] = np.arange(24).reshape(6, 4) % 10
    content = archive([batch.tobytes() for batch in records])
    file = named.RemoteFile(named.CIFAR10_BINARY.path, hashlib.sha256(content).hexdigest(), len(content))
    monkeypatch.setattr(named, "CIFAR10_BINARY", file)
    made = named.NamedDataset(**{**vars(NAMED["cifar10"]), "files": (file,), "n_test": 4, "n_rows": 24})
    for module in (named, named_readers):
        monkeypatch.setattr(module, "NAMED", {**NAMED, "cifar10": made})
    monkeypatch.setattr(cifar_binary.read_binary_archive, "__kwdefaults__", {"rows": 4})
    (tmp_path / "cifar10").mkdir()
    (tmp_path / file.path).write_bytes(content)
    data = load("cifar10", mirror=tmp_path)
    assert data.official_test.tolist() == [False] * 20 + [True] * 4
    assert [data.classes[number] for number in data.y[:3]] == ["airplane", "automobile", "bird"]
    assert data.ids[[0, 23]].tolist() == ["train/00000", "test/00023"]
