"""What the container alone tells of damage. Damage is done to really encoded clips, at places that are known."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from ntlbg.video.integrity import Stretch, broken_stretches
from tests.video.clips import encode
from tests.video.torture import Healthy

FORMATS = {
    "h264.mkv": "matroska,webm",
    "vp9.webm": "matroska,webm",
    "mpeg4.avi": "avi",
    "h264.flv": "flv",
    "h264.ts": "mpegts",
}
CLUSTER = bytes.fromhex("1f43b675")
TS_PACKET = 188


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    return Healthy(tmp_path_factory.mktemp("healthy"))


def of(path: Path) -> list[Stretch]:
    """The stretches of a file, its container told by its name."""
    return broken_stretches(path, FORMATS.get(path.name, "mov,mp4,m4a,3gp,3g2,mj2"), 1)


def changed(source: Path, folder: Path, start: int, content: bytes) -> Path:
    """A copy whose bytes from `start` are others."""
    data = bytearray(source.read_bytes())
    assert data[start : start + len(content)] != content
    data[start : start + len(content)] = content
    path = folder / source.name
    path.write_bytes(data)
    return path


def noise(size: int) -> bytes:
    return np.random.default_rng(size).bytes(size)


def payload(path: Path, number: int) -> int:
    """A place in the middle of what the packet `number` of a clip holds."""
    with av.open(str(path)) as container:
        packet = [p for p in container.demux(video=0) if p.size][number]
        assert packet.pos is not None
        return packet.pos + packet.size // 2


@pytest.mark.parametrize("name", FORMATS)
def test_a_sound_clip_has_no_broken_stretch(healthy: Healthy, name: str) -> None:
    """Nothing is held against a file that is as its writer left it."""
    assert of(healthy[name]) == []


@pytest.mark.parametrize(
    ("name", "muxer"),
    [
        ("h264.mkv", {"live": "1"}),  # lengths that are not told
        ("h264.mkv", {"write_crc32": "0"}),
        ("h264.ts", {"mpegts_m2ts_mode": "1"}),  # packets of 192 bytes
    ],
    ids=["live", "no_checksums", "wide_packets"],
)
def test_rarer_ways_of_writing_are_walked_too(tmp_path: Path, name: str, muxer: dict[str, str]) -> None:
    """No break is found where there is none, and an overwritten middle where there is one."""
    path = encode(tmp_path / name, count=36, options={"preset": "ultrafast", "g": "6"}, muxer=muxer)
    assert of(path) == []
    size = path.stat().st_size
    start, length = size * 2 // 5, size // 5
    found = of(changed(path, tmp_path, start, bytes(length)))
    assert 0 < found[0].start <= start
    assert found[-1].end >= start + length


@pytest.mark.parametrize("fill", [bytes, noise], ids=["zeros", "noise"])
@pytest.mark.parametrize("name", FORMATS)
def test_an_overwritten_middle_is_inside_a_stretch(
    healthy: Healthy, tmp_path: Path, name: str, fill: Callable[[int], bytes]
) -> None:
    """Stretches without a space between them hold every overwritten byte, and leave out what is before. Only AVI, which
    keeps no times, loses all that follows."""
    size = healthy[name].stat().st_size
    start, end = size * 45 // 100, size * 60 // 100
    found = of(changed(healthy[name], tmp_path, start, fill(end - start)))
    assert size // 4 < found[0].start <= start
    assert end <= found[-1].end
    assert all(a.end == b.start for a, b in pairwise(found))
    assert (found[-1].end == size) == (name == "mpeg4.avi")


def test_a_stretch_of_a_transport_stream_is_as_short_as_can_be(healthy: Healthy, tmp_path: Path) -> None:
    """It reaches from the packet before the first that lost its mark to the first that has it again."""
    start, end = 40 * TS_PACKET + 7, 50 * TS_PACKET + 7
    path = changed(healthy["h264.ts"], tmp_path, start, bytes(end - start))
    assert of(path) == [Stretch(40 * TS_PACKET, 51 * TS_PACKET)]


def test_packets_that_are_out_of_step_are_found_again(healthy: Healthy, tmp_path: Path) -> None:
    """A transport stream that lost some bytes goes on at the next packet, wherever that begins."""
    data = healthy["h264.ts"].read_bytes()
    path = tmp_path / "h264.ts"
    path.write_bytes(data[: 40 * TS_PACKET + 50] + data[40 * TS_PACKET + 150 :])
    assert of(path) == [Stretch(40 * TS_PACKET, 42 * TS_PACKET - 100)]


def test_one_other_byte_under_a_checksum_is_seen(healthy: Healthy, tmp_path: Path) -> None:
    """Matroska: a byte of a picture changes no length, but its cluster's checksum; that cluster alone is broken."""
    source = healthy["h264.mkv"]
    at = payload(source, 40)
    data = source.read_bytes()
    found = of(changed(source, tmp_path, at, bytes([data[at] ^ 1])))
    assert len(found) == 1
    assert found[0].start == data.rfind(CLUSTER, 0, at)
    assert found[0].end == data.find(CLUSTER, at)


def test_without_the_codec_settings_nothing_can_be_trusted(healthy: Healthy, tmp_path: Path) -> None:
    """Matroska: a wrong checksum over the tracks breaks the whole file."""
    source = healthy["h264.mkv"]
    at = source.read_bytes().index(b"V_MPEG4/ISO/AVC")
    path = changed(source, tmp_path, at, b"v")
    assert of(path) == [Stretch(0, path.stat().st_size)]


@pytest.mark.parametrize("name", ["h264.flv", "h264.ts", "mpeg4.avi"])
def test_a_payload_tells_nothing(healthy: Healthy, tmp_path: Path, name: str) -> None:
    """A changed byte of a picture breaks no chain: none of these containers has a checksum over it."""
    source = healthy[name]
    at = payload(source, 0)
    assert of(changed(source, tmp_path, at, bytes([source.read_bytes()[at] ^ 0xFF]))) == []


@pytest.mark.parametrize("name", ["h264.mkv", "vp9.webm", "mpeg4.avi", "h264.flv"])
def test_a_cut_is_an_empty_stretch_at_the_end(healthy: Healthy, tmp_path: Path, name: str) -> None:
    """What there is of a cut file stands, up to its last byte."""
    path = tmp_path / name
    path.write_bytes(healthy[name].read_bytes()[: payload(healthy[name], 50)])
    found = of(path)
    size = path.stat().st_size
    assert set(found) == {Stretch(size, size)}


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_anywhere_is_walked_to_its_end(healthy: Healthy, tmp_path: Path, name: str) -> None:
    """Of any length, no bytes included: no stretch reaches out of the file or overlaps another."""
    data = healthy[name].read_bytes()
    path = tmp_path / name
    for size in (*range(40), *range(40, len(data), len(data) // 60)):
        path.write_bytes(data[:size])
        found = sorted(of(path))
        assert all(0 <= start <= end <= size for start, end in found), size
        assert all(a.end <= b.start for a, b in pairwise(found)), size


def test_mp4_is_no_chain(healthy: Healthy, tmp_path: Path) -> None:
    """Of a container that is not walked nothing is claimed, damaged as it may be."""
    source = healthy["h264.mp4"]
    assert of(changed(source, tmp_path, source.stat().st_size // 2, bytes(500))) == []
