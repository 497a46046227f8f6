"""Request: the frames, the question and its options, as one answerer call sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.prompt import Prompt
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex


@dataclass(frozen=True)
class Request:
    """frames: uint8 [k, h, w, 3], RGB, in time order; k = 0 asks without looking (the blind arm).

    timestamps_s: [k] seconds, not decreasing. options: texts whose likelihood is asked for; may be empty when the
    answer is generated.
    index, query, indices: what a trained model is given besides: the video's features, the question against them, and
    the places of `frames` among the candidate frames. Without a trained model they are left out.
    visual: [k, n, D] visual tokens that a trained model is given in the place of `frames`, which are then left out.
    """

    frames: Array
    timestamps_s: Array
    prompt: Prompt
    options: tuple[str, ...] = ()
    index: VideoIndex | None = None
    query: Query | None = None
    indices: tuple[int, ...] = ()
    visual: Array | None = None

    def __post_init__(self) -> None:
        frames, times = np.asarray(self.frames), np.asarray(self.timestamps_s, dtype=np.float64)
        if frames.size == 0:
            frames = frames.astype(np.uint8).reshape(0, *((1, 1, 3) if frames.ndim != 4 else frames.shape[1:]))
        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
            raise InputError(f"frames must be uint8 [k, h, w, 3]; got {frames.dtype} {list(frames.shape)}")
        if self.visual is not None and (len(frames) or self.index is None):
            raise InputError("visual tokens came with frames, or without the features of their video")
        shown = len(frames) if self.visual is None else len(self.visual)
        if times.shape != (shown,):
            raise InputError(f"{shown} frames came with timestamps of shape {list(times.shape)}")
        if not np.isfinite(times).all():
            raise InputError(f"timestamps_s[{int(np.argmin(np.isfinite(times)))}] is not a finite number")
        if (np.diff(times) < 0).any():
            raise InputError(f"timestamps_s[{int(np.argmax(np.diff(times) < 0)) + 1}] goes back in time")
        object.__setattr__(self, "frames", frames)
        object.__setattr__(self, "timestamps_s", times)
        object.__setattr__(self, "options", tuple(self.options))
        object.__setattr__(self, "indices", tuple(int(i) for i in self.indices))
        if self.index is not None:
            self._check_context(self.index)

    def _check_context(self, index: VideoIndex) -> None:
        if self.query is None or self.query.relevance.shape != (len(index),):
            raise InputError(f"{index.video_id}: its {len(index)} frames came without a relevance for each")
        shown = len(self.timestamps_s)
        if len(self.indices) != shown:
            raise InputError(f"{index.video_id}: {shown} frames came with {len(self.indices)} indices")
        picks = np.asarray(self.indices, dtype=np.int64)
        if picks.size and (picks[0] < 0 or picks[-1] >= len(index) or (np.diff(picks) <= 0).any()):
            raise InputError(f"{index.video_id}: the indices do not rise or are not of its {len(index)} frames")
