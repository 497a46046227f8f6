"""Which moments of a video to look at, and which frames show them. Pure functions.

A frame is on screen from its own timestamp until the next frame's, so the frame at moment t is the last one whose
timestamp is ≤ t. Containers round timestamps (Matroska to 1 ms), so a frame up to `SLACK_S` late still counts.
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array

SLACK_S = 0.0005  # half of Matroska's tick: 667 ms must be found at t = 2/3 s


def target_times(last_s: float, fps: float, max_frames: int) -> Array:
    """Moments to look at, in seconds from the first frame: i / fps as far as `last_s`, the last frame's time.

    If that makes more than `max_frames`, `max_frames` moments from 0 to `last_s` at equal steps instead (one
    moment: the middle). Returns float64 [n], strictly increasing, n ≥ 1.
    """
    last_s = max(last_s, 0.0)
    count = int(np.floor((last_s + SLACK_S) * fps)) + 1
    if count <= max_frames:
        return np.arange(count, dtype=np.float64) / fps
    if max_frames == 1:
        return np.array([last_s / 2])
    return np.linspace(0.0, last_s, max_frames)


def on_keyframes(targets_s: Array, keys_s: Array, length_s: float) -> Array:
    """For each moment the key frame that is on screen last before it, each once; float64, increasing.

    Only where the moments are at least a mean group of pictures apart: then few frames would be lost, and only key
    frames need decoding. Otherwise, and for one moment, the moments as they are. keys_s: when key frames are shown, in
    seconds from the first frame; length_s: of the whole video.
    """
    if keys_s.size == 0 or keys_s[0] > SLACK_S or targets_s.size < 2:
        return targets_s
    interval_s = float(targets_s[-1] - targets_s[0]) / (targets_s.size - 1)
    if interval_s < length_s / keys_s.size:
        return targets_s
    return np.unique(keys_s[np.searchsorted(keys_s, targets_s + SLACK_S, side="right") - 1])


def in_ticks(targets_s: Array, tick_s: float) -> Array:
    """The latest tick that each moment can show: int64 [n], counted from the first frame."""
    return np.floor((np.asarray(targets_s, dtype=np.float64) + SLACK_S) / tick_s).astype(np.int64)


def shown_at(ticks: Array, targets: Array) -> Array:
    """Index of the frame on screen at each target: int64 [n].

    ticks: [T] int64, strictly increasing timestamps of the frames, ticks[0] ≤ every target.
    """
    return np.searchsorted(ticks, targets, side="right") - 1
