"""Which packets of a track need nothing before them, read from the packets themselves, codec by codec.

Containers only claim it. H.264 and HEVC say it in their NAL units (`nal`). A VP8, VP9 or AV1 key frame replaces every
reference picture and every adaptive table; it counts here only when it is shown itself. Each MJPEG packet is a picture
of its own. Of all but H.264 and HEVC no single packet is ever called lonely: their entropy coders carry over from
pictures that no picture refers to.
Sources: RFC 6386 9.1 (VP8); VP9 bitstream specification 6.2 and 7.2; AV1 bitstream specification 5.3, 5.9.2, 7.20.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ntlbg.video import nal
from ntlbg.video.nal import Facts

Reader = Callable[[memoryview], Facts | None]

ONE_EACH = frozenset({"h264", "hevc"})  # one packet, one picture shown

_SEQUENCE_HEADER, _TEMPORAL_DELIMITER, _FRAME_HEADER, _FRAME = 1, 2, 3, 6


def facts_reader(codec: str, extradata: bytes | None) -> Reader | None:
    """A function that reads the facts of one packet (None: malformed); None for codecs whose packets do not tell.

    codec: as FFmpeg names it, or one of its decoders. extradata: the codec's private bytes in the container.
    """
    if codec in ("h264", "hevc"):
        prefix = nal.length_size(codec, extradata)
        return None if prefix is None else partial(nal.facts, codec, prefix=prefix)
    return _READERS.get(codec)


def _told(key: bool) -> Facts:
    return Facts(idr=key, lonely=False, base_layer=True)


def _mjpeg(data: memoryview) -> Facts | None:
    return _told(True) if bytes(data[:2]) == b"\xff\xd8" else None


def _vp8(data: memoryview) -> Facts | None:
    if len(data) < 3:
        return None
    return _told(data[0] & 1 == 0 and data[0] >> 4 & 1 == 1)  # frame type, show_frame


def _vp9(data: memoryview) -> Facts | None:
    """Of a superframe the first picture decides: all references are new after it."""
    if not len(data) or data[0] >> 6 != 2:
        return None
    bits = f"{data[0]:08b}" + (f"{data[1]:08b}" if len(data) > 1 else "0" * 8)
    profile = int(bits[3] + bits[2], 2)
    at = 5 if profile == 3 else 4
    existing, kind, shown = bits[at] == "1", bits[at + 1], bits[at + 2]
    return _told(not existing and kind == "0" and shown == "1")


def _av1(data: memoryview) -> Facts | None:
    """The first frame of a temporal unit decides."""
    at, end = 0, len(data)
    plain = True  # the sequence is none of still pictures, whose frame headers are shorter
    while at < end:
        kind, extended, sized = data[at] >> 3 & 15, data[at] >> 2 & 1, data[at] >> 1 & 1
        at += 1 + extended
        size = end - at
        if sized:
            told = _leb128(data, at)
            if told is None:
                return None
            size, at = told
        if size < 0 or at + size > end:
            return None
        if kind in (_FRAME, _FRAME_HEADER):
            if not size:
                return None
            first = data[at]  # show_existing_frame, frame_type (2), show_frame
            return _told(plain and first >> 7 == 0 and first >> 5 & 3 == 0 and first >> 4 & 1 == 1)
        if kind == _SEQUENCE_HEADER:
            plain = size > 0 and data[at] >> 3 & 1 == 0  # reduced_still_picture_header
        at += size
    return None


def _leb128(data: memoryview, at: int) -> tuple[int, int] | None:
    """(value, position after it); None when it does not end."""
    value = 0
    for i in range(8):
        if at + i >= len(data):
            return None
        value |= (data[at + i] & 127) << 7 * i
        if not data[at + i] & 128:
            return value, at + i + 1
    return None


_READERS: dict[str, Reader] = {
    "mjpeg": _mjpeg,
    "vp8": _vp8,
    "vp9": _vp9,
    "libvpx-vp9": _vp9,
    "av1": _av1,
    "libdav1d": _av1,
}
