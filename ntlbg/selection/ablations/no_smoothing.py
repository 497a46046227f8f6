"""NTLBG on raw inputs: neither features nor relevance are smoothed along time.

What denoising buys. Principal directions that came with the feature file were found on smoothed features and are used
as they are; coordinates and likeness are of the raw ones. Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import NonNegativeFloat

from ntlbg.selection.ntlbg import NTLBG


@dataclass(frozen=True)
class NoSmoothing(NTLBG):
    """Each frame is believed as the encoder saw it."""

    name: ClassVar[str] = "ntlbg_no_smoothing"
    source: ClassVar[str] = "docs/selection.md, Ablations"

    smoothing_s: NonNegativeFloat = 0.0  # a width of 0 is no smoothing
