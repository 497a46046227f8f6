"""NTLBG's thinning over all frames: nothing is represented first.

What the representatives cost or buy in quality; they also bound the work of the thinning.
Source: docs/selection.md, "Ablations".
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
class AllFrames(Pooled):
    """Relevance and conditional variance on the whole video; memory O(T·k)."""

    name: ClassVar[str] = "ntlbg_all_frames"
    source: ClassVar[str] = "docs/selection.md, Ablations"

    def pool(self, video: VideoIndex, law: Law, k: int) -> Array:
        """Every frame."""
        return np.arange(len(video))
