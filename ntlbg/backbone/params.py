"""`backbone` in a tier of params.yaml: where the encoder and the answerer come from."""

from __future__ import annotations

import re

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from ntlbg.section import Section

SHIPPED = "shipped"  # the checkpoint that comes with the package, verified
TRAIN = "train"  # trained here, from scratch, on practice videos
COMMIT = re.compile(r"[0-9a-f]{40}")


class ModelParams(Section):
    """One model. All but `source` and `revision` matter to `source: train` only."""

    source: str = SHIPPED  # shipped, train, a checkpoint folder, or a Hub id
    revision: str | None = None  # the commit of a Hub id, 40 hex digits
    videos: PositiveInt = 300  # practice videos of about five minutes
    steps: PositiveInt = 1000
    batch: PositiveInt = 32
    learning_rate: PositiveFloat = 3e-3
    width: PositiveInt = 128  # multiple of 32
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _sound(self) -> ModelParams:
        if self.width % 32:
            raise ValueError(f"`width` is {self.width}; it must be a multiple of 32")
        if self.revision is not None and not COMMIT.fullmatch(self.revision):
            raise ValueError(f"`revision` is `{self.revision}`; it must be a commit: 40 hex digits")
        return self


class EncoderParams(ModelParams):
    """The dual encoder that scores relevance. batch: pairs of a frame and a text."""

    videos: PositiveInt = 60
    learning_rate: PositiveFloat = 1e-3
    steps: PositiveInt = 64  # few on purpose: relevance must be imperfect (see `measured` in shipped/manifest.json)
    batch: PositiveInt = 192
    width: PositiveInt = 32


class AnswererParams(ModelParams):
    """The video language model that answers. batch: selections, each with several questions."""

    steps: PositiveInt = 2600  # of reading
    counting_steps: NonNegativeInt = 1500  # of the second pass


class BackboneParams(Section):
    """Both models of a tier."""

    encoder: EncoderParams = Field(default_factory=EncoderParams)
    answerer: AnswererParams = Field(default_factory=AnswererParams)
