"""The wavelet band that holds a signal's slowest changes: Daubechies' wavelet with four vanishing moments ("db4").

One level splits a signal into a half-rate trend (low pass) and half-rate detail (high pass); the next level splits the
trend. Beyond its ends the signal is mirrored, its end values repeated ("symmetric").
Letters: T samples. Source: Mallat 1989; Daubechies 1988; the same numbers as PyWavelets.
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array

# Reconstruction low pass: the orthogonal filter of eight taps whose high pass is blind to cubic polynomials.
LOW = np.array(
    [
        0.23037781330889653,
        0.7148465705529157,
        0.6308807679298589,
        -0.027983769416859854,
        -0.18703481171909309,
        0.030841381835560764,
        0.032883011666885196,
        -0.010597401785069032,
    ]
)
HIGH = LOW[::-1] * np.resize([1.0, -1.0], len(LOW))  # its mirror: every second sign turned


def coarsest_detail(signal: Array, levels: int) -> Array:
    """The part of a signal that its detail coefficients at the last of `levels` levels describe: [T] → [T] float64.

    signal: [T], T ≥ 1. levels: ≥ 1; the band holds changes over some 2^levels samples. O(T).
    """
    trend = np.asarray(signal, dtype=np.float64)
    lengths = [len(trend)]
    for _ in range(levels - 1):
        trend = halved(trend, LOW)
        lengths.append(len(trend))
    band, taps = halved(trend, HIGH), HIGH
    for length in reversed(lengths):
        band, taps = doubled(band, taps)[:length], LOW  # an odd length comes back with one sample too many
    return band


def halved(signal: Array, taps: Array) -> Array:
    """Filter and keep every second sample: [n] → [(n + 7) // 2]. taps: of the reconstruction, [8]."""
    mirrored = np.pad(signal, len(taps) - 1, mode="symmetric")
    return np.convolve(mirrored, taps[::-1], mode="valid")[1::2]


def doubled(coefficients: Array, taps: Array) -> Array:
    """Insert zeros and filter: [m] → [2 m - 6], the signal that has these coefficients and no others."""
    spread = np.zeros(2 * len(coefficients) - 1)
    spread[::2] = coefficients
    full = np.convolve(spread, taps)
    skipped = len(taps) - 2
    return full[skipped : skipped + 2 * len(coefficients) - skipped]
