"""Request: the frames, the question and its options, as one answerer call sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.prompt import Prompt


@dataclass(frozen=True)
class Request:
    """frames: uint8 [k, h, w, 3], RGB, in time order; k = 0 asks without looking (the blind arm).

    timestamps_s: [k] seconds, not decreasing. options: texts whose likelihood is asked for; may be empty when the
    answer is generated.
    """

    frames: Array
    timestamps_s: Array
    prompt: Prompt
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        frames, times = np.asarray(self.frames), np.asarray(self.timestamps_s, dtype=np.float64)
        if frames.size == 0:
            frames = frames.astype(np.uint8).reshape(0, *((1, 1, 3) if frames.ndim != 4 else frames.shape[1:]))
        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
            raise InputError(f"frames must be uint8 [k, h, w, 3]; got {frames.dtype} {list(frames.shape)}")
        if times.shape != (len(frames),):
            raise InputError(f"{len(frames)} frames came with timestamps of shape {list(times.shape)}")
        if not np.isfinite(times).all():
            raise InputError(f"timestamps_s[{int(np.argmin(np.isfinite(times)))}] is not a finite number")
        if (np.diff(times) < 0).any():
            raise InputError(f"timestamps_s[{int(np.argmax(np.diff(times) < 0)) + 1}] goes back in time")
        object.__setattr__(self, "frames", frames)
        object.__setattr__(self, "timestamps_s", times)
        object.__setattr__(self, "options", tuple(self.options))
