"""NTLBG's thinning over M uniform frames instead of M representatives.

What representing the law buys over sampling the video more densely than k. Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.ablations.pool import Pooled
from ntlbg.selection.tilted import Law


@dataclass(frozen=True)
class UniformPool(Pooled):
    """The pool is the same for every question."""

    name: ClassVar[str] = "ntlbg_uniform_pool"
    source: ClassVar[str] = "docs/selection.md, Ablations"

    def pool(self, video: VideoIndex, law: Law, k: int) -> Array:
        """The frames at the centres of M equal runs of frames; a centre between two frames takes the earlier."""
        frames = len(video)
        m = self.pool_size(frames, k)
        # the last frame before the centre (2i + 1) T / 2M, in whole numbers: no choice hangs on rounding
        return -(-(2 * np.arange(m) + 1) * frames // (2 * m)) - 1
