"""NTLBG on the plain law: every frame weighs 1/T while representing; relevance still snaps and thins.

What the tilted law buys apart from the relevance in the later steps. The representative points are then the same for
every question; masses, distortion and explained share are under the plain law. `trust` is not said: it is about the
law that follows the curve. `ntlbg_no_tilt` takes the later steps away too. Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ntlbg.records.arrays import Array
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.tilted import Betas, Law


@dataclass(frozen=True)
class PlainLaw(NTLBG):
    """One law for all questions."""

    name: ClassVar[str] = "ntlbg_plain_law"
    source: ClassVar[str] = "docs/selection.md, Ablations"

    betas: Betas = (0.0,)  # at inverse temperature 0 every frame weighs the same

    def report(self, video: VideoIndex, law: Law, chosen: Array) -> Selection:
        """As `ntlbg`, without `trust`."""
        return replace(super().report(video, law, chosen), trust=None)
