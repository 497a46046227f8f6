"""How evenly chosen moments lie in time.

Letters: k chosen moments. Source: the statistic of Kolmogorov 1933 and Smirnov 1948.
"""

from __future__ import annotations

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array


def temporal_uniformity(timestamps_s: Array, start_s: float, end_s: float, masses: Array | None = None) -> float:
    """1 - KS, from 0 to 1: KS is the largest gap between the distribution functions of the moments and of uniform time.

    timestamps_s: [k] in any order, k ≥ 1, all in [start_s, end_s], which is the time on screen. masses: [k], a law on
    the moments; None weighs them alike. The centres of k equal spans have 1 - 1 / 2k, and no k moments of equal mass
    have more; moments all at one end have 0.
    Raises InputError where there is no moment, no time, or a moment outside.
    """
    if not len(timestamps_s):
        raise InputError("no moments have no uniformity")
    if not end_s > start_s:
        raise InputError(f"no time passes from {start_s} s to {end_s} s")
    order = np.argsort(timestamps_s, kind="stable")
    share = (np.asarray(timestamps_s, dtype=np.float64)[order] - start_s) / (end_s - start_s)
    if not (share[0] >= 0 and share[-1] <= 1):
        raise InputError(f"a moment lies outside the time from {start_s} s to {end_s} s")
    k = len(share)
    after = np.arange(1, k + 1) / k if masses is None else np.cumsum(masses[order])
    before = np.concatenate([[0.0], after[:-1]])
    return float(1 - max(np.max(after - share), np.max(share - before), 0.0))
