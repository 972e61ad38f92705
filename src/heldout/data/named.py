"""The datasets that heldout knows by name, and how to get their files."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from heldout.data.cache import cache_folder
from heldout.data.download import Progress, RemoteFile, fetch_file, read_content
from heldout.errors import DataError, SettingError


@dataclass(frozen=True)
class NamedDataset:
    """What is known about a dataset before it is loaded.

    Attributes
    ----------
    task, source, license : str
    kind : 'table', 'images' or 'sounds'
    n_rows, n_test : int
        Rows in all, and rows of the official test part among them.
    classes : tuple of str
        In the order of the numbers in the files, where the files hold numbers.
    shape : tuple of int
        Of one row.
    files : tuple of RemoteFile
        Empty where the data come with scikit-learn.
    addresses : tuple of str
        Public places of the files, each completed by a file's name; tried in order.
    fingerprint : str
        `heldout.data.fingerprint.fingerprint` of the rows that come with scikit-learn, whose files have no sum here.
    variant_of : str
        Name of the dataset whose files these are, where it is another one.
    is_scrambled : bool
        Whether the pixels of the variant are moved by one fixed permutation (`heldout.data.variants`).
    """

    task: str
    kind: str
    n_rows: int
    n_test: int
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    source: str
    license: str
    files: tuple[RemoteFile, ...] = ()
    addresses: tuple[str, ...] = ()
    fingerprint: str = ""
    variant_of: str = ""
    is_scrambled: bool = False

    @property
    def download_bytes(self) -> int:
        """Size of the official files."""
        return sum(file.file_bytes for file in self.files)


_DIGITS = tuple("0123456789")

_MNIST_FILES = (
    RemoteFile(
        "mnist/train-images-idx3-ubyte.gz",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        9_912_422,
        47_040_016,
    ),
    RemoteFile(
        "mnist/train-labels-idx1-ubyte.gz",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        28_881,
        60_008,
    ),
    RemoteFile(
        "mnist/t10k-images-idx3-ubyte.gz",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        1_648_877,
        7_840_016,
    ),
    RemoteFile(
        "mnist/t10k-labels-idx1-ubyte.gz",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        4_542,
        10_008,
    ),
)
# The sums of Fashion-MNIST are those of the official gzip files, not of their content: a mirror that compressed them
# anew is refused.
_FASHION_FILES = (
    RemoteFile(
        "fashion-mnist/train-images-idx3-ubyte.gz",
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        26_421_880,
    ),
    RemoteFile(
        "fashion-mnist/train-labels-idx1-ubyte.gz",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        29_515,
    ),
    RemoteFile(
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        4_422_102,
    ),
    RemoteFile(
        "fashion-mnist/t10k-labels-idx1-ubyte.gz",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        5_148,
    ),
)
CIFAR10_BINARY = RemoteFile(
    "cifar10/cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    170_052_171,
)
CIFAR10_PNG = RemoteFile(
    "cifar10/cifar10-png.zip",
    "04aa27f00f0a48b05a917d0453f554eb0684f05b5eee1f4ac48c24894778ab32",
    144_321_639,
)

# GitHub packs this archive anew now and then: neither its sum nor its exact size is fixed, so its members are checked.
ESC50_ARCHIVE = RemoteFile("esc10/ESC-50-master.zip", "", 646_000_000)

NAMED: dict[str, NamedDataset] = {
    "iris": NamedDataset(
        "Which of three irises, from four lengths in cm",
        "table",
        150,
        0,
        ("setosa", "versicolor", "virginica"),
        (4,),
        "comes with scikit-learn (Fisher 1936; UCI)",
        "CC BY 4.0 (UCI)",
        fingerprint="7c642cc1616705f91ec05456a7d2d6aaafb284000756825599eeeb67cd9c3787",
    ),
    "breast-cancer": NamedDataset(
        "Is a breast tumour malignant, from 30 measures of its cell nuclei",
        "table",
        569,
        0,
        ("malignant", "benign"),
        (30,),
        "comes with scikit-learn (Wisconsin Diagnostic, UCI 1995)",
        "CC BY 4.0 (UCI)",
        fingerprint="99caf80d4db11573b0bba582990bd52703db4026d5278408f249db3884bc290d",
    ),
    "digits": NamedDataset(
        "Which handwritten digit, from 8 x 8 grey pixels",
        "images",
        1797,
        0,
        _DIGITS,
        (8, 8, 1),
        "comes with scikit-learn (UCI 1998)",
        "CC BY 4.0 (UCI)",
        fingerprint="ef093829d16dc6c71b0b9d3504bf16a821c7098ad79c048940ab3ec891c621f1",
    ),
    "mnist": NamedDataset(
        "Which handwritten digit, from 28 x 28 grey pixels",
        "images",
        70_000,
        10_000,
        _DIGITS,
        (28, 28, 1),
        "LeCun, Cortes, Burges 1998",
        "not stated; widely redistributed for research",
        _MNIST_FILES,
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
    ),
    "fashion-mnist": NamedDataset(
        "Which of ten kinds of clothing, from 28 x 28 grey pixels",
        "images",
        70_000,
        10_000,
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        (28, 28, 1),
        "Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747",
        "MIT",
        _FASHION_FILES,
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
    ),
    "cifar10": NamedDataset(
        "Which of ten things, from 32 x 32 colour pixels",
        "images",
        60_000,
        10_000,
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        (32, 32, 3),
        "Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
        "not stated; widely redistributed for research",
        (CIFAR10_BINARY,),
        ("https://www.cs.toronto.edu/~kriz/",),
    ),
    "esc10": NamedDataset(
        "Which of ten sounds of our surroundings, from 5 seconds at 44,100 Hz",
        "sounds",
        400,
        0,
        (
            "Baby cry",
            "Chainsaw",
            "Clock tick",
            "Dog bark",
            "Fire crackling",
            "Helicopter",
            "Person sneeze",
            "Rain",
            "Rooster",
            "Sea waves",
        ),
        (220_500, 1),
        "Piczak 2015, doi:10.1145/2733373.2806390; clips from freesound.org, credited one by one in the data's README",
        "CC BY 3.0",
        (ESC50_ARCHIVE,),
        (
            "https://github.com/karolpiczak/ESC-50/archive/refs/heads/",
            "https://github.com/karoldvl/ESC-50/archive/",
        ),
    ),
}


def _variant(of: str, kind: str, how: str, *, is_scrambled: bool = False) -> NamedDataset:
    known = NAMED[of]
    shape = (math.prod(known.shape),) if kind == "table" else known.shape
    task = f"{known.task}, {how}"
    return replace(known, task=task, kind=kind, shape=shape, variant_of=of, is_scrambled=is_scrambled)


NAMED |= {
    "mnist-vectors": _variant("mnist", "table", "as 784 numbers"),
    "mnist-scrambled": _variant("mnist", "images", "all with their pixels in one scrambled order", is_scrambled=True),
    "mnist-scrambled-vectors": _variant("mnist", "table", "as 784 numbers in scrambled order", is_scrambled=True),
    "cifar10-vectors": _variant("cifar10", "table", "as 3,072 numbers"),
}


def describe(name: str) -> NamedDataset:
    """What is known about a named dataset; `SettingError` with the near names if there is none."""
    if name not in NAMED:
        import difflib

        near = difflib.get_close_matches(name, NAMED, n=1)
        raise SettingError(
            f"Unknown dataset {name!r}; known: {', '.join(NAMED)}",
            fix=f"did you mean {near[0]!r}?" if near else "choose one of these",
        )
    return NAMED[name]


def obtain_paths(name: str, mirror: Any, progress: Progress | None) -> list[Path]:
    """Where the checked files of a named dataset lie."""
    return [path for path, _ in obtain(name, mirror, progress)]


def obtain_contents(name: str, mirror: Any, progress: Progress | None) -> list[bytes]:
    """The checked content of each file of a named dataset (decompressed where the sums say so)."""
    return [content for _, content in obtain(name, mirror, progress)]


def obtain(name: str, mirror: Any, progress: Progress | None) -> list[tuple[Path, bytes]]:
    """Place and checked content of each file of a named dataset."""
    known = describe(name)
    mirror = str(mirror or os.environ.get("HELDOUT_MIRROR") or "")
    if known.files == (CIFAR10_BINARY,) and _has_png_zip(mirror):
        return [_obtain_file(known, CIFAR10_PNG, mirror, progress)]
    return [_obtain_file(known, file, mirror, progress) for file in known.files]


def _has_png_zip(mirror: str) -> bool:
    """Whether the mirror is a folder with the PNG files of CIFAR-10, which take the place of the official archive."""
    is_folder = bool(mirror) and not mirror.startswith(("http://", "https://"))
    return is_folder and (Path(mirror) / CIFAR10_PNG.path).is_file()


def _obtain_file(known: NamedDataset, file: RemoteFile, mirror: str, progress: Progress | None) -> tuple[Path, bytes]:
    if mirror and not mirror.startswith(("http://", "https://")):
        return _from_folder(Path(mirror), file)
    kept = cache_folder("named") / file.path
    if kept.is_file():
        try:
            return kept, read_content(kept, file)
        except DataError:
            kept.unlink(missing_ok=True)  # a cache that went bad is not worth a word: fetch it again
    short = file.path.split("/")[-1]
    addresses = [f"{mirror.rstrip('/')}/{file.path}"] if mirror else [base + short for base in known.addresses]
    if not addresses:
        raise DataError(
            f"{file.path} has no public address that heldout knows",
            fix=f"put it below a folder or address of your own and give that: --mirror DIR|URL (SHA-256 {file.sha256})",
        )
    fetch_file(file, addresses, kept, progress=progress)
    return kept, read_content(kept, file)


def _from_folder(mirror: Path, file: RemoteFile) -> tuple[Path, bytes]:
    path = mirror / file.path
    if not path.is_file():
        raise DataError(
            f"the mirror has no file {file.path}",
            where=str(mirror),
            fix="check --mirror (or HELDOUT_MIRROR): it is the folder that holds " + file.path.split("/")[0] + "/",
        )
    return path, read_content(path, file)
