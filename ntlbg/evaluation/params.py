"""`evaluation` in a tier of params.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from ntlbg.section import Section

UNTRAINED, FULL = "untrained", "full"
MODELS = (UNTRAINED, "select", "joint", FULL)  # each is trained on from the one before


class Presented(Section):
    """Picks as a trained model reads them: one more arm for each of the selectors."""

    presentation: Literal["rich", "hybrid", "frames"]  # frames: the language model as trained, on full frames
    model: Literal["untrained", "select", "joint", "full"] = "full"  # after which stage of training
    k: PositiveInt  # picks that are shown, the whole frames of `hybrid` included
    full_frames: NonNegativeInt = 0  # `hybrid` only: so many picks, the heaviest, keep all their visual tokens
    selectors: Annotated[list[str], Field(min_length=1)]  # whose picks

    @model_validator(mode="after")
    def _sound(self) -> Presented:
        if self.presentation == "hybrid" and not 0 < self.full_frames < self.k:
            raise ValueError(
                f"`hybrid` shows some of its {self.k} picks as full frames and the others as points: "
                f"`full_frames` must be from 1 to {self.k - 1}"
                if self.k > 1
                else "`hybrid` needs a `k` of 2 or more"
            )
        if (self.presentation, self.model) == ("frames", UNTRAINED):
            raise ValueError("`frames` without training is what `selection` compares already")
        if self.presentation != "hybrid" and self.full_frames:
            raise ValueError(f"`full_frames` belongs to `hybrid`, not to `{self.presentation}`")
        twice = sorted({name for name in self.selectors if self.selectors.count(name) > 1})
        if twice:
            raise ValueError(f"selector `{twice[0]}` is listed twice")
        return self

    @property
    def name(self) -> str:
        """As the arms are called: `rich`, `rich:select`, `hybrid`."""
        return presentation_name(self.presentation, self.model)


class EvaluationParams(Section):
    """How the language model is asked, and how its answers are counted. The same for every arm."""

    scoring: Literal["likelihood", "generate"] = "likelihood"
    protocol: Literal["open", "official"] = "open"  # open: the question alone, option texts are scored
    size: tuple[PositiveInt, PositiveInt] = (32, 48)  # [height, width] of the frames the answerer reads
    batch: PositiveInt = 16  # requests of one video and arm answered together
    timestamps: bool = False  # writes "<12.3s>" before each frame
    presentation: Literal["frames"] = "frames"
    presentations: list[Presented] = Field(default_factory=list)  # arms of trained models, besides
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
        arms = [(one.name, one.k, selector) for one in self.presentations for selector in one.selectors]
        twice = next((arm for arm in arms if arms.count(arm) > 1), None)
        if twice:
            raise ValueError(f"`presentations` asks twice for `{twice[0]}` with k = {twice[1]} on `{twice[2]}`")
        whole: dict[tuple[str, int], int] = {}
        for one in self.presentations:
            if whole.setdefault((one.name, one.k), one.full_frames) != one.full_frames:
                raise ValueError(
                    f"`presentations` asks for `{one.name}` with k = {one.k} twice, with different `full_frames`: "
                    "they would be compared as if they cost the same"
                )
        return self


def presentation_name(presentation: str, model: str) -> str:
    """`rich`, `rich:select`; what the language model reads without training is `frames`."""
    return presentation if model == FULL and presentation != "frames" else f"{presentation}:{model}"


def of_name(name: str) -> tuple[str, str]:
    """(presentation, model) of an arm's presentation; `("frames", "")` where nothing was trained."""
    presentation, _, model = name.partition(":")
    return presentation, model or ("" if presentation == "frames" else FULL)
