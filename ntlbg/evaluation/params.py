"""`evaluation` in a tier of params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt, model_validator

from ntlbg.section import Section


class EvaluationParams(Section):
    """How the language model is asked, and how its answers are counted. The same for every arm."""

    scoring: Literal["likelihood", "generate"] = "likelihood"
    protocol: Literal["open", "official"] = "open"  # open: the question alone, option texts are scored
    size: tuple[PositiveInt, PositiveInt] = (32, 48)  # [height, width] of the frames the answerer reads
    batch: PositiveInt = 16  # requests of one video and arm answered together
    timestamps: bool = False  # writes "<12.3s>" before each frame
    presentation: Literal["frames"] = "frames"
    max_new_tokens: PositiveInt = 16  # scoring `generate` only
    bootstrap: PositiveInt = 2000  # resamples of the videos, for intervals
    permutations: PositiveInt = 10000  # sign flips; all of them when there are no more than this
    device: str = "cpu"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"

    @model_validator(mode="after")
    def _readable(self) -> EvaluationParams:
        if self.scoring == "generate" and self.protocol == "open":
            # an open prompt does not show the options, so no letter can be read from the reply
            raise ValueError("scoring `generate` needs protocol `official`: the open prompt shows no options")
        return self
