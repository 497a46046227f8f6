"""Standardising curves that hold outliers, and how much of a peak is more than noise.

Letters: T frames.
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.statistics.smoothing import smooth

MAD_TO_SD = 1.4826  # of a normal law
FLAT = 1e-12  # a spread below this share of the values themselves is rounding, not signal


def _is_flat(spread: float, values: Array) -> bool:
    return spread <= FLAT * float(np.max(np.abs(values)))


def robust_z(values: Array) -> Array:
    """(x - median) / (1.4826 MAD): [T] → [T].

    Where more than half of the values are equal the MAD is 0 and the standard deviation takes its place; a constant
    curve gives zeros.
    """
    centred = values - np.median(values)
    spread = MAD_TO_SD * float(np.median(np.abs(centred)))
    if _is_flat(spread, values):
        spread = float(np.std(values))
        if _is_flat(spread, values):
            return np.zeros_like(centred)
    return centred / spread


def peak_share(curve: Array, timestamps_s: Array, sd_s: float) -> float:
    """How much of a smoothed curve's highest peak its own noise cannot explain, from 0 to 1.

    curve: [T]. sd_s: width of the smoothing, in seconds.
    With p the height of the peak over the median, in standard deviations of the smoothed noise, this is
    1 - 2 ln T / p², at least 0: T values of normal noise reach sqrt(2 ln T) by themselves. White noise gives about 0
    at every T, a peak of twice that height 0.75, a constant curve 0.
    The noise is read off the differences of neighbours (variance 2 sigma²) by their median absolute value, so that
    a few cuts or peaks do not count as noise; it is taken to be white. Source: docs/selection.md, "Report".
    """
    frames = len(curve)
    if frames < 3 or _is_flat(float(np.std(curve)), curve):
        return 0.0
    noise = MAD_TO_SD * float(np.median(np.abs(np.diff(curve)))) / np.sqrt(2)
    impulse = np.zeros(frames)
    impulse[frames // 2] = 1.0
    noise *= float(np.linalg.norm(smooth(impulse, timestamps_s, sd_s)))  # what smoothing leaves of white noise
    height = float(np.max(smooth(curve, timestamps_s, sd_s)) - np.median(curve))
    if height <= 0:
        return 0.0
    return float(max(0.0, 1 - 2 * np.log(frames) * (noise / height) ** 2))


def excess_kurtosis(x: Array) -> float:
    """Fourth standardised moment less 3: 0 for a normal law, below for a flat one, large where few values lie far out.

    x: [n]. 0 for a constant, and for fewer than four values.
    """
    centred = x - np.mean(x)
    variance = float(np.mean(np.square(centred)))
    # a constant's variance is rounding, not spread
    if len(x) < 4 or variance <= (1e-12 * float(np.max(np.abs(x)))) ** 2:
        return 0.0
    return float(np.mean((centred / np.sqrt(variance)) ** 4) - 3.0)
