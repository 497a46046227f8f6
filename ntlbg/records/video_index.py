"""VideoIndex: all that a selector may know of a video. It holds no question and no evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array, finite, frozen


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """The candidate frames of one video, as features.

    features: [T, d] float32, the visual space that diversity is measured in.
    timestamps_s: [T] float64, true times of the candidate frames, strictly increasing, in seconds.
    native_fps, frame_count, duration_s: of the file, as probed.
    basis: [r, d] float64, leading principal directions of the denoised features (`statistics.principal`), or
    None when they were not computed yet; selectors that need them compute them then.
    Raises InputError for wrong shapes, times that do not increase, or values that are not finite.
    """

    video_id: str
    features: Array
    timestamps_s: Array
    native_fps: float
    frame_count: int
    duration_s: float
    basis: Array | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", frozen(self.features, np.float32))
        object.__setattr__(self, "timestamps_s", frozen(self.timestamps_s, np.float64))
        if self.basis is not None:
            object.__setattr__(self, "basis", frozen(self.basis, np.float64))
        if self.features.ndim != 2 or self.features.shape[0] < 1:
            raise InputError(f"{self.video_id}: features have shape {self.features.shape}; [T, d] with T ≥ 1 is needed")
        if self.timestamps_s.shape != self.features.shape[:1]:
            raise InputError(
                f"{self.video_id}: {self.timestamps_s.size} timestamps for {self.features.shape[0]} feature rows"
            )
        finite(f"{self.video_id}: features", self.features)
        finite(f"{self.video_id}: timestamps_s", self.timestamps_s)
        if np.any(np.diff(self.timestamps_s) <= 0):
            raise InputError(f"{self.video_id}: timestamps do not increase strictly")

    def __len__(self) -> int:
        return int(self.features.shape[0])
