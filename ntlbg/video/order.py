"""Display times that contradict the order of coding: a container's timestamp was damaged, not the picture.

Pictures that come before a key frame in the file are shown before it; VP9, AV1 and MJPEG do not reorder at all. Of
times that contradict each other the fewest are taken for wrong.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from ntlbg.records.arrays import Array

IN_ORDER = frozenset({"vp9", "libvpx-vp9", "av1", "libdav1d", "mjpeg"})  # coded as they are shown


def misplaced(pts: Array, keys: Array, codec: str) -> Array:
    """Which packets carry times that cannot be: bool [n]. pts: [n] in coding order. keys: bool [n], key frames."""
    wrong = np.zeros(pts.size, dtype=bool)
    if codec in IN_ORDER:
        wrong[:] = ~_rising(pts)
        return wrong
    starts = np.flatnonzero(keys)
    starts, liars = starts[_rising(pts[starts])], starts[~_rising(pts[starts])]
    wrong[liars] = True
    # each group's packets lie between the key frame before its own and the next one
    group = np.searchsorted(starts, np.arange(pts.size), "right") - 1
    bounds = np.concatenate([[np.iinfo(np.int64).min] * 2, pts[starts], [np.iinfo(np.int64).max]])
    wrong |= (pts <= bounds[group + 1]) | (pts >= bounds[group + 3])
    return wrong


def _rising(values: Array) -> Array:
    """Which values belong to a longest strictly increasing subsequence: bool [n]."""
    if values.size < 2 or np.all(np.diff(values) > 0):
        return np.ones(values.size, dtype=bool)
    tails: list[int] = []  # the smallest last value of a subsequence of each length
    ends: list[int] = []  # and its place
    before = np.full(values.size, -1, dtype=np.int64)
    for place, value in enumerate(values.tolist()):
        length = bisect_left(tails, value)
        before[place] = ends[length - 1] if length else -1
        tails[length : length + 1] = [value]
        ends[length : length + 1] = [place]
    kept = np.zeros(values.size, dtype=bool)
    place = ends[-1]
    while place >= 0:
        kept[place] = True
        place = int(before[place])
    return kept
