"""A folder of sounds becomes one memory-mapped array, once; a list of sums shows when a file changes.

Below the cache, ``imports/<hash of the folder's path and the options>/`` holds ``sounds.npy`` (int16, rows of equal
length) and ``manifest.json`` (each file's size, times, SHA-256 and header, and what was skipped). The manifest is taken
away before the array is replaced and written after it. Files are decoded by threads: the decoder runs outside Python.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from heldout.data.cache import cache_folder
from heldout.data.dataset import Skipped
from heldout.data.decoding import n_workers
from heldout.data.listing import Listing
from heldout.data.sounds import MOST_RATE, BadSoundError, Heard, SoundForm, SoundHeader, decode_with_header, read_header
from heldout.errors import DataError
from heldout.files import write_text

Progress = Callable[[int, int, str], None]
T = TypeVar("T")

MOST_SECONDS = 30.0
"""Longest length that is chosen without being asked for."""
MOST_OWN_RATE = 48_000
"""Higher rates are brought down to this one unless asked for."""
_SCHEMA = 1
_NEARLY = 0.01  # of the length: encoders add a few samples, which is not worth a word
_AT_ONCE = 64  # files between two words of progress


@dataclass
class ImportedSounds:
    """Sounds, mapped from the cache, with what is known of their files.

    Attributes
    ----------
    x : int16 array, shape (n_sounds, length, 1)
    names : list of str
        The file of each row.
    form : SoundForm
    skipped, notes : list
    sums : dict of str
        SHA-256 of each row's file, by name.
    """

    x: np.ndarray
    names: list[str]
    form: SoundForm
    skipped: list[Skipped]
    notes: list[str]
    sums: dict[str, str]


def import_sounds(
    root: Path,
    listing: Listing,
    *,
    sample_rate: int | None = None,
    clip_seconds: float | None = None,
    progress: Progress | None = None,
) -> ImportedSounds:
    """Decode all files of a listing, or take them from the cache if none changed.

    Parameters
    ----------
    root : Path
    listing : Listing
    sample_rate : int, optional
        Samples per second to bring all to. Default: the most common rate (of equally common ones the lowest), at most
        48,000.
    clip_seconds : float, optional
        Length to bring all to. Default: the most common length if at least half of the sounds have it, else a length
        that 95% of them do not exceed; at most 30 s.

    Raises
    ------
    DataError
        If no file is a usable sound, or the cache cannot be written.
    """
    key = json.dumps([_SCHEMA, "sounds", os.path.realpath(root), sample_rate, clip_seconds])
    folder = cache_folder("imports", hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32])
    known = _read_manifest(folder)
    if known is not None and known["names"] == listing.names and _is_same(root, listing, known):
        x = _map(folder, known)
        if x is not None:
            return _result(x, known)
    headers: list[SoundHeader | None] = [None] * len(listing.names)
    bad: dict[int, str] = {}
    if sample_rate is None or clip_seconds is None:
        headers, bad = _headers(root, listing.names, progress)
    if len(bad) == len(listing.names):
        first = min(bad)
        raise DataError(
            f"none of {len(bad):,} sound files can be used; {listing.names[first]}: {bad[first]}",
            where=str(root),
            fix="give WAV, OGG, FLAC, MP3 or AIFF files",
        )
    form = choose_form([header for header in headers if header is not None], sample_rate, clip_seconds)
    try:
        return _import_anew(root, listing, folder, bad, form, progress)
    except OSError as error:
        raise DataError(
            f"the cache cannot be written ({error.strerror or error}): {len(listing.names):,} sounds of "
            f"{form.seconds:.3g} s at {form.rate:,} Hz take {len(listing.names) * form.length * 2 / 1e6:,.0f} MB",
            where=str(folder),
            fix="free some space, set HELDOUT_CACHE to another folder, or choose a smaller --sample-rate or "
            "--clip-seconds",
        ) from error


def choose_form(headers: Sequence[SoundHeader], sample_rate: int | None, clip_seconds: float | None) -> SoundForm:
    """The rate and length to which a set of sounds is resampled and cut; see `import_sounds`."""
    if sample_rate is None:
        rates = Counter(header.rate for header in headers)
        most = max(rates.values())
        sample_rate = min(MOST_OWN_RATE, min(rate for rate, count in rates.items() if count == most))
    if clip_seconds is not None:
        return SoundForm(sample_rate, max(1, round(clip_seconds * sample_rate)))
    lengths = [_length_at(header, sample_rate) for header in headers]
    length, count = max(Counter(lengths).items(), key=lambda pair: (pair[1], pair[0]))
    if 2 * count < len(lengths):
        length = int(np.percentile(lengths, 95, method="higher"))
    return SoundForm(sample_rate, max(1, min(length, round(MOST_SECONDS * sample_rate))))


def _length_at(header: SoundHeader, rate: int) -> int:
    return max(1, round(header.n_frames * rate / header.rate))


def _in_threads(work: Callable[[int], T], n: int, progress: Progress | None, what: str) -> list[T]:
    """Do the work of each position, some at a time, telling how far it is."""
    found: list[T] = []
    with ThreadPoolExecutor(n_workers()) as threads:
        for start in range(0, n, _AT_ONCE):
            found += threads.map(work, range(start, min(n, start + _AT_ONCE)))
            if progress is not None:
                progress(len(found), n, what)
    return found


def _headers(
    root: Path, names: list[str], progress: Progress | None
) -> tuple[list[SoundHeader | None], dict[int, str]]:
    def read(position: int) -> SoundHeader | str:
        try:
            return read_header(root / names[position])
        except BadSoundError as error:
            return str(error)
        except OSError as error:
            return f"cannot be read: {error.strerror or error}"

    found = _in_threads(read, len(names), progress, "headers of sounds")
    bad = {position: reason for position, reason in enumerate(found) if isinstance(reason, str)}
    return [None if isinstance(item, str) else item for item in found], bad


def _import_anew(
    root: Path,
    listing: Listing,
    folder: Path,
    bad: dict[int, str],
    form: SoundForm,
    progress: Progress | None,
) -> ImportedSounds:
    good = [position for position in range(len(listing.names)) if position not in bad]
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".sounds.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    try:
        rows = _new_array(temporary, (len(good), form.length, 1))
        heard, sums, headers, late = _decode_all(root, [listing.names[p] for p in good], form, rows, progress)
        bad |= {good[place]: reason for place, reason in late.items()}
        if len(late) == len(good):
            first = min(bad)
            raise DataError(
                f"none of {len(bad):,} sound files can be used; {listing.names[first]}: {bad[first]}",
                where=str(root),
                fix="give WAV, OGG, FLAC, MP3 or AIFF files",
            )
        if late:
            kept = [place for place in range(len(good)) if place not in late]
            rows = _close_gaps(temporary, rows, kept)
            good, heard = [good[place] for place in kept], [heard[place] for place in kept]
            sums, headers = [sums[place] for place in kept], [headers[place] for place in kept]
        rows.flush()
        del rows
        manifest = _manifest(listing, form, good, headers, heard, sums, bad)
        (folder / "manifest.json").unlink(missing_ok=True)
        temporary.replace(folder / "sounds.npy")
        write_text(folder / "manifest.json", json.dumps(manifest, ensure_ascii=False, separators=(",", ":")))
    finally:
        temporary.unlink(missing_ok=True)
    x = _map(folder, manifest)
    assert x is not None
    return _result(x, manifest)


def _new_array(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    """A new mapped array, its disk space taken at once where the system can, so that a full disk is known early."""
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.int16, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    return rows


def _decode_all(
    root: Path, names: list[str], form: SoundForm, rows: np.ndarray, progress: Progress | None
) -> tuple[list[Heard], list[str], list[SoundHeader], dict[int, str]]:
    """Fill the rows; what was met in each file, its SHA-256 and header, and the rows that failed with the reason."""
    nothing = SoundHeader(form.rate, 0, 0)

    def decode(position: int) -> tuple[Heard, str, SoundHeader, str]:
        path = root / names[position]
        try:
            rows[position, :, 0], heard, header = decode_with_header(path, form)
            return heard, _sum(path), header, ""
        except BadSoundError as error:
            return Heard(), "", nothing, str(error)
        except OSError as error:
            return Heard(), "", nothing, f"cannot be read: {error.strerror or error}"

    found = _in_threads(decode, len(names), progress, "sounds")
    bad = {place: reason for place, (*_, reason) in enumerate(found) if reason}
    return [item[0] for item in found], [item[1] for item in found], [item[2] for item in found], bad


def _sum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _close_gaps(path: Path, rows: np.ndarray, kept: list[int]) -> np.memmap[Any, Any]:
    """Rewrite the array with the kept rows only; row by row, so that it need not fit into memory."""
    fewer = path.with_suffix(".fewer.tmp")
    packed = _new_array(fewer, (len(kept), *rows.shape[1:]))
    for place, position in enumerate(kept):
        packed[place] = rows[position]
    fewer.replace(path)
    return packed


def _manifest(
    listing: Listing,
    form: SoundForm,
    good: list[int],
    headers: list[SoundHeader],
    heard: list[Heard],
    sums: list[str],
    bad: dict[int, str],
) -> dict[str, Any]:
    facts = [
        {"row": row, "sha256": digest, "header": astuple(header), "heard": astuple(met)}
        for row, digest, header, met in zip(good, sums, headers, heard, strict=True)
    ]
    return {
        "schema": _SCHEMA,
        "imported": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "form": [form.rate, form.length],
        "names": listing.names,
        "stats": listing.stats,
        "rows": facts,
        "bad": {str(row): reason for row, reason in sorted(bad.items())},
    }


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest, or None if there is none of this form (a cache may always be made anew)."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        n = len(manifest["names"])
        sound = manifest["schema"] == _SCHEMA and len(manifest["stats"]) == n
        sound = sound and len(manifest["rows"]) + len(manifest["bad"]) == n and SoundForm(*manifest["form"]).length > 0
        sound = sound and all(
            0 <= fact["row"] < n and SoundHeader(*fact["header"]) and Heard(*fact["heard"]) for fact in manifest["rows"]
        )
        return manifest if sound else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _is_same(root: Path, listing: Listing, known: dict[str, Any]) -> bool:
    """Whether files whose size or time differ still have the content that was imported."""
    sums = {fact["row"]: fact["sha256"] for fact in known["rows"]}
    for row, (now, then) in enumerate(zip(listing.stats, known["stats"], strict=True)):
        if now == then:
            continue
        try:
            if row not in sums or now[0] != then[0] or _sum(root / listing.names[row]) != sums[row]:
                return False
        except OSError:
            return False
    return True


def _map(folder: Path, manifest: dict[str, Any]) -> np.ndarray | None:
    try:
        x = np.load(folder / "sounds.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    shape = (len(manifest["rows"]), manifest["form"][1], 1)
    return x if x.dtype == np.int16 and x.shape == shape else None


def _result(x: np.ndarray, manifest: dict[str, Any]) -> ImportedSounds:
    names = manifest["names"]
    form = SoundForm(*manifest["form"])
    skipped = [Skipped(names[int(row)], reason) for row, reason in manifest["bad"].items()]
    kept = [names[fact["row"]] for fact in manifest["rows"]]
    headers = [SoundHeader(*fact["header"]) for fact in manifest["rows"]]
    heard = [Heard(*fact["heard"]) for fact in manifest["rows"]]
    sums = {names[fact["row"]]: fact["sha256"] for fact in manifest["rows"]}
    return ImportedSounds(x, kept, form, skipped, _notes(kept, headers, heard, form), sums)


def _notes(names: list[str], headers: list[SoundHeader], heard: list[Heard], form: SoundForm) -> list[str]:
    """The rules that were applied, with numbers and a first case."""
    rates = Counter(header.rate for header in headers)
    notes = []
    if set(rates) != {form.rate}:
        shown = ", ".join(f"{rate:,} Hz {count:,}" for rate, count in rates.most_common(5))
        notes.append(
            f"sample rates: {shown}; all are resampled to {form.rate:,} Hz"
            + (
                f". Where the rate goes along with the class it gives the class away: --sample-rate {min(rates)} "
                "removes what only the higher rates hold"
                if len(rates) > 1 and min(rates) < form.rate
                else ""
            )
        )
    shares = [_length_at(header, form.rate) / form.length for header in headers]
    found = {
        f"longer than {form.seconds:.4g} s, and cut to their beginning": [share > 1 + _NEARLY for share in shares],
        f"shorter than {form.seconds:.4g} s, and filled up with zeros": [share < 1 - _NEARLY for share in shares],
        "of several channels, which are averaged": [header.n_channels > 1 for header in headers],
        "with a dead channel, which is left out": [met.dead_channels > 0 for met in heard],
        "silent or constant": [met.constant for met in heard],
        "beyond full scale in places, and clipped there": [met.clipped for met in heard],
    }
    for what, is_so in found.items():
        if any(is_so):
            n = sum(is_so)
            is_are = "is" if n == 1 else "are"
            notes.append(f"{n:,} of {len(names):,} sounds {is_are} {what} (first: {names[is_so.index(True)]})")
    return notes


def check_options(sample_rate: int | None, clip_seconds: float | None) -> None:
    """Refuse a rate or a length that is not possible.

    Raises
    ------
    SettingError
    """
    from heldout.errors import SettingError

    if sample_rate is not None and not 100 <= sample_rate <= MOST_RATE:
        raise SettingError(f"sample_rate is {sample_rate}", fix=f"give 100 to {MOST_RATE} samples per second")
    if clip_seconds is not None and not 0.01 <= clip_seconds <= 600:
        raise SettingError(f"clip_seconds is {clip_seconds}", fix="give 0.01 to 600 seconds")
