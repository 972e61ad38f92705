"""ESC-10: 400 environmental sounds of ten classes, from a folder of its clips or from the official ESC-50 archive.

Clips cut from one recording share its number; it is their group. The five published folds come along.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path
from typing import Any

from heldout import __version__
from heldout.data.cache import cache_folder
from heldout.data.dataset import Dataset
from heldout.data.download import TIMEOUT_SECONDS, Progress, RemoteFile
from heldout.data.file_rows import dataset_of_files
from heldout.data.folder_plan import FolderPlan
from heldout.data.listing import Listing, walk
from heldout.data.named import ESC50_ARCHIVE, NAMED
from heldout.data.settings import Reading
from heldout.data.sound_importing import check_options, import_sounds
from heldout.data.sounds import SOUNDS
from heldout.errors import DataError
from heldout.files import DiskError, atomic_file, write_bytes

CREDIT = (
    "ESC-10 (K. J. Piczak 2015, doi:10.1145/2733373.2806390), CC BY 3.0; each clip is from freesound.org and credited "
    "in the README of the data"
)
N_CLIPS = 400
SAMPLE_RATE = 44_100
CLIP_SECONDS = 5.0
CLIPS_SHA256 = "47bd9ef917845202d8976dd2159f562dc3980e1b0755d90ee7cd81ce593ee028"
"""Over the names and SHA-256 of the 400 Ogg files of the stand-alone distribution, sorted by name."""
ARCHIVE = "ESC-50-master.zip"
_BRANCH = "master.zip"
_BLOCK = 2**20
_CLIP = re.compile(r"(?:.*/)?\d{3} - ([^/]+)/([1-5])-(\d+)-([A-Z])\.ogg")
_MEMBER = re.compile(r"[^/]+/audio/([1-5]-\d+-[A-Z]-\d+\.wav)")
_META = re.compile(r"[^/]+/meta/esc50\.csv")
_MOST_MEMBER_BYTES = 2**20
_CLASS_OF = {
    "dog": "Dog bark",
    "rain": "Rain",
    "sea_waves": "Sea waves",
    "crying_baby": "Baby cry",
    "clock_tick": "Clock tick",
    "sneezing": "Person sneeze",
    "helicopter": "Helicopter",
    "chainsaw": "Chainsaw",
    "rooster": "Rooster",
    "crackling_fire": "Fire crackling",
}
CLASSES = NAMED["esc10"].classes


def load_esc10(name: str, reading: Reading) -> Dataset:
    """Load ESC-10: groups are the source recordings, folds the published ones.

    Parameters
    ----------
    name : str
        What to call it.
    reading : Reading
        Its ``mirror`` is a folder with ``esc10/NNN - Class/FOLD-SOURCE-TAKE.ogg``, or with
        ``esc10/ESC-50-master.zip``; or an address below which ``esc10/ESC-50-master.zip`` lies. Default:
        ``HELDOUT_MIRROR``, else the official archive.

    Raises
    ------
    DataError
        If the clips cannot be had, or are not those of ESC-10.
    """
    rate, seconds = reading.sample_rate, reading.clip_seconds
    check_options(rate, seconds)
    root = obtain_esc10(reading.mirror, reading.progress)
    is_ogg = not (root / "esc50.csv").is_file()
    plan = _plan_of_clips(root) if is_ogg else _plan_of_archive(root)
    listing = _listed(root, plan)
    imported = import_sounds(
        root,
        listing,
        sample_rate=rate or SAMPLE_RATE,
        clip_seconds=seconds or CLIP_SECONDS,
        progress=reading.progress,
    )
    if imported.skipped:
        first = imported.skipped[0]
        raise DataError(f"{first.reason}", where=f"{root}/{first.id}", fix="get the data again")
    if is_ogg:
        _check_sum(root, imported.sums)
    origin = {"data": name, "target": None, "group": None, "sample_rate": rate, "clip_seconds": seconds}
    return dataset_of_files(SOUNDS, plan, imported, name=name, origin=origin, input=imported.form.as_input())


def obtain_esc10(mirror: Any, progress: Progress | None) -> Path:
    """The folder that holds the clips: the mirror's own, or one in the cache, filled from the archive."""
    mirror = str(mirror or os.environ.get("HELDOUT_MIRROR") or "")
    kept = cache_folder("named", "esc10")
    if mirror and not mirror.startswith(("http://", "https://")):
        folder = Path(mirror) / "esc10"
        if (folder / ARCHIVE).is_file():
            return unpack_archive(folder / ARCHIVE, kept)
        if folder.is_dir():
            return folder
        raise DataError(
            "the mirror has no folder esc10",
            where=mirror,
            fix=f"check --mirror (or HELDOUT_MIRROR): it is the folder that holds esc10/ with the clips or {ARCHIVE}",
        )
    if (kept / "esc50.csv").is_file():
        return kept
    return _download(mirror, kept, progress)


def _listed(root: Path, plan: FolderPlan) -> Listing:
    listing = walk(root).only(set(plan.labels))
    if len(listing.names) != N_CLIPS:
        raise DataError(
            f"{len(listing.names):,} of the {N_CLIPS} clips of ESC-10 are there",
            where=str(root),
            fix="get the data again",
        )
    return listing


def _plan_of_clips(root: Path) -> FolderPlan:
    """Labels, sources and folds from the names ``NNN - Class/FOLD-SOURCE-TAKE.ogg``."""
    plan = FolderPlan({}, groups={}, folds={}, notes=[CREDIT])
    assert plan.groups is not None
    assert plan.folds is not None
    for name in walk(root).names:
        match = _CLIP.fullmatch(name)
        if match is None or match[1] not in CLASSES:
            continue
        plan.labels[name], plan.folds[name], plan.groups[name] = match[1], match[2], match[3]
    return plan


def _plan_of_archive(root: Path) -> FolderPlan:
    """Labels, sources and folds from the table that comes with ESC-50."""
    plan = FolderPlan({}, groups={}, folds={}, notes=[CREDIT])
    assert plan.groups is not None
    assert plan.folds is not None
    for row in _esc10_rows((root / "esc50.csv").read_bytes(), str(root / "esc50.csv")):
        name = f"audio/{row['filename']}"
        plan.labels[name] = _CLASS_OF[row["category"]]
        plan.folds[name], plan.groups[name] = row["fold"], row["src_file"]
    return plan


def _esc10_rows(table: bytes, where: str) -> list[dict[str, str]]:
    """Rows of esc50.csv that belong to ESC-10.

    Raises
    ------
    DataError
        If the table is not the one that is known.
    """
    try:
        rows = [row for row in csv.DictReader(io.StringIO(table.decode("utf-8"))) if row["esc10"] == "True"]
        good = all(row["category"] in _CLASS_OF and row["fold"] in "12345" and row["src_file"] for row in rows)
        good = good and all(_MEMBER.fullmatch(f"x/audio/{row['filename']}") for row in rows)
    except (UnicodeDecodeError, KeyError, TypeError, csv.Error):
        rows, good = [], False
    if not good or len({row["filename"] for row in rows}) != N_CLIPS:
        raise DataError(f"not the table of ESC-50 ({len(rows)} rows of ESC-10)", where=where, fix="get the data again")
    return rows


def unpack_archive(archive: Path, folder: Path) -> Path:
    """Take the table and the clips of ESC-10 out of the ESC-50 archive; nothing else, and nothing elsewhere.

    Members are found by their full name and read up to 1 MB each, so that neither paths that lead out nor bombs matter.

    Raises
    ------
    DataError
        If it is no zip, or has not the members that are needed.
    """
    if (folder / "esc50.csv").is_file():
        return folder
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            tables = [member for member in members if _META.fullmatch(member.filename)]
            if len(tables) != 1:
                raise DataError(f"{len(tables)} tables meta/esc50.csv in it", where=str(archive), fix="get it again")
            table = _member(opened, tables[0], archive)
            wanted = {row["filename"] for row in _esc10_rows(table, str(archive))}
            (folder / "audio").mkdir(parents=True, exist_ok=True)
            for member in members:
                match = _MEMBER.fullmatch(member.filename)
                if match and match[1] in wanted:
                    wanted.remove(match[1])
                    write_bytes(folder / "audio" / match[1], _member(opened, member, archive))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise DataError(f"not a zip that can be read ({error})", where=str(archive), fix="get it again") from None
    if wanted:
        raise DataError(
            f"{len(wanted)} of {N_CLIPS} clips are not in it (first: {min(wanted)})",
            where=str(archive),
            fix="get it again",
        )
    write_bytes(folder / "esc50.csv", table)
    return folder


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: Path) -> bytes:
    with archive.open(member) as stream:
        content = stream.read(_MOST_MEMBER_BYTES + 1)
    if len(content) > _MOST_MEMBER_BYTES:
        raise DataError(f"{member.filename} has more than 1 MB", where=str(where), fix="get it again")
    return content


def _check_sum(root: Path, sums: dict[str, str]) -> None:
    found = sum_of_clips(sums)
    if found != CLIPS_SHA256:
        raise DataError(
            f"the clips have SHA-256 {found} together, expected {CLIPS_SHA256}",
            where=str(root),
            fix="get the data again; this copy is not the dataset",
        )


def sum_of_clips(sums: dict[str, str]) -> str:
    """SHA-256 over the file names (without folders) and SHA-256 of all clips, sorted."""
    lines = sorted(f"{name.rsplit('/', 1)[-1]} {digest}\n" for name, digest in sums.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _download(mirror: str, folder: Path, progress: Progress | None) -> Path:
    """Fetch the archive, take the clips out, and let it go."""
    known = NAMED["esc10"]
    addresses = [f"{mirror.rstrip('/')}/{ESC50_ARCHIVE.path}"] if mirror else [f"{a}{_BRANCH}" for a in known.addresses]
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / ARCHIVE
    failures = []
    for address in addresses:
        try:
            fetch_large(address, archive, ESC50_ARCHIVE, progress=progress)
            return unpack_archive(archive, folder)
        except DataError as error:
            failures.append(f"{address}: {error.what}")
        finally:
            archive.unlink(missing_ok=True)
    raise DataError(
        "could not download ESC-10:\n  " + "\n  ".join(failures),
        fix=f"try again later, or get {ARCHIVE} (or the folders of ESC-10) elsewhere, put it into a folder esc10/ and "
        "give the folder above: --mirror DIR (or HELDOUT_MIRROR)",
    )


def fetch_large(address: str, target: Path, file: RemoteFile, *, progress: Progress | None) -> None:
    """Download to a file, block by block; it appears only when it is whole.

    Raises
    ------
    DataError
        If the address does not give it, stands still, or sends far more than it should.
    """
    most = 2 * file.file_bytes
    try:
        request = urllib.request.Request(address, headers={"User-Agent": f"heldout/{__version__}"})
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response, atomic_file(target) as stream:
            announced = int(response.headers.get("Content-Length") or 0)
            n_bytes = 0
            while block := response.read(_BLOCK):
                if n_bytes == 0 and not block.startswith(b"PK"):
                    raise DataError("answered with something other than a zip file", where=address)
                n_bytes += len(block)
                if n_bytes > most:
                    raise DataError(f"sends more than {most:,} bytes", where=address)
                stream.write(block)
                if progress is not None:
                    progress(n_bytes, max(announced or file.file_bytes, n_bytes), file.path)
            if n_bytes == 0 or n_bytes < announced:
                raise DataError(f"cut off after {n_bytes:,} bytes", where=address)
    except DiskError:
        raise
    except (HTTPException, OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "reason", None) or error
        raise DataError(f"cannot be reached ({reason})", where=address) from None
