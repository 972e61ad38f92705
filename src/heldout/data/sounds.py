"""One sound, decoded by stated rules; training and prediction go through the same lines.

- WAV, OGG (Vorbis, Opus), FLAC, MP3, AIFF, AU and CAF are read, known by their content and not by their name; 8, 16, 24
  and 32 bits, float, any rate from 1,000 to 768,000 Hz, up to 32 channels.
- Channels are averaged. A channel that stays constant while another does not is dead, and is left out of the mean.
- All sounds of a set are resampled to one rate (by soxr, which filters out what a lower rate cannot hold) and have one
  length: longer ones keep their beginning, shorter ones are filled up with zeros at the end.
- Samples become 16-bit integers, ``round(value * 32768)``; what lies outside is clipped. 16-bit mono files of the set's
  rate come out as they are.
- A file that ends before its own header says so, that holds NaN, or less than 10 ms of sound, is refused.

Of a long file only what is needed is decoded, so that hours of sound take no more memory than seconds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from heldout.data.media import Media
from heldout.errors import DataError, require

SUFFIXES = (".wav", ".wave", ".ogg", ".oga", ".opus", ".flac", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".caf")
SOUNDS = Media(SUFFIXES, "sound", "sounds", "sound.wav")
OTHER_SUFFIXES = (".m4a", ".aac", ".wma", ".webm")
FORMATS = ("WAV", "WAVEX", "RF64", "W64", "OGG", "FLAC", "MP3", "AIFF", "AU", "CAF")
LEAST_RATE, MOST_RATE = 1_000, 768_000
MOST_CHANNELS = 32
LEAST_SECONDS = 0.01
FULL_SCALE = 32768.0
_BLOCK_FRAMES = 2**16
_MARGIN_SECONDS = 0.05  # more than the resampler's filter reaches
_DEAD = 2.0 / FULL_SCALE  # a channel that moves no more than that, beside one that moves MUCH more
_MUCH = 100.0


class BadSoundError(Exception):
    """No sound that can be used; the message says why."""


@dataclass(frozen=True)
class SoundForm:
    """The form of every sound of a set: samples per second, and number of samples."""

    rate: int
    length: int

    def as_input(self) -> dict[str, Any]:
        """The plain mapping that goes into a bundle."""
        return {"kind": "sounds", "rate": self.rate, "length": self.length, "channels": 1}

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.length / self.rate


@dataclass(frozen=True)
class SoundHeader:
    """What a file says of itself."""

    rate: int
    n_frames: int
    n_channels: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.n_frames / self.rate


@dataclass(frozen=True)
class Heard:
    """What was met while decoding one sound.

    Attributes
    ----------
    dead_channels : int
        Left out of the mean.
    constant : bool
        No sample differs from another: silence, or a constant offset.
    clipped : bool
        Values beyond full scale were clipped.
    """

    dead_channels: int = 0
    constant: bool = False
    clipped: bool = False


def read_header(path: str | os.PathLike[str]) -> SoundHeader:
    """What a sound file says of itself; nothing is decoded.

    Raises
    ------
    BadSoundError
        If it is no sound that is read, or is cut off.
    OSError
        If it cannot be opened.
    MissingExtraError
        If soundfile is not installed.
    """
    with _opened(path) as sound:
        return _header(sound)


def decode_sound(path: str | os.PathLike[str], form: SoundForm) -> tuple[np.ndarray, Heard]:
    """Decode one file into int16, shape (form.length,).

    Raises
    ------
    BadSoundError
        If it cannot be decoded, is cut off or of a kind that is refused.
    OSError
        If it cannot be opened.
    """
    samples, heard, _ = decode_with_header(path, form)
    return samples, heard


def decode_with_header(path: str | os.PathLike[str], form: SoundForm) -> tuple[np.ndarray, Heard, SoundHeader]:
    """As `decode_sound`, and what the file says of itself."""
    with _opened(path) as sound:
        header = _header(sound)
        n_wanted = int((form.seconds + _MARGIN_SECONDS) * header.rate) + 1
        mono, heard = _read_mono(sound, header, min(n_wanted, header.n_frames))
    if header.rate != form.rate:
        mono = resample(mono, header.rate, form.rate)
    samples = np.zeros(form.length, np.int16)
    mono = mono[: form.length]
    mono *= np.float32(FULL_SCALE)
    is_clipped = bool(len(mono) and max(mono.max() - 1, -mono.min()) > FULL_SCALE)
    np.rint(mono, out=mono)
    np.clip(mono, -FULL_SCALE, FULL_SCALE - 1, out=mono)
    samples[: len(mono)] = mono
    return samples, Heard(heard.dead_channels, heard.constant, is_clipped), header


def resample(mono: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Bring float32 samples to another rate, with soxr's high-quality filter against aliases."""
    require("soxr", extra="sounds", needed_by="sounds of another sample rate")
    import soxr

    return np.array(soxr.resample(mono, rate, new_rate, quality="HQ"), dtype=np.float32)


def read_sound(source: str | os.PathLike[str], input: Mapping[str, Any]) -> np.ndarray:
    """Read one new sound for a trained model, by the lines that read the training sounds.

    Parameters
    ----------
    source : path of a sound file
    input : mapping
        The ``input`` of the dataset that the model was trained on.

    Returns
    -------
    int16 array, shape (length, 1)

    Raises
    ------
    DataError
        If it cannot be decoded; says why.
    """
    where = os.fspath(source)
    try:
        return decode_sound(source, SoundForm(input["rate"], input["length"]))[0][:, np.newaxis]
    except BadSoundError as error:
        raise DataError(str(error), where=where, fix="give a WAV, OGG, FLAC, MP3 or AIFF file") from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", where=where, fix="check the path") from error


def _opened(path: str | os.PathLike[str]) -> Any:
    """An open `soundfile.SoundFile` of a format that is read; never blocks on a pipe."""
    require("soundfile", extra="sounds", needed_by="reading sounds")
    import soundfile

    from heldout.data.sound_ends import why_cut_off

    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(handle).st_size
        if size == 0:
            raise BadSoundError("empty file")
        reason = why_cut_off(handle, size)
        if reason:
            raise BadSoundError(reason)
        os.lseek(handle, 0, os.SEEK_SET)
        head = os.read(handle, 512)
        os.lseek(handle, 0, os.SEEK_SET)
        try:
            sound = soundfile.SoundFile(handle, closefd=True)
        except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError) as error:
            raise BadSoundError(_unknown(head, str(error))) from None
    except BaseException:
        _close(handle)
        raise
    if sound.format not in FORMATS:
        sound.close()
        raise BadSoundError(f"a file of format {sound.format}, which is not read ({', '.join(FORMATS)} are)")
    return sound


def _close(handle: int) -> None:
    try:
        os.close(handle)
    except OSError:  # libsndfile has closed it when it refused the file
        return


def _unknown(head: bytes, message: str) -> str:
    if not any(byte < 9 for byte in head):
        return "text, not a sound"
    return f"not a sound that is read ({message.rsplit(': ', 1)[-1].strip()[:100] or 'unknown format'})"


def _header(sound: Any) -> SoundHeader:
    header = SoundHeader(int(sound.samplerate), int(sound.frames), int(sound.channels))
    if not LEAST_RATE <= header.rate <= MOST_RATE:
        raise BadSoundError(f"its rate is {header.rate:,} Hz; {LEAST_RATE:,} to {MOST_RATE:,} Hz are read")
    if not 1 <= header.n_channels <= MOST_CHANNELS:
        raise BadSoundError(f"{header.n_channels} channels; up to {MOST_CHANNELS} are read")
    if header.n_frames <= 0:
        raise BadSoundError("no samples in it")
    if header.seconds < LEAST_SECONDS:
        many = "1 sample" if header.n_frames == 1 else f"{header.n_frames:,} samples"
        raise BadSoundError(
            f"{many} only ({header.seconds * 1000:.3g} ms); at least {LEAST_SECONDS * 1000:.0f} ms are needed"
        )
    return header


def _read_mono(sound: Any, header: SoundHeader, n_frames: int) -> tuple[np.ndarray, Heard]:
    """The first frames as the mean of the channels that are not dead, float32."""
    total = np.empty(n_frames, np.float32)
    lowest = np.full(header.n_channels, np.inf, np.float32)
    highest = np.full(header.n_channels, -np.inf, np.float32)
    done = 0
    while done < n_frames:
        block = _read_block(sound, min(_BLOCK_FRAMES, n_frames - done))
        if len(block) == 0 and sound.format == "MP3" and done:
            total = total[:done]  # the length of an MP3 may be an estimate
            break
        if len(block) == 0:
            said = f"{done:,} of {header.n_frames:,} samples"
            raise BadSoundError(f"damaged or cut off: {said} can be decoded")
        lowest = np.minimum(lowest, block.min(axis=0))
        highest = np.maximum(highest, block.max(axis=0))
        total[done : done + len(block)] = block[:, 0] if header.n_channels == 1 else block.sum(axis=1)
        done += len(block)
    if not (np.isfinite(lowest).all() and np.isfinite(highest).all()):
        raise BadSoundError("holds NaN or infinite samples")
    moves = highest - lowest
    is_dead = (moves <= _DEAD) & (moves.max() > _MUCH * _DEAD)
    if header.n_channels > 1:
        total -= ((highest + lowest) / 2)[is_dead].sum()
        total /= np.float32(header.n_channels - is_dead.sum())
    return total, Heard(int(is_dead.sum()), bool(moves.max() == 0))


def _read_block(sound: Any, n_frames: int) -> np.ndarray:
    import soundfile

    try:
        block: np.ndarray = sound.read(n_frames, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        reason = str(error).rsplit(": ", 1)[-1].strip()[:100]
        raise BadSoundError(f"damaged: it cannot be decoded to its end ({reason})") from None
    return block
