"""What H.264 and HEVC packets say about references, read from their NAL unit headers.

Two facts are used. An IDR picture cuts all references: nothing at or after it needs anything before it. And a
packet all of whose slices are marked as not used for reference can be left out without any other picture
changing. Container flags do not prove either (an intra-refresh "key frame" only starts a sweep).
Sources: ITU-T H.264 7.4.1 (nal_ref_idc, nal_unit_type), ITU-T H.265 7.4.2.2 (sub-layer non-reference pictures).
"""

from __future__ import annotations

from typing import NamedTuple


class Facts(NamedTuple):
    idr: bool  # the packet's picture is an IDR picture
    lonely: bool  # no other picture refers to this one
    base_layer: bool  # HEVC: nothing in it belongs to a higher temporal or spatial layer


def length_size(codec: str, extradata: bytes | None) -> int | None:
    """Bytes of a NAL unit's length prefix; None when packets are not length-prefixed (then nothing is read)."""
    if not extradata or extradata[0] != 1:
        return None
    if codec == "h264" and len(extradata) > 6:
        return (extradata[4] & 3) + 1
    if codec == "hevc" and len(extradata) > 22:
        return (extradata[21] & 3) + 1
    return None


def _headers(data: memoryview, prefix: int) -> list[tuple[int, int]]:
    """First two bytes of every unit; ValueError when the lengths do not add up."""
    found, at, end = [], 0, len(data)
    while at < end:
        start = at + prefix
        size = int.from_bytes(data[at:start], "big")
        at = start + size
        if size < 2 or at > end:
            raise ValueError("NAL unit lengths do not add up")
        found.append((data[start], data[start + 1]))
    return found


def facts(codec: str, data: memoryview, prefix: int) -> Facts | None:
    """What a packet says of itself; None when it holds no slice or is malformed."""
    try:
        units = _headers(data, prefix)
    except ValueError:
        return None
    return _h264(units) if codec == "h264" else _hevc(units)


def _h264(units: list[tuple[int, int]]) -> Facts | None:
    idr = lonely = True
    slices = False
    for first, _ in units:
        kind = first & 31
        if 1 <= kind <= 5:
            slices = True
            idr = idr and kind == 5
            lonely = lonely and kind == 1 and not first & 0x60
        elif kind in (7, 8, 13, 15):  # parameter sets in a packet may serve later pictures
            lonely = False
    return Facts(idr, lonely, base_layer=True) if slices else None


def _hevc(units: list[tuple[int, int]]) -> Facts | None:
    kinds = [first >> 1 & 63 for first, _ in units]
    slices = [kind for kind in kinds if kind < 32]
    if not slices:
        return None
    carries = any(32 <= kind <= 34 for kind in kinds)
    return Facts(
        idr=all(kind in (19, 20) for kind in slices),
        lonely=not carries and all(kind <= 14 and kind % 2 == 0 for kind in slices),
        # a picture marked "not referenced" may still serve higher layers, so there must be none
        base_layer=all(first & 1 == 0 and second >> 3 == 0 and second & 7 == 1 for first, second in units),
    )
