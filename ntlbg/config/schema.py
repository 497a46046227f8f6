"""params.yaml: a seed, the active tier, and the tiers, each a complete configuration.

Every section belongs to the room of its name and is defined there.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from ntlbg.backbone.params import BackboneParams
from ntlbg.config.machine import MachineParams
from ntlbg.corpus.params import CorpusParams
from ntlbg.evaluation.params import EvaluationParams
from ntlbg.features.params import FeaturesParams
from ntlbg.modeling.params import ModelingParams
from ntlbg.reporting.params import ReportingParams
from ntlbg.section import Section
from ntlbg.selection.params import SelectionParams
from ntlbg.training.params import TrainingParams
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
