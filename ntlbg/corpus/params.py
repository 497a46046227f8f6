"""`corpus` in a tier of params.yaml: where videos and questions come from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, field_validator, model_validator

from ntlbg.corpus.encode import CODECS
from ntlbg.section import Section

MIX = {"h264-mp4": 0.6, "h264-mov": 0.1, "hevc-mkv": 0.1, "vp9-webm": 0.1, "mpeg4-avi": 0.1}


class RenderedParams(Section):
    """A corpus drawn and encoded here. The five numbers count videos: of each benchmark's test, of train and val."""

    longvideobench: NonNegativeInt = 30
    videomme: NonNegativeInt = 30
    mlvu: NonNegativeInt = 30
    train: NonNegativeInt = 40
    val: NonNegativeInt = 12
    # below three minutes there is no room for the chapters and events of a plan
    minutes: float = Field(default=5.0, ge=3.0, le=120.0)  # mean length of a video
    fps: PositiveInt = 12
    codecs: dict[str, NonNegativeFloat] = Field(default_factory=lambda: dict(MIX))  # shares, of any sum

    @field_validator("codecs")
    @classmethod
    def _known(cls, codecs: dict[str, float]) -> dict[str, float]:
        for name in codecs:
            if name not in CODECS:
                raise ValueError(f"there is no codec `{name}`; there are {', '.join(CODECS)}")
        if not any(codecs.values()):
            raise ValueError("at least one codec needs a share above 0")
        return codecs


class FoldersParams(Section):
    """Folders of real downloads, each in its distributed layout; a benchmark without a folder is left out."""

    longvideobench: str | None = None
    videomme: str | None = None
    mlvu: str | None = None


class OwnParams(Section):
    """The user's own questions (JSONL, see `questions.jsonl`) and the folder of their videos."""

    jsonl: str
    videos: str
    split: Literal["train", "val", "test"] = "train"


class CorpusParams(Section):
    """Either `rendered` or `folders`, and any number of `own` sources beside it."""

    rendered: RenderedParams | None = None
    folders: FoldersParams | None = None
    own: tuple[OwnParams, ...] = ()

    @model_validator(mode="after")
    def _sources(self) -> CorpusParams:
        folders = self.folders is not None and any(self.folders.model_dump().values())
        if self.rendered is not None and folders:
            raise ValueError("give either `rendered` or `folders`, not both")
        if self.rendered is None and not folders and not self.own:
            raise ValueError("no source of videos is given: set `rendered`, `folders` or `own`")
        return self
