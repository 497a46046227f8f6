"""The first design of `ntlbg`: a quota of the most relevant frames, and representative points for the rest.

A quarter of the budget goes to the frames of highest relevance, none within two seconds of another. The rest are
NT-LBG points of the tilted law, started from a number-theoretic net pushed through the *normal* law of the same
moments, each snapped to the frame nearest to it. Frames of a video are a clustered path and no normal cloud, and
points of least squared error are spent on screen time: it stays to show what both mistakes cost.
Letters: T frames, r coordinates, k chosen. Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveInt
from scipy.special import ndtri

from ntlbg.records.arrays import Array
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.baselines.topk_nms import nms_picks
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.tilted import Law
from ntlbg.statistics import laws
from ntlbg.statistics.cube import cube_net
from ntlbg.statistics.points import lbg
from ntlbg.statistics.threads import one_thread


@dataclass(frozen=True)
class Quota(NTLBG):
    """Words, law and report are those of `ntlbg`; the fields of representatives, snap and thinning have no use here."""

    name: ClassVar[str] = "ntlbg_quota"
    source: ClassVar[str] = "docs/selection.md, Ablations"

    steps: PositiveInt = 3  # few points, all of which are read
    quota: Annotated[float, Field(ge=0, le=1)] = 0.25  # of the budget, rounded up: goes to relevance alone
    window_s: NonNegativeFloat = 2.0  # two picks of the quota nearer than this show the same moment
    directions: PositiveInt = 8  # of the normal law; a net of k points fills no more

    def chosen(self, video: VideoIndex, law: Law, k: int) -> Array:
        """Where a point finds every frame of its cell taken, the next frame of the quota's order fills up."""
        ranked = nms_picks(law.z, video.timestamps_s, self.window_s, k)
        taken = dict.fromkeys(ranked[: ceil(self.quota * k)].tolist())
        m = k - len(taken)
        if m > 0:
            start = normal_net(law.space.points, law.weights, m, self.directions)
            cells = lbg(law.space.points, law.weights, start, self.steps)
            order = np.lexsort((cells.distance2, cells.cells))  # stable: ties stay with the earlier frame
            for members in np.split(order, np.cumsum(np.bincount(cells.cells))[:-1]):
                free = [frame for frame in members.tolist() if frame not in taken]
                taken.update(dict.fromkeys(free[:1]))
        taken.update(dict.fromkeys(ranked[~np.isin(ranked, list(taken))][: k - len(taken)].tolist()))
        return np.array(list(taken), dtype=np.int64)


@one_thread()
def normal_net(points: Array, weights: Array, n: int, directions: int) -> Array:
    """n points of the normal law with the moments of a weighted point set: [n, r].

    points: [T, r]. weights: [T], a law. directions: along how many of the leading ones the points spread at most; along
    the others they stay at the mean. Signs: the largest entry of each direction is positive.
    """
    mean = laws.mean(points, weights)
    centred = points - mean
    values, vectors = np.linalg.eigh((centred * weights[:, None]).T @ centred)
    values, vectors = values[::-1][:directions], vectors[:, ::-1][:, :directions].T
    vectors = vectors * np.sign(vectors[np.arange(len(vectors)), np.argmax(np.abs(vectors), axis=1)])[:, None]
    return mean + (ndtri(cube_net("lattice", n, len(vectors))) * np.sqrt(np.maximum(values, 0.0))) @ vectors
