"""Packets that no encoder wrote: damage that H.264 and HEVC show without being decoded.

Decoders read overwritten packets without a word, since nearly all bytes mean something to an arithmetic decoder. Three
things do not lie: the lengths of the units of a packet add up; no unit holds three zero bytes in a row (or two before a
1 or 2), since encoders break such runs up, so an overwritten block of zeros is seen at once; and H.264 counts its
reference pictures, so a lost one is missed even where the container shows no gap.
Sources: ITU-T H.264 7.3.1, 7.4.1, 7.3.2.1, 7.3.3, 7.4.3 (frame_num); ITU-T H.265 7.3.1.1, 7.4.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ntlbg.video import nal

_RUN = re.compile(rb"\0\0[\0-\2]")
_START = b"\0\0\1"
_HEAD = 24  # bytes that hold a slice header's first fields, whatever they are
# profiles whose parameter sets tell the chroma format (H.264 7.3.2.1.1)
_CHROMA_TOLD = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}


@dataclass(frozen=True)
class _Counter:
    """How a sequence counts its reference pictures. span: the count is modulo this."""

    span: int
    colour_planes: bool
    may_skip: bool


class Syntax:
    """Looks at the packets of one track, in coding order. extradata: the codec's private bytes in the container."""

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        self._codec = codec if codec in ("h264", "hevc") else ""
        self._prefix = nal.length_size(codec, extradata)
        self._sequences: dict[int, _Counter] = {}
        self._pictures: dict[int, int] = {}  # picture parameter set → sequence parameter set
        self._last: int | None = None  # count of the latest reference picture
        if self._codec == "h264" and extradata:
            for unit in _of_configuration(extradata) if self._prefix else _by_start_codes(extradata):
                self._learn(unit)

    def broken(self, packet: memoryview) -> bool:
        """Whether the packet, coming after those before, is damaged or lacks pictures before it."""
        if not self._codec:
            return False
        data = bytes(packet)
        try:
            units = list(_by_lengths(data, self._prefix) if self._prefix else _by_start_codes(data))
        except ValueError:
            return True
        if not units:
            return True
        found, first = False, b""
        for unit in units:
            if self._is_coded(unit[0]):
                first = first or unit
                found = found or _RUN.search(unit.rstrip(b"\0")) is not None
            elif unit[0] & 31 in (7, 8) and self._codec == "h264":
                self._learn(unit)
        return bool(self._codec == "h264" and first and self._gap(first)) or found

    def _is_coded(self, first: int) -> bool:
        return 1 <= first & 31 <= 5 if self._codec == "h264" else first >> 1 & 63 < 32

    def _gap(self, unit: bytes) -> bool:
        """Whether reference pictures are missing between the latest one and this picture."""
        bits = _Bits(unit[1:_HEAD])
        try:
            bits.unsigned()
            bits.unsigned()
            counter = self._sequences[self._pictures[bits.unsigned()]]
            if counter.colour_planes:
                bits.fixed(2)
            count = bits.fixed(counter.span.bit_length() - 1)
        except (KeyError, ValueError):
            self._last = None
            return False
        last, referred = self._last, unit[0] & 0x60
        gap = (
            last is not None
            and unit[0] & 31 != 5
            and not counter.may_skip
            # 0 and 1 also follow a picture that sets the count back (memory management operation 5)
            and count not in (last, (last + 1) % counter.span, 0, 1)
        )
        self._last = count if referred or gap else last
        return gap

    def _learn(self, unit: bytes) -> None:
        try:
            if unit[0] & 31 == 7:
                name, counter = _sequence(unit)
                self._sequences[name] = counter
            elif unit[0] & 31 == 8:
                bits = _Bits(unit[1:_HEAD])
                name = bits.unsigned()
                self._pictures[name] = bits.unsigned()
        except ValueError:
            pass  # a decoder that needs it will complain


def _by_lengths(data: bytes, prefix: int) -> Iterator[bytes]:
    at, end = 0, len(data)
    while at < end:
        size = int.from_bytes(data[at : at + prefix], "big")
        at += prefix
        if size == 0 or at + size > end:
            raise ValueError("unit lengths do not add up")
        yield data[at : at + size]
        at += size


def _by_start_codes(data: bytes) -> Iterator[bytes]:
    at = data.find(_START)
    while at >= 0:
        after = data.find(_START, at + 3)
        unit = data[at + 3 : after if after >= 0 else len(data)].rstrip(b"\0")
        if unit:
            yield unit
        at = after


def _of_configuration(extradata: bytes) -> Iterator[bytes]:
    """Parameter sets of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1)."""
    at = 5
    for mask in (31, 255):
        if at >= len(extradata):
            return
        count, at = extradata[at] & mask, at + 1
        for _ in range(count):
            size = int.from_bytes(extradata[at : at + 2], "big")
            if unit := extradata[at + 2 : at + 2 + size]:
                yield unit
            at += 2 + size


def _sequence(unit: bytes) -> tuple[int, _Counter]:
    """A sequence parameter set's id and how it counts. ValueError when it ends too early."""
    bits = _Bits(unit[1:])
    profile = bits.fixed(8)
    bits.fixed(16)
    name = bits.unsigned()
    colour_planes = False
    if profile in _CHROMA_TOLD:
        chroma = bits.unsigned()
        colour_planes = chroma == 3 and bool(bits.fixed(1))
        bits.unsigned()
        bits.unsigned()
        bits.fixed(1)
        if bits.fixed(1):
            for i in range(12 if chroma == 3 else 8):
                if bits.fixed(1):
                    _skip_scaling(bits, 16 if i < 6 else 64)
    span = 1 << min(bits.unsigned() + 4, 16)
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.fixed(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
    bits.unsigned()
    return name, _Counter(span, colour_planes, bool(bits.fixed(1)))


def _skip_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


class _Bits:
    """Reads fields from a unit's bytes. Every method raises ValueError past the end."""

    def __init__(self, data: bytes) -> None:
        plain = data.replace(b"\0\0\3", b"\0\0")
        self._value, self._left = int.from_bytes(plain, "big"), 8 * len(plain)

    def fixed(self, count: int) -> int:
        if count > self._left:
            raise ValueError("ends too early")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def unsigned(self) -> int:
        """Exp-Golomb, unsigned."""
        zeros = self._left - (self._value & (1 << self._left) - 1).bit_length()
        if zeros > 32 or 2 * zeros >= self._left:
            raise ValueError("is no number")
        return self.fixed(2 * zeros + 1) - 1

    def signed(self) -> int:
        """Exp-Golomb, signed."""
        value = self.unsigned()
        return (value + 1) // 2 if value % 2 else -(value // 2)
