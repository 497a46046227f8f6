"""Stretches of a file that are not as its writer left them, told by the container alone.

FFmpeg's readers skip over damage, find the next sound place and go on, mostly without a word that says where. So the
chains that containers are made of are walked here: elements of Matroska (and their checksums, which FFmpeg writes but
does not look at), chunks of AVI, tags of FLV, packets of MPEG-TS. AVI keeps no times: after a break in its chain
FFmpeg goes on counting, and every later frame would be shown too early.
Sources: RFC 8794 11.3.1 (EBML CRC-32), RFC 9559 5.1 (Matroska); OpenDML AVI file format extensions 1.02; Adobe Flash
Video file format 10.1, annex E; ISO/IEC 13818-1 2.4.3.2 (transport packets).
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_INFO, _TRACKS = 0x1549A966, 0x1654AE6B
_LEVEL_1 = {_CLUSTER, _INFO, _TRACKS, 0x114D9B74, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367, 0xEC, 0xBF}
# timestamp, position, previous size, simple block, group of blocks, encrypted block, silent tracks, void, checksum
_IN_CLUSTER = {0xE7, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF, 0x5854, 0xEC, 0xBF}
_CLUSTER_ID = _CLUSTER.to_bytes(4, "big")
_CRC_HEAD = b"\xbf\x84"
_UNKNOWN = 1 << 60  # a length that is told later, by what follows
_PIECE = 1 << 20

_CHUNK = re.compile(rb"(?:(\d\d)(?:dc|db|wb|tx|pc|sb)|ix\d\d|JUNK|LIST)")
_TAG = re.compile(rb"[\x08\x09\x12].{7}\0\0\0", re.DOTALL)
_SYNC, _SIZES = 0x47, (188, 192, 204)


class Stretch(NamedTuple):
    """Bytes from `start` up to `end` of a file."""

    start: int
    end: int


def broken_stretches(path: str | Path, container: str, streams: int) -> list[Stretch]:
    """Stretches that are provably not as written, in order. container: FFmpeg's name. streams: tracks of the file.

    A stretch begins with the last element whose length led into the damage; an empty one at the end of the file says
    that the file goes on no further than that. None does not mean that the file is whole: a payload tells nothing, and
    MP4 is no chain.
    """
    walk = {
        "matroska,webm": _matroska,
        "avi": lambda file, size: _avi(file, size, streams),
        "flv": _flv,
        "mpegts": _transport,
    }.get(container)
    if walk is None:
        return []
    with Path(path).open("rb") as file:
        return list(walk(file, os.fstat(file.fileno()).st_size))


def _matroska(file: BinaryIO, size: int) -> Iterator[Stretch]:
    head = _element(file, 0, size)
    segment = _element(file, head[1] + head[2], size) if head else None
    if segment is None or segment[0] != _SEGMENT:
        return
    at, end = segment[1], min(size, segment[1] + segment[2])
    if segment[1] + segment[2] > size and segment[2] != _UNKNOWN:
        yield Stretch(size, size)
    while at < end:
        element = _element(file, at, size)
        name, start, length = element or (0, at, 0)
        if name not in _LEVEL_1 or (start + length > end and name != _CLUSTER):
            following = _find(file, _CLUSTER_ID, at + 1, end)
            cut = name in _LEVEL_1 and following == end
            yield Stretch(size, size) if cut else Stretch(at, following)
            at = following
        elif name != _CLUSTER:
            # without its clock and its codec's settings no frame can be trusted
            if not _sum_is_right(file, start, length) and name in (_INFO, _TRACKS):
                yield Stretch(0, size)
            at = start + length
        else:
            broken, at = _cluster(file, at, start, length, end)
            if broken is not None:
                yield broken


def _cluster(file: BinaryIO, at: int, start: int, length: int, end: int) -> tuple[Stretch | None, int]:
    """What is broken of a cluster, and where the next element begins."""
    known = start + length <= end
    if known and _has_sum(file, start, length):
        until = start + length
        return (None if _sum_is_right(file, start, length) else Stretch(at, until)), until
    until, last, child = start + length if known else end, at, start
    while child < until:
        element = _element(file, child, end)
        if element is not None and element[0] in _LEVEL_1 - _IN_CLUSTER and not known:
            return None, child  # the length was not told, and here the next one begins
        if element is None or element[0] not in _IN_CLUSTER or element[1] + element[2] > until:
            following = until if known else _find(file, _CLUSTER_ID, child + 1, end)
            cut = element is not None and element[0] in _IN_CLUSTER and following == end and not known
            return Stretch(end, end) if cut else Stretch(last, following), following
        last, child = child, element[1] + element[2]
    return None, until


def _element(file: BinaryIO, at: int, size: int) -> tuple[int, int, int] | None:
    """(id, where its content starts, length) of the EBML element at a place."""
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
    return int.from_bytes(head[:width], "big"), at + width + wide, _UNKNOWN if unknown else length


def _has_sum(file: BinaryIO, start: int, length: int) -> bool:
    file.seek(start)
    return length >= 6 and file.read(2) == _CRC_HEAD


def _sum_is_right(file: BinaryIO, start: int, length: int) -> bool:
    """False only where there is a checksum, and another than the bytes have."""
    if not _has_sum(file, start, length):
        return True
    file.seek(start)
    head = file.read(6)
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
        inner, found = at + 12, False
        while inner + 12 <= end:
            name, length, kind = _chunk(file, inner)
            if name == b"LIST" and kind == b"movi":
                # unfinished recordings declare no length
                until = min(size, inner + 8 + length) if length > 4 else size
                if inner + 8 + length > size:
                    yield Stretch(size, size)
                found = True
                listed = _listed(file, _find(file, b"idx1", min(inner + 8 + length, size), size))
                broken = _chain_breaks(file, inner + 12, until, streams, listed, size)
                if broken is not None:
                    yield Stretch(broken, size)
                    return
            inner += 8 + length + length % 2
        if not found:
            yield Stretch(0, size)  # FFmpeg goes looking for pictures, and begins with those that it finds
            return
        at = end + end % 2


def _listed(file: BinaryIO, at: int) -> Iterator[tuple[bytes, int]]:
    """(name, length) of the chunks that the list after a `movi` list names, in order; none where there is no list."""
    name, length, _ = _chunk(file, at)
    file.seek(at + 8)
    entries = file.read(length) if name == b"idx1" else b""
    for entry in range(0, len(entries) - 15, 16):
        if _CHUNK.fullmatch(entries[entry : entry + 4]):
            yield entries[entry : entry + 4], int.from_bytes(entries[entry + 12 : entry + 16], "little")


def _chain_breaks(
    file: BinaryIO, at: int, end: int, streams: int, listed: Iterator[tuple[bytes, int]], size: int
) -> int | None:
    """Where the chunk begins that leads out of the chain of a `movi` list, or that its list does not name in its place;
    None: none does."""
    last = at
    while at + 8 <= end:
        name, length, kind = _chunk(file, at)
        if name == b"idx1":
            return None
        known = _CHUNK.fullmatch(name)
        if not known or (known[1] and int(known[1]) >= streams):
            return last
        if name != b"LIST" and at + 8 + length > end:
            # the last chunk of a file that is cut, unless others come after it
            return at if end < size or _find(file, name, at + 8, size) < size else None
        if known[1] and next(listed, (name, length)) != (name, length):
            return last
        last = at
        if name == b"LIST" and kind == b"rec ":
            at += 12
            continue
        at += 8 + length + length % 2
    return None


def _chunk(file: BinaryIO, at: int) -> tuple[bytes, int, bytes]:
    file.seek(at)
    head = file.read(12)
    return head[:4], int.from_bytes(head[4:8], "little"), head[8:12]


def _flv(file: BinaryIO, size: int) -> Iterator[Stretch]:
    file.seek(5)
    at = int.from_bytes(file.read(4), "big") + 4
    last = at
    while at + 15 <= size:
        length = _tag(file, at, size)
        if length is None:
            file.seek(at)
            if at + 11 + int.from_bytes(file.read(4)[1:], "big") + 4 > size and not _next_tag(file, at + 1, size):
                yield Stretch(size, size)  # the file is cut
                return
            following = _next_tag(file, at + 1, size) or size
            yield Stretch(last, following)
            last = at = following
            continue
        last, at = at, at + length


def _tag(file: BinaryIO, at: int, size: int) -> int | None:
    """Length of the tag that begins at a place, the repeated length after it included; None: there is none."""
    file.seek(at)
    head = file.read(11)
    length = 11 + int.from_bytes(head[1:4], "big")
    if not _TAG.match(head) or at + length + 4 > size:
        return None
    file.seek(at + length)
    told = int.from_bytes(file.read(4), "big")
    return length + 4 if told in (length, 0) else None  # live recorders leave it zero


def _next_tag(file: BinaryIO, at: int, size: int) -> int:
    """Where the next tag begins whose length is repeated after it; 0: nowhere."""
    while at < size:
        file.seek(at)
        piece = file.read(_PIECE)
        for found in _TAG.finditer(piece):
            if _tag(file, at + found.start(), size) is not None:
                return at + found.start()
        if len(piece) < _PIECE:
            break
        at += len(piece) - 10
    return 0


def _transport(file: BinaryIO, size: int) -> Iterator[Stretch]:
    file.seek(0)
    head = np.frombuffer(file.read(204 * 5), np.uint8)
    for width in _SIZES:
        for first in range(width):
            if len(head) >= first + 4 * width + 1 and (head[first : first + 4 * width + 1 : width] == _SYNC).all():
                yield from _unsynchronised(file, first, width, size)
                return


def _unsynchronised(file: BinaryIO, at: int, width: int, size: int) -> Iterator[Stretch]:
    """Stretches without the byte that every packet of `width` bytes begins with."""
    per_piece = _PIECE // width
    while at + width <= size:
        file.seek(at)
        piece = np.frombuffer(file.read(width * per_piece), np.uint8)
        whole = len(piece) // width
        wrong = np.flatnonzero(piece[: whole * width : width] != _SYNC)
        if not wrong.size:
            at += whole * width
            continue
        begins = at + int(wrong[0]) * width
        ends = _synchronised(file, begins, width, size)
        yield Stretch(begins - width, ends)
        at = ends


def _synchronised(file: BinaryIO, at: int, width: int, size: int) -> int:
    """Where packets of `width` bytes begin again: three in a row, or as many as there are; `size`: nowhere."""
    while at < size:
        file.seek(at)
        piece = np.frombuffer(file.read(_PIECE), np.uint8)
        synced = piece == _SYNC
        for ahead in (width, 2 * width):
            synced[: max(0, len(piece) - ahead)] &= piece[ahead:] == _SYNC
        found = np.flatnonzero(synced)
        if found.size:
            return at + int(found[0])
        at += len(piece)
    return size
