"""`video` in a tier of params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from ntlbg.section import Section
from ntlbg.video.packed import LONGEST
from ntlbg.video.storage import RAW, Storage


class VideoParams(Section):
    """How videos are turned into candidate frames. `limit_s` and `workers` do not change what comes out."""

    fps: PositiveFloat = 1.0  # candidate frames per second of video
    max_frames: PositiveInt = 2048  # spread over the whole video, never its first part
    # `keyframe`: key frames alone where they lie as close as fps and max_frames ask; a fraction of the work
    sampling: Literal["time", "keyframe"] = "time"
    size: tuple[PositiveInt, PositiveInt] = (224, 224)  # stored height and width, in pixels
    # `raw` keeps every byte; `jpeg` a sixth of them, a little changed: docs/video.md, "Storage"
    storage: Storage = RAW
    limit_s: PositiveFloat = 600.0  # wall clock for one video; its worker is killed after that
    workers: NonNegativeInt = 0  # decoding processes, one thread each; 0 = one per core
    memory_mb: PositiveInt = 1536  # what a video may make its worker use beyond the code; more ends it
    # `auto` is exact on every video; the others are there to compare with and refuse what they would read wrongly
    backend: Literal["auto", "pyav_gated", "pyav_sequential", "ffmpeg", "decord", "torchcodec"] = "auto"

    @model_validator(mode="after")
    def _fits_into_jpeg(self) -> VideoParams:
        if self.storage == "jpeg" and max(self.size) > LONGEST:
            raise ValueError(f"size: a JPEG picture has no side longer than {LONGEST} pixels; set `storage` to raw")
        return self
