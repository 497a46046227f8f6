"""NTLBG that nothing tilts towards the question: neither law, nor snap, nor thinning looks at relevance, nor are its
words read.

What the question buys altogether: this is the rule of coverage that `ntlbg` becomes where relevance is constant.
`ntlbg_plain_law` keeps relevance in snap and thinning. Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import NonNegativeFloat

from ntlbg.selection.ablations.plain_law import PlainLaw
from ntlbg.selection.tilted import Law


@dataclass(frozen=True)
class NoTilt(PlainLaw):
    """Blind to the question."""

    name: ClassVar[str] = "ntlbg_no_tilt"
    source: ClassVar[str] = "docs/selection.md, Ablations"
    uses_relevance: ClassVar[bool] = False

    snap: NonNegativeFloat = 0.0  # the frame nearest to the centre of its cell
    relevance_weight: NonNegativeFloat = 0.0  # conditional variance alone
    wording: bool = False  # words are of the question too

    def trade_off(self, law: Law) -> tuple[float, float, float]:
        """The same for every question: how sharp a curve is counts nothing here."""
        return self.relevance_weight, self.time_share, self.time_width_s
