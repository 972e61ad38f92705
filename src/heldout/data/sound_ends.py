"""Whether a sound file ends before it says so: libsndfile reads what is there and does not complain.

WAV and AIFF are lists of chunks with their sizes; the last page of an Ogg stream is marked as such.
"""

from __future__ import annotations

import os
import struct

_TAIL_BYTES = 2**17  # an Ogg page has at most 65,307 bytes
_OPEN_ENDED = 0x7FFFF000  # programs that write to a pipe put such sizes for "until the end"
_MAX_CHUNKS = 200
_LAST_PAGE = 4


def why_cut_off(handle: int, size: int) -> str:
    """Say how a file is cut off, or nothing; formats without such marks give nothing.

    Parameters
    ----------
    handle : int
        Of the open file; its position is moved.
    size : int
        Bytes in it.
    """
    head = _at(handle, 0, 12)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _chunks_cut_off(handle, size, b"data", "<I")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _chunks_cut_off(handle, size, b"SSND", ">I")
    if head[:4] == b"OggS":
        return _ogg_cut_off(handle, size)
    return ""


def _at(handle: int, position: int, n_bytes: int) -> bytes:
    os.lseek(handle, position, os.SEEK_SET)
    return os.read(handle, n_bytes)


def _chunks_cut_off(handle: int, size: int, wanted: bytes, number: str) -> str:
    position = 12
    for _ in range(_MAX_CHUNKS):
        chunk = _at(handle, position, 8)
        if len(chunk) < 8:
            return "cut off: it ends before its samples begin"
        (length,) = struct.unpack(number, chunk[4:])
        if chunk[:4] == wanted:
            there = size - position - 8
            if length >= _OPEN_ENDED or length <= there:
                return ""
            return f"cut off: its header speaks of {length:,} bytes of samples, and {max(0, there):,} are there"
        position += 8 + length + length % 2
    return ""


def _ogg_cut_off(handle: int, size: int) -> str:
    start = max(0, size - _TAIL_BYTES)
    tail = _at(handle, start, _TAIL_BYTES)
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + 27:
        return "cut off: it ends within an Ogg page"
    n_segments = tail[page + 26]
    table = tail[page + 27 : page + 27 + n_segments]
    if len(table) < n_segments or page + 27 + n_segments + sum(table) > len(tail):
        return "cut off: it ends within an Ogg page"
    if not tail[page + 5] & _LAST_PAGE:
        return "cut off: its last Ogg page is not marked as the end"
    return ""
