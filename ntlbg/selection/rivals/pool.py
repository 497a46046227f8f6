"""The candidates that a rule with a published cap looks at.

A cap bounds the cost of a rule, and costs it moments: the audits find a denser pool worth more than a better rule.
Source: docs/selection.md, "Rivals".
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.selection.baselines.uniform import bin_centres


def pool_frames(timestamps_s: Array, pool: int, k: int) -> Array:
    """At most `pool` frames, spread uniformly in time: increasing indices.

    timestamps_s: [T]. pool: 0 for all frames. A budget above the cap widens it to k: fewer could not fill it.
    """
    frames = len(timestamps_s)
    if pool == 0 or frames <= pool:
        return np.arange(frames)
    return bin_centres(timestamps_s, min(frames, max(pool, k)))
