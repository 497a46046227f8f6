"""What packets of codecs other than H.264 and HEVC say of references, on hand-made bytes and real ones."""

from __future__ import annotations

import av
import pytest

from ntlbg.video.references import facts_reader
from tests.video.footage import FOOTAGE


def key(codec: str, data: bytes) -> bool | None:
    reader = facts_reader(codec, None)
    assert reader is not None
    found = reader(memoryview(data))
    return None if found is None else found.idr


@pytest.mark.parametrize(
    ("codec", "data", "says"),
    [
        ("vp8", b"\x10\x00\x00", True),
        ("vp8", b"\x11\x00\x00", False),  # predicted
        ("vp8", b"\x00\x00\x00", False),  # a key frame that is not shown
        ("vp8", b"\x10", None),
        ("vp9", b"\x82\x49", True),  # 10 00 0 0 1 0: profile 0, key, shown
        ("vp9", b"\x86\x00", False),  # predicted
        ("vp9", b"\x88\x00", False),  # shows a picture that was there before
        ("vp9", b"\x80\x49", False),  # a key frame that is not shown
        ("vp9", b"\xb1\x00", True),  # profile 3 has one bit more
        ("vp9", b"\x42\x49", None),
        ("vp9", b"", None),
        ("av1", b"\x12\x00\x0a\x01\x00\x32\x01\x10", True),  # delimiter, sequence, frame: key, shown
        ("av1", b"\x12\x00\x32\x01\x30", False),  # predicted
        ("av1", b"\x12\x00\x32\x01\x90", False),  # shows a picture that was there before
        ("av1", b"\x12\x00\x32\x01\x00", False),  # a key frame that is not shown
        ("av1", b"\x12\x00\x0a\x01\x08\x32\x01\x10", False),  # still pictures have another header
        ("av1", b"\x12\x00\x32\x05\x10", None),  # longer than the packet
        ("av1", b"\x12\x00", None),
        ("av1", b"\x32\xff\xff", None),
        ("mjpeg", b"\xff\xd8\xff", True),
        ("mjpeg", b"\x00\xd8", None),
    ],
)
def test_key_frames_that_are_shown_cut_all_references(codec: str, data: bytes, says: bool | None) -> None:
    """Anything else does not; malformed packets prove nothing and raise nothing."""
    assert key(codec, data) is says


def test_other_codecs_do_not_tell() -> None:
    """MPEG-1, -2 and -4 are decoded packet by packet."""
    assert facts_reader("mpeg2video", None) is None
    assert facts_reader("mpeg4", b"\x01" * 40) is None
    assert facts_reader("h264", b"\0\0\0\1") is None


@pytest.mark.parametrize("name", ["vp8.webm", "vp9.mkv", "av1.mp4", "deep.webm", "mjpeg.mov"])
def test_real_key_frames_are_found(tmp_path, name: str) -> None:
    """Where the encoder says there is one, and nowhere else; none is ever called lonely."""
    with av.open(str(FOOTAGE[name].at(tmp_path))) as container:
        (stream,) = container.streams.video
        reader = facts_reader(stream.codec_context.name, stream.codec_context.extradata)
        assert reader is not None
        for packet in container.demux(stream):
            if packet.size:
                found = reader(memoryview(packet))
                assert found is not None
                assert (found.idr, found.lonely) == (packet.is_keyframe, False)
