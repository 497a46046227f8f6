"""One frame for each of k equal spans of time: the one that looks most like its span.

Uniform sampling takes whatever is on screen at the centre of a span: a cut, a blink, a black frame. The frame nearest
the span's mean shows what most of it looks like. Source: docs/selection.md, "Words of the question".
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.selection.baselines.uniform import bin_centres
from ntlbg.statistics.threads import one_thread


@one_thread()
def span_medoids(features: Array, timestamps_s: Array, k: int) -> Array:
    """[k] increasing indices, k ≤ T. features: [T, d], unit rows. Ties go to the earlier frame.

    A span is the frames nearest in time to one frame of the uniform grid, so that none is empty however irregular the
    times are.
    """
    times = timestamps_s[bin_centres(timestamps_s, k)]
    spans = np.searchsorted((times[1:] + times[:-1]) / 2, timestamps_s, side="left")
    sums = np.zeros((k, features.shape[1]))
    np.add.at(sums, spans, features)
    likeness = np.einsum("ij,ij->i", features, sums[spans])
    order = np.lexsort((-likeness, spans))  # stable: ties stay with the earlier frame
    sizes = np.bincount(spans, minlength=k)
    first: Array = order[np.cumsum(sizes) - sizes]
    return first
