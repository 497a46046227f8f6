"""`modeling` in a tier of params.yaml: how many representatives stand for a video."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt

from ntlbg.section import Section


class ModelingParams(Section):
    """A video of T candidate frames is given `representatives_of(T)` rich points."""

    representatives: PositiveInt  # at most, for a video of `video.max_frames` frames
    coverage_ratio: Annotated[float, Field(gt=0, le=1)]  # representatives per candidate frame
    coverage_align: PositiveInt  # the number is a multiple of this: full tiles on a GPU
    coverage_minimum: PositiveInt  # short videos get at least so many

    def representatives_of(self, frames: int) -> int:
        """Representatives for `frames` candidate frames; never more than there are frames."""
        # rounded first: 0.07 * 100 is 7.000000000000001 in floating point
        wanted = int(round(frames * self.coverage_ratio, 6)) // self.coverage_align * self.coverage_align
        return min(max(wanted, self.coverage_minimum), self.representatives, frames)
