"""Smoothing along time.

Letters: T frames, d columns.
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array

LEAST_SAMPLES = 0.2  # a narrower Gaussian leaves each frame 99.999 % of its own value: nothing to smooth
REACH_SD = 4  # the Gaussian is cut there: 6e-5 of its mass lies beyond


def frame_gap_s(timestamps_s: Array) -> float:
    """The median gap between neighbouring frames in seconds; 1.0 for a single frame, which has no neighbour."""
    return float(np.median(np.diff(timestamps_s))) if len(timestamps_s) > 1 else 1.0


def smooth(values: Array, timestamps_s: Array, sd_s: float) -> Array:
    """Gaussian smoothing along the first axis, in samples of the median gap; the edge frames are repeated.

    values: [T] or [T, d]. timestamps_s: [T]. sd_s: standard deviation in seconds.
    Returns float64 of the same shape; `values` themselves where sd_s is at most a fifth of the gap.
    """
    values = np.asarray(values, dtype=np.float64)
    samples = sd_s / frame_gap_s(timestamps_s)
    if samples <= LEAST_SAMPLES or len(values) == 1:
        return values
    from scipy.ndimage import gaussian_filter1d

    # timestamps a microsecond apart would ask for a kernel of millions of samples; T reach over the whole video
    radius = min(int(REACH_SD * samples + 0.5), len(values))
    return gaussian_filter1d(values, samples, axis=0, mode="nearest", radius=radius)
