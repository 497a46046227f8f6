"""What packets say of references, on hand-made bytes; real streams are in test_decode."""

from __future__ import annotations

import pytest

from ntlbg.video.nal import facts, length_size


def units(*payloads: bytes) -> memoryview:
    return memoryview(b"".join(len(p).to_bytes(4, "big") + p for p in payloads))


IDR, REFERENCED, LONELY, SPS, SEI = b"\x65\x88", b"\x41\x9a", b"\x01\x9e", b"\x67\x64", b"\x06\x05"


def test_h264_reads_types_and_reference_bits() -> None:
    """IDR only if every slice is; lonely only if no slice is referenced and no parameter set rides along."""
    assert facts("h264", units(SEI, IDR, IDR), 4) == (True, False, True)
    assert facts("h264", units(IDR, REFERENCED), 4) == (False, False, True)
    assert facts("h264", units(LONELY, LONELY), 4) == (False, True, True)
    assert facts("h264", units(LONELY, REFERENCED), 4) == (False, False, True)
    assert facts("h264", units(SPS, LONELY), 4) == (False, False, True)


def hevc(kind: int, temporal: int = 0, layer: int = 0) -> bytes:
    return bytes([kind << 1 | layer >> 5, (layer & 31) << 3 | temporal + 1])


def test_hevc_trusts_not_referenced_only_without_layers() -> None:
    """A picture marked as not referenced may serve higher layers, so a layer anywhere is reported."""
    assert facts("hevc", units(hevc(19)), 4) == (True, False, True)
    assert facts("hevc", units(hevc(21)), 4) == (False, False, True)
    assert facts("hevc", units(hevc(0)), 4) == (False, True, True)
    assert facts("hevc", units(hevc(1)), 4) == (False, False, True)
    assert facts("hevc", units(hevc(0, temporal=1)), 4) == (False, True, False)
    assert facts("hevc", units(hevc(0, layer=1)), 4) == (False, True, False)
    assert facts("hevc", units(hevc(33), hevc(0)), 4) == (False, False, True)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0\x09\x65", b"\0\0\0\0", b"\0\0", units(SEI)[:5], b"\xff" * 9, bytes(units(b"\x7f\x01"))]
)
def test_malformed_packets_prove_nothing(codec: str, data: bytes) -> None:
    """Lengths that do not add up, or no slice at all: None, never an exception."""
    assert facts(codec, memoryview(data), 4) is None


def test_packets_with_start_codes_are_not_read() -> None:
    """Only configuration records that announce length prefixes count."""
    assert length_size("h264", b"\x01\x64\x00\x1f\xff\xe1\x00\x00") == 4
    assert length_size("h264", b"\0\0\0\x01\x67\x64\x00\x1f") is None
    assert length_size("h264", None) is None
    assert length_size("vp9", b"\x01" * 40) is None
