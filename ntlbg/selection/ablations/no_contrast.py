"""NTLBG without contrast: what look-alike frames earn elsewhere is not taken off a frame's relevance.

What the contrast buys: a background that scores everywhere is then evidence everywhere.
Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import NonNegativeFloat

from ntlbg.selection.ntlbg import NTLBG


@dataclass(frozen=True)
class NoContrast(NTLBG):
    """Relevance is denoised, and then believed as it is."""

    name: ClassVar[str] = "ntlbg_no_contrast"
    source: ClassVar[str] = "docs/selection.md, Ablations"

    contrast: NonNegativeFloat = 0.0  # no share of the look-alikes' relevance is taken off
