"""`reporting` in a tier of params.yaml."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, PositiveInt

from ntlbg.section import Section


class ReportingParams(Section):
    """What the comparison shows, and how finely it tests."""

    title: str = "NTLBG and uniform sampling, compared"
    examples: NonNegativeInt = 10  # questions shown with pictures, drawn by the seed and not by the result
    thumbnail_width: PositiveInt = Field(default=160, le=640)  # pixels
    bootstrap: PositiveInt = 2000  # resamples of the videos, for intervals
    permutations: PositiveInt = 10000  # sign flips; all of them when there are no more than this
