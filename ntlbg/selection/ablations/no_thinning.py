"""NTLBG without thinning: k representative points, each snapped to the most relevant frame of its cell.

What choosing after representing buys: points of least squared error are spent on screen time.
Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import PositiveFloat, PositiveInt

from ntlbg.selection.ntlbg import NTLBG


@dataclass(frozen=True)
class NoThinning(NTLBG):
    """As many representatives as frames may be read, so that none is left out."""

    name: ClassVar[str] = "ntlbg_no_thinning"
    source: ClassVar[str] = "docs/selection.md, Ablations"

    representatives: PositiveInt = 1  # with the next two: M = k
    representatives_per_pick: PositiveInt = 1
    representatives_share: PositiveFloat = 1.0
    steps: PositiveInt = 3  # few points, all of which are read: within 2 % of the error after 30
