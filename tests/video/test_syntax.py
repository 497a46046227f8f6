"""What no encoder writes: none of it in real streams, all of it noticed where packets are lost or overwritten."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from ntlbg.video import nal
from ntlbg.video.syntax import Syntax
from tests.video.clips import X264, encode
from tests.video.footage import FOOTAGE

PREFIXED = b"\x01\x64\x00\x1f\xff\xe0\x00"  # a configuration record: lengths of 4 bytes, no parameter sets


def stream_of(path: Path) -> tuple[str, bytes, list[bytes]]:
    """Codec, private bytes and packets of a clip."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        return context.name, context.extradata, [bytes(p) for p in container.demux(stream) if p.size]


def broken(codec: str, extradata: bytes | None, packets: list[bytes]) -> list[int]:
    """Positions of the packets that are found broken."""
    syntax = Syntax(codec, extradata)
    return [i for i, packet in enumerate(packets) if syntax.broken(memoryview(packet))]


@pytest.mark.parametrize(
    "name",
    [
        *(f"h264_{kind}.mp4" for kind in ("open", "pyramid", "intra_refresh", "one_group", "interlaced", "slices")),
        *("h264_closed.ts", "h264_no_b.avi", "h264_closed.flv", "odd.mp4", "deep.mp4"),
        *("hevc_open.mp4", "hevc_closed.ts", "hevc_layers.mkv", "deep_hevc.mkv"),
    ],
)
def test_whole_streams_hold_nothing_broken(tmp_path, name: str) -> None:
    """Whatever the layout, the coding order, the chroma format and the depth."""
    codec, extradata, packets = stream_of(FOOTAGE[name].at(tmp_path))
    assert codec in ("h264", "hevc")
    assert broken(codec, extradata, packets) == []


@pytest.mark.parametrize("name", ["h264_no_b.avi", "h264_closed.ts", "h264_slices.mp4", "h264_interlaced.mkv"])
@pytest.mark.parametrize("lost", [5, 25])
def test_a_lost_reference_picture_is_missed_by_the_next_one(tmp_path, name: str, lost: int) -> None:
    """By that one alone: the count goes on from there."""
    codec, extradata, packets = stream_of(FOOTAGE[name].at(tmp_path))
    assert broken(codec, extradata, packets[:lost] + packets[lost + 1 :]) == [lost]


def test_a_lost_picture_that_nothing_refers_to_is_not_missed(tmp_path) -> None:
    """Only reference pictures are counted."""
    codec, extradata, packets = stream_of(FOOTAGE["h264_pyramid.mp4"].at(tmp_path))
    found = [nal.facts(codec, memoryview(p), 4) for p in packets]
    lonely = [i for i, said in enumerate(found) if said is not None and said.lonely]
    assert 10 < len(lonely) < len(packets)
    for i in lonely:
        assert broken(codec, extradata, packets[:i] + packets[i + 1 :]) == []


def test_the_count_is_found_behind_scaling_lists(tmp_path) -> None:
    """A stream with quantiser matrices of its own, whose parameter sets are longer, is counted like any other."""
    lists = ":".join(f"cqm{kind}={','.join(str(16 + i % 7) for i in range(16))}" for kind in ("4iy", "4py"))
    path = encode(tmp_path / "lists.mp4", count=24, options={**X264, "bf": "0", "x264-params": lists})
    codec, extradata, packets = stream_of(path)
    assert broken(codec, extradata, packets) == []
    assert broken(codec, extradata, packets[:5] + packets[6:]) == [5]


@pytest.mark.parametrize(
    "name", ["h264_open.mkv", "h264_closed.ts", "h264_no_b.avi", "hevc_open.mp4", "hevc_closed.ts"]
)
def test_zeros_inside_a_picture_are_seen(tmp_path, name: str) -> None:
    """In the packets that were overwritten, and in no other."""
    codec, extradata, packets = stream_of(FOOTAGE[name].at(tmp_path))
    for i in (10, 25):
        middle = len(packets[i]) // 2
        packets[i] = packets[i][:middle] + bytes(16) + packets[i][middle + 16 :]
    assert broken(codec, extradata, packets) == [10, 25]


@pytest.mark.parametrize("name", ["h264_pyramid.mp4", "hevc_open.mp4"])
def test_lengths_must_add_up(tmp_path, name: str) -> None:
    """A packet that ends too early, goes on too long, is empty or is all zeros is broken."""
    codec, extradata, packets = stream_of(FOOTAGE[name].at(tmp_path))
    whole = packets[10]
    for damaged in (whole[:-1], whole + b"\0", whole + b"\0\0\0\0", b"", bytes(len(whole))):
        assert broken(codec, extradata, [damaged]) == [0]
    assert broken(codec, extradata, [whole]) == []


@pytest.mark.parametrize(
    ("unit", "says"),
    [
        (b"\x41\x9a\x00\x00\x00\x9a", True),
        (b"\x41\x9a\x00\x00\x01\x9a", True),
        (b"\x41\x9a\x00\x00\x02\x9a", True),
        (b"\x41\x9a\x00\x00\x03\x9a", False),  # how encoders break runs up
        (b"\x41\x9a\x00\x9a\x00\x9a", False),
        (b"\x41\x9a\x9a\x00\x00\x00", False),  # padding
        (b"\x06\x05\x00\x00\x00\x9a", False),  # no picture
    ],
)
def test_only_runs_of_zeros_inside_pictures_count(unit: bytes, says: bool) -> None:
    """Padding and units without pixels may hold them."""
    packet = len(unit).to_bytes(4, "big") + unit
    assert Syntax("h264", PREFIXED).broken(memoryview(packet)) is says


def ue(value: int) -> str:
    """Exp-Golomb, as bits."""
    plain = f"{value + 1:b}"
    return "0" * (len(plain) - 1) + plain


def unit(first: int, *fields: str) -> bytes:
    """A unit with its length: its first byte and the bits of its fields, with the bytes that break up runs."""
    bits = "".join(fields) + "1"
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    for low in range(4):
        data = data.replace(bytes([0, 0, low]), bytes([0, 0, 3, low]))
    return (1 + len(data)).to_bytes(4, "big") + bytes([first]) + data


def sets(profile: int = 66, chroma: str = "", order: str = ue(2), may_skip: bool = False) -> bytes:
    """Parameter sets that count modulo 16. chroma, order: their fields in the sequence's."""
    head = f"{profile:08b}" + f"{30:016b}" + ue(0)
    return unit(0x67, head, chroma, ue(0), order, ue(1), "01"[may_skip], ue(9)) + unit(0x68, ue(0), ue(0), "1")


def picture(count: int, first: int = 0x41, planes: str = "") -> bytes:
    return unit(first, ue(0), ue(5), ue(0), planes, f"{count:04b}", "1" * 40)


LISTS = "1" + "010" * 16 + "1" + ue(16) + "0" * 6  # sixteen differences of 1, then a list that ends at once

SETS = {
    "plain": (sets(), ""),
    "order_0": (sets(order=ue(0) + ue(2)), ""),
    "order_1": (sets(order=ue(1) + "0" + ue(7) + ue(8) + ue(2) + ue(5) + ue(6)), ""),
    "high": (sets(100, ue(1) + ue(0) + ue(0) + "00"), ""),
    "scaling_lists": (sets(100, ue(1) + ue(0) + ue(0) + "01" + LISTS), ""),
    "colour_planes": (sets(244, ue(3) + "1" + ue(0) + ue(0) + "00"), "10"),
}


@pytest.mark.parametrize("kind", SETS)
def test_the_count_is_found_behind_every_optional_field(kind: str) -> None:
    """Modulo its span; each gap once."""
    told, planes = SETS[kind]
    counts = [12, 13, 13, 15, 0, 1, 2, 5, 6]
    packets = [told + picture(12, planes=planes), *(picture(n, planes=planes) for n in counts[1:])]
    assert broken("h264", PREFIXED, packets) == [3, 7]


def test_a_count_that_starts_anew_is_no_gap() -> None:
    """After an IDR picture, and where it is set back to 0 or 1."""
    packets = [sets() + picture(5), picture(0, first=0x65), picture(1), picture(2), picture(3), picture(0), picture(1)]
    assert broken("h264", PREFIXED, packets) == []


def test_gaps_that_a_stream_allows_are_none() -> None:
    """Temporal layers may be taken out of a stream that says so; without that word it is a gap."""
    assert broken("h264", PREFIXED, [sets(may_skip=True) + picture(3), picture(9)]) == []
    assert broken("h264", PREFIXED, [sets(may_skip=False) + picture(3), picture(9)]) == [1]


def test_without_parameter_sets_nothing_is_counted(tmp_path) -> None:
    """However early the private bytes end, a whole stream stays whole and nothing is raised."""
    assert broken("h264", PREFIXED, [picture(3), picture(9)]) == []
    codec, extradata, packets = stream_of(FOOTAGE["h264_pyramid.mp4"].at(tmp_path))
    for size in range(7, len(extradata)):
        assert broken(codec, extradata[:size], packets[:20]) == []


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_noise_raises_nothing(codec: str) -> None:
    """Any bytes are judged, in both layouts; noise with lengths is broken, since they do not add up."""
    random = np.random.default_rng(0)
    noise = [random.bytes(int(n)) for n in random.integers(1, 200, 500)]
    lengths = b"\x01" + b"\xff" * 40
    assert broken(codec, lengths, noise) == list(range(500))
    broken(codec, None, [b"\0\0\1" + data for data in noise])


def test_other_codecs_are_not_judged() -> None:
    """Their packets have another syntax."""
    for codec in ("vp9", "av1", "mpeg4", "mpeg2video"):
        assert broken(codec, PREFIXED, [b"", bytes(100)]) == []
