"""params.yaml: a seed, the active tier, and the tiers, each a complete configuration.

Every section belongs to the room of its name and is defined there.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from ntlbg.backbone.params import BackboneParams
from ntlbg.config.machine import MachineParams
from ntlbg.corpus.params import CorpusParams
from ntlbg.evaluation.params import UNTRAINED, EvaluationParams
from ntlbg.features.params import FeaturesParams
from ntlbg.modeling.params import ModelingParams
from ntlbg.reporting.params import ReportingParams
from ntlbg.section import Section
from ntlbg.selection.params import SelectionParams
from ntlbg.training.params import STAGES, TrainingParams
from ntlbg.video.params import VideoParams


class Tier(Section):
    """One complete configuration."""

    corpus: CorpusParams
    video: VideoParams
    backbone: BackboneParams
    features: FeaturesParams
    selection: SelectionParams
    evaluation: EvaluationParams
    reporting: ReportingParams
    modeling: ModelingParams
    training: TrainingParams
    machine: MachineParams

    @model_validator(mode="after")
    def _what_is_asked_is_trained(self) -> Tier:
        """Found now, and not after days of training."""
        steps = any(self.training.steps_of(stage) for stage in STAGES)
        rendered = self.corpus.rendered is not None and self.corpus.rendered.train > 0
        videos = rendered or any(own.split == "train" for own in self.corpus.own)
        for place, one in enumerate(self.evaluation.presentations):
            at = f"`evaluation.presentations[{place}]`"
            strange = [name for name in one.selectors if name not in self.selection.selectors]
            if strange:
                raise ValueError(f"{at} names `{strange[0]}`, which is not among `selection.selectors`")
            if one.model == UNTRAINED:
                continue
            if not steps:
                raise ValueError(f"{at} asks for model `{one.model}`, but `training` takes no steps")
            if not videos:
                raise ValueError(f"{at} asks for model `{one.model}`, but `corpus` has no videos to train on")
            untrained = [name for name in one.selectors if name not in self.training.selectors]
            if untrained:
                raise ValueError(f"{at} names `{untrained[0]}`, which is not among `training.selectors`")
            if self.training.size != self.evaluation.size:
                raise ValueError("`training.size` is not `evaluation.size`: trained models would see other frames")
            if self.training.timestamps != self.evaluation.timestamps:
                raise ValueError(
                    "`training.timestamps` is not `evaluation.timestamps`: trained models know other times"
                )
        return self


class Params(Section):
    """The whole file."""

    tier: str  # the active one
    seed: Annotated[int, Field(ge=0, lt=2**32)]  # of every generator; numpy takes 32 bits
    tiers: Annotated[dict[str, Tier], Field(min_length=1)]

    @model_validator(mode="after")
    def _active_tier_exists(self) -> Params:
        if self.tier not in self.tiers:
            raise ValueError(f"`tier` is `{self.tier}`, which is none of {', '.join(self.tiers)}")
        return self

    @property
    def current(self) -> Tier:
        """The active tier."""
        return self.tiers[self.tier]
