"""How much memory `ntlbg` takes: it grows as T (r + k) does, never as T².

Traced by tracemalloc, to which numpy reports its arrays: bytes that were asked for, the same on every machine.
Letters: T frames, r coordinates of the law's space, k chosen.
"""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from ntlbg.selection.ntlbg import NTLBG

SHORT, LONG = 1200, 4800  # both have all 600 anchors of the contrast, so that only T differs


def peak(video, query, k):
    """Bytes of one choice at its peak, beyond what was there, and the law's r + 1 coordinates."""
    rule = NTLBG()
    gc.collect()
    tracemalloc.start()
    try:
        rule.select(video, query, k)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return taken, rule.law(video, query).space.points.shape[1]


@pytest.fixture(scope="module")
def imported(made_up):
    """What is loaded on first use is not the choice's."""
    NTLBG().select(*made_up(60), 3)


@pytest.mark.parametrize("k", [8, 64])
@pytest.mark.usefixtures("imported")
def test_memory_grows_as_the_frames_do(made_up, k):
    """Four times the frames take four times the memory at most, both for the first question of a video, whose space is
    prepared then, and for a further one; a further one of a long video needs at most twice T (r + 1 + k) numbers.
    """
    first, further = {}, {}
    for frames in (SHORT, LONG):
        video, query = made_up(frames)
        first[frames], coordinates = peak(video, query, k)
        further[frames], _ = peak(video, query, k)
    for found in (first, further):
        assert found[LONG] <= 1.1 * LONG / SHORT * found[SHORT]
    assert further[LONG] <= 2 * 8 * LONG * (coordinates + k)


@pytest.mark.usefixtures("imported")
def test_no_square_of_the_frames_is_held(made_up):
    """Not even for a single byte per pair of frames is there room in what a further question takes."""
    video, query = made_up(LONG)
    peak(video, query, 32)
    assert peak(video, query, 32)[0] < LONG**2 / 3


@pytest.mark.usefixtures("imported")
def test_memory_grows_with_k_as_frames_times_k(made_up):
    """From 8 picks to 64: no more than T times 56 numbers, and as many for their distances."""
    video, query = made_up(LONG)
    peak(video, query, 8)
    few, many = (peak(video, query, k)[0] for k in (8, 64))
    assert many - few <= 2 * 8 * LONG * 56
