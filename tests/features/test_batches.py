"""How many frames go through an encoder at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ntlbg.errors import NTLBGError
from ntlbg.features import batches
from ntlbg.features.batches import MOST, encoded, frames_that_fit, free_memory
from ntlbg.records.arrays import Array
from tests.features.conftest import Colours, noise

REAL: list[Any] = [
    torch.OutOfMemoryError("CUDA out of memory"),
    MemoryError(),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
]


class Small(Colours):
    """Holds three frames."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.asked: list[int] = []

    def encode_frames(self, frames: Array) -> tuple[Array, Array]:
        self.asked.append(len(frames))
        if len(frames) > 3:
            raise self.error
        return super().encode_frames(frames)


@pytest.mark.parametrize("error", REAL, ids=lambda e: type(e).__name__)
def test_auto_halves_until_it_fits(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every frame is encoded once and in order, and what did not fit is not tried again."""
    monkeypatch.setattr(batches, "MOST", 8)
    frames, encoder = noise(7, 8, 8), Small(error)
    parts = list(encoded(frames, encoder, "auto"))
    assert encoder.asked == [7, 4, 2, 2, 2, 1]
    np.testing.assert_array_equal(np.concatenate([p[1][0] for p in parts]), Colours().encode_frames(frames)[0])
    assert [count for count, _ in parts] == [2, 2, 2, 1]


def test_a_number_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not fit is said in a sentence, as is one frame under `auto`; other errors stay what they are."""
    with pytest.raises(NTLBGError, match="4 frames at once do not fit"):
        list(encoded(noise(7, 8, 8), Small(REAL[0]), 4))
    monkeypatch.setattr(Small, "encode_frames", lambda self, frames: (_ for _ in ()).throw(self.error))
    with pytest.raises(NTLBGError, match="1 frames at once do not fit"):
        list(encoded(noise(7, 8, 8), Small(REAL[0]), "auto"))
    with pytest.raises(RuntimeError, match="another"):
        list(encoded(noise(7, 8, 8), Small(RuntimeError("another")), "auto"))


@pytest.mark.parametrize(("free", "count"), [(0, 1), (10**6, 4), (10**8, MOST), (10**12, MOST)])
def test_more_memory_holds_more_frames(free: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power of two, from one to the most that helps."""
    monkeypatch.setattr(batches, "free_memory", lambda device: free)
    assert frames_that_fit(noise(2, 10, 10), Colours()) == count


def test_free_memory_is_the_machines() -> None:
    """More than nothing, less than a petabyte."""
    assert 0 < free_memory("cpu") < 10**15
