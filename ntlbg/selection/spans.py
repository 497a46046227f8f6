"""One frame for each of k equal spans of time, chosen together: they represent all frames with little squared error.

Uniform sampling takes whatever is on screen at the centre of a span: a cut, a blink, or the third frame of one scene
while the next one is missed. Here the frames of the spans divide what is to be seen among them, in the space in which
`ntlbg` represents its law: k-medoids of the law without a question, one from each span, by a search that ends where no
single change of one frame lowers the error. Source: docs/selection.md, "Words of the question".
Letters: T frames, P anchors, r + 1 directions.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.selection.baselines.uniform import bin_centres
from ntlbg.statistics.threads import one_thread

ANCHORS = 600  # frames at least, or 2 k, that stand for all others in the error: fewer than twice as many, in any video
SWEEPS = 10  # over the spans; it mostly ends before the sixth
GAIN = 1e-9  # share of the error by which another frame must be better: rounding moves nothing


@one_thread()
def span_points(points: Array, timestamps_s: Array, k: int) -> Array:
    """[k] increasing indices, k ≤ T. points: [T, r + 1]. Ties go to the centre of the span, then to the earlier frame.

    A span is the frames nearest in time to one frame of the uniform grid, so that none is empty however irregular the
    times are. From that grid on, each span in turn takes its best frame, given those of the others, until none moves.
    """
    chosen: Array = bin_centres(timestamps_s, k).copy()
    between = (timestamps_s[chosen][1:] + timestamps_s[chosen][:-1]) / 2
    spans = np.searchsorted(between, timestamps_s, side="left")
    starts = np.searchsorted(spans, np.arange(k + 1))
    distance2 = _distance2(points, points[:: max(1, len(points) // max(ANCHORS, 2 * k))])  # [T, P]
    nearest = distance2[chosen]
    none = np.full(distance2.shape[1], np.inf)
    for _ in range(SWEEPS):
        before = chosen.copy()
        # least distance to the frames of this span and of all later ones; the row after the last is infinite
        later = np.minimum.accumulate(np.vstack([nearest, none])[::-1])[::-1]
        earlier = none
        for span, (start, stop) in enumerate(pairwise(starts)):
            others = np.minimum(earlier, later[span + 1])
            errors = np.minimum(distance2[start:stop], others).sum(axis=1)
            best = int(errors.argmin())
            if errors[best] < errors[chosen[span] - start] * (1 - GAIN):
                chosen[span] = start + best
                nearest[span] = distance2[chosen[span]]
            earlier = np.minimum(earlier, nearest[span])
        if np.array_equal(chosen, before):
            break
    return chosen


def _distance2(a: Array, b: Array) -> Array:
    """Squared distances [n, m] of rows [n, r] and [m, r]."""
    return np.maximum(np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * (a @ b.T), 0.0)
