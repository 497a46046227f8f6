"""Which side binds."""

from __future__ import annotations

from benchmarks.decoders.binding import Rates


def test_the_slower_side_binds() -> None:
    """Decoding grows with the cores; the sentence says how many are enough."""
    assert "decoding binds; 10 cores" in Rates(50.0, 500.0, 2).sentence
    assert "encoding binds; 1 of the cores" in Rates(50.0, 40.0, 2).sentence
