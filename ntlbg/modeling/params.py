"""`modeling` in a tier of params.yaml: how many representatives stand for a video, and the sizes of what is trained."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt

from ntlbg.section import Section


class ModelingParams(Section):
    """A video of T candidate frames is given `representatives_of(T)` rich points."""

    representatives: PositiveInt  # at most, for a video of `video.max_frames` frames; no more points are shown
    coverage_ratio: Annotated[float, Field(gt=0, le=1)]  # representatives per candidate frame
    coverage_align: PositiveInt  # the number is a multiple of this: full tiles on a GPU
    coverage_minimum: PositiveInt  # short videos get at least so many
    rank: PositiveInt = 8  # columns of the factor of Sigma
    hidden: PositiveInt = 64  # width between the question and the law, and of the points' correction
    context: PositiveInt = 32  # width of what is known of a point's neighbourhood
    temporal: Annotated[int, Field(gt=0, multiple_of=4)] = 16  # sines and cosines that tell when a point is
    window: PositiveInt = 5  # neighbours on either side that make the context
    tokens_per_point: PositiveInt = 1  # of the language model
    pool: Annotated[float, Field(ge=1)] = 1.0  # the rule proposes so many picks per point; 1 leaves no learned choice

    def representatives_of(self, frames: int) -> int:
        """Representatives for `frames` candidate frames; never more than there are frames."""
        # rounded first: 0.07 * 100 is 7.000000000000001 in floating point
        wanted = int(round(frames * self.coverage_ratio, 6)) // self.coverage_align * self.coverage_align
        return min(max(wanted, self.coverage_minimum), self.representatives, frames)

    def proposals(self, points: int, frames: int) -> int:
        """Picks that a rule proposes for `points`: as many as there are representatives at most, times `pool`."""
        kept = min(points, self.representatives_of(frames))
        return max(kept, round(kept * self.pool))
