"""Stretches of a file that are not as its writer left them, told by the container alone.

Matroska files may carry checksums (FFmpeg writes one for every cluster); FFmpeg itself does not look at them. AVI is a
chain of chunks without times: where the chain breaks, FFmpeg finds the next chunk and goes on counting, so everything
after the break would be shown too early.
Sources: RFC 8794 11.3.1 (EBML CRC-32), RFC 9559 5.1 (level 1 elements); OpenDML AVI file format extensions 1.02.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_INFO, _TRACKS = 0x1549A966, 0x1654AE6B
_LEVEL_1 = {_CLUSTER, _INFO, _TRACKS, 0x114D9B74, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367, 0xEC, 0xBF}
_CLUSTER_ID = _CLUSTER.to_bytes(4, "big")
_CRC_HEAD = b"\xbf\x84"
_PIECE = 1 << 20

_CHUNK = re.compile(rb"(?:(\d\d)(?:dc|db|wb|tx|pc|sb)|ix\d\d|JUNK|LIST)")


class Stretch(NamedTuple):
    """Bytes from `start` up to `end` of a file."""

    start: int
    end: int


def broken_stretches(path: str | Path, container: str, streams: int) -> list[Stretch]:
    """Stretches that are provably not as written, in order. container: FFmpeg's name. streams: tracks of the file.

    No stretch does not mean that the file is whole: most containers have nothing by which it could be told.
    """
    check = {"matroska,webm": _matroska, "avi": lambda file, size: _avi(file, size, streams)}.get(container)
    if check is None:
        return []
    with Path(path).open("rb") as file:
        return list(check(file, os.fstat(file.fileno()).st_size))


def _matroska(file: BinaryIO, size: int) -> Iterator[Stretch]:
    head = _element(file, 0, size)
    if head is None:
        return
    at = head[1] + head[2]
    segment = _element(file, at, size)
    if segment is None or segment[0] != _SEGMENT:
        return
    at, end = segment[1], min(size, segment[1] + segment[2])
    while at < end:
        element = _element(file, at, size)
        if element is None or element[0] not in _LEVEL_1:
            following = _find(file, _CLUSTER_ID, at + 1, end)
            yield Stretch(at, following)
            at = following
            continue
        name, start, length = element
        if start + length > end:
            return  # a cut, or an element of unknown length: nothing to verify from here on
        if not _sum_is_right(file, start, length):
            if name in (_INFO, _TRACKS):
                yield Stretch(0, size)  # without its clock and its codec's settings no frame can be trusted
            elif name == _CLUSTER:
                yield Stretch(at, start + length)
        at = start + length


def _element(file: BinaryIO, at: int, size: int) -> tuple[int, int, int] | None:
    """(id, where its content starts, length) of the EBML element at a place; unknown lengths reach beyond any file."""
    file.seek(at)
    head = file.read(12)
    if not head or not head[0] & 0xF0:
        return None
    width = 9 - head[0].bit_length()
    rest = head[width:]
    if not rest or not rest[0]:
        return None
    wide = 9 - rest[0].bit_length()
    if len(rest) < wide:
        return None
    length = int.from_bytes(rest[:wide], "big") & (1 << 7 * wide) - 1
    unknown = length == (1 << 7 * wide) - 1
    return int.from_bytes(head[:width], "big"), at + width + wide, size if unknown else length


def _sum_is_right(file: BinaryIO, start: int, length: int) -> bool:
    file.seek(start)
    head = file.read(6)
    if length < 6 or not head.startswith(_CRC_HEAD):
        return True
    left, found = length - 6, 0
    while left > 0:
        piece = file.read(min(left, _PIECE))
        if not piece:
            return False
        found = zlib.crc32(piece, found)
        left -= len(piece)
    return found == int.from_bytes(head[2:], "little")


def _find(file: BinaryIO, what: bytes, at: int, end: int) -> int:
    """Where `what` begins at or after a place; `end` if nowhere."""
    while at < end:
        file.seek(at)
        piece = file.read(_PIECE)
        found = piece.find(what)
        if found >= 0:
            return min(at + found, end)
        if len(piece) < len(what):
            break
        at += len(piece) - len(what) + 1
    return end


def _avi(file: BinaryIO, size: int, streams: int) -> Iterator[Stretch]:
    at = 0
    while at + 12 <= size:
        name, length, kind = _chunk(file, at)
        if name != b"RIFF":
            return
        end = min(size, at + 8 + length) if length else size
        inner = at + 12
        while inner + 12 <= end:
            name, length, kind = _chunk(file, inner)
            if name == b"LIST" and kind == b"movi":
                # unfinished recordings declare no length
                until = min(size, inner + 8 + length) if length > 4 else size
                broken = _chain_breaks(file, inner + 12, until, streams)
                if broken is not None:
                    yield Stretch(broken, size)
                    return
            inner += 8 + length + length % 2
        at = end + end % 2


def _chain_breaks(file: BinaryIO, at: int, end: int, streams: int) -> int | None:
    """Where the chunks of a `movi` list stop being a chain; None: nowhere."""
    while at + 8 <= end:
        name, length, kind = _chunk(file, at)
        if name == b"idx1":
            return None
        known = _CHUNK.fullmatch(name)
        if not known or (known[1] and int(known[1]) >= streams):
            return at
        if name == b"LIST" and kind == b"rec ":
            at += 12
            continue
        at += 8 + length + length % 2
    return None


def _chunk(file: BinaryIO, at: int) -> tuple[bytes, int, bytes]:
    file.seek(at)
    head = file.read(12)
    return head[:4], int.from_bytes(head[4:8], "little"), head[8:12]
