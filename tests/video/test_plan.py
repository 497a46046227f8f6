"""Which moments, and which frames show them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ntlbg.video.plan import SLACK_S, in_ticks, on_keyframes, shown_at, target_times

lengths = st.floats(0, 20_000, allow_nan=False)
rates = st.floats(0.05, 30, allow_nan=False)
caps = st.integers(1, 300)


@given(lengths, rates, caps)
def test_targets_rise_stay_inside_and_obey_the_cap(last_s: float, fps: float, cap: int) -> None:
    """1 to `cap` moments, strictly increasing, none after the last frame's time."""
    targets = target_times(last_s, fps, cap)
    assert 1 <= targets.size <= cap
    assert np.all(np.diff(targets) > 0)
    assert targets[0] >= 0
    assert targets[-1] <= last_s + 2 * SLACK_S


@given(lengths, rates, caps)
def test_targets_reach_the_end(last_s: float, fps: float, cap: int) -> None:
    """Capped or not, the whole video is covered: no first part only, and steps are equal."""
    targets = target_times(last_s, fps, cap)
    if cap == 1 and int((last_s + SLACK_S) * fps) >= 1:
        assert targets.tolist() == [last_s / 2]
        return
    assert last_s - targets[-1] <= 1 / fps
    if targets.size > 2:
        steps = np.diff(targets)
        assert np.allclose(steps, steps[0], rtol=1e-6, atol=1e-9)


@given(lengths, rates)
def test_without_a_cap_the_grid_is_i_over_fps(last_s: float, fps: float) -> None:
    """The i-th moment is exactly i / fps, so two videos of one rate share a grid."""
    targets = target_times(last_s, fps, 10**7)
    assert targets.tolist() == (np.arange(targets.size) / fps).tolist()


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.data())
def test_the_frame_shown_is_the_last_that_began(gaps: list[int], data: st.DataObject) -> None:
    """Compared with the definition, one by one."""
    ticks = np.cumsum([0, *gaps])
    targets = np.array(sorted(data.draw(st.lists(st.integers(0, int(ticks[-1]) + 99), min_size=1))))
    naive = [max(i for i, t in enumerate(ticks) if t <= target) for target in targets]
    assert shown_at(ticks, targets).tolist() == naive


@given(st.integers(1, 10_000), st.integers(1, 60))
def test_rounded_clocks_lose_no_frame(i: int, fps: int) -> None:
    """Matroska's millisecond rounding does not hide the frame that starts at the very target time."""
    assert in_ticks(np.array([i / fps]), 0.001)[0] >= round(i / fps * 1000)


@given(st.integers(1, 10_000), st.floats(0, 0.98))
def test_coarse_clocks_take_no_later_frame(i: int, part: float) -> None:
    """With one tick per frame (AVI), a moment inside frame i shows frame i, never the next."""
    assert in_ticks(np.array([(i + part) / 12]), 1 / 12)[0] == i


@given(st.lists(st.floats(0.1, 20), min_size=1, max_size=40), rates, caps)
def test_key_frames_stand_for_moments_that_lie_far_enough_apart(gaps: list[float], fps: float, cap: int) -> None:
    """The last key frame at or before each moment; where moments are closer than groups, the moments themselves."""
    keys = np.cumsum([0.0, *gaps])
    length = float(keys[-1]) + 5.0
    targets = target_times(length, fps, cap)
    got = on_keyframes(targets, keys, length)
    assert np.all(np.diff(got) > 0)
    if targets.size > 1 and (targets[-1] - targets[0]) / (targets.size - 1) >= length / keys.size:
        assert got.tolist() == sorted({max(k for k in keys if k <= t + SLACK_S) for t in targets})
    else:
        assert got is targets


def test_without_proven_key_frames_moments_stay() -> None:
    """None at all, or none at the start of the video."""
    targets = np.array([0.0, 9.0])
    assert on_keyframes(targets, np.zeros(0), 10.0) is targets
    assert on_keyframes(targets, np.array([1.0, 2.0, 3.0]), 10.0) is targets
