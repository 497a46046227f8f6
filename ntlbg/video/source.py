"""FrameSource: pixels of given moments at a given size, from the stored frames or from the video itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.video import plan
from ntlbg.video.decode import frames_at
from ntlbg.video.outcomes import read_outcomes
from ntlbg.video.storage import made_by, open_shard, shard_of, storage_of

if TYPE_CHECKING:
    import pandas as pd


class FrameSource:
    """frames: the folder that `decode_all` filled. videos: table with video_id and path."""

    def __init__(self, frames: Path, videos: pd.DataFrame) -> None:
        self._frames = Path(frames)
        self._paths = dict(zip(videos["video_id"].astype(str), videos["path"].astype(str), strict=True))
        self._rows: dict[str, dict[str, Any]] | None = None

    def get(self, video_id: str, timestamps_s: Array | list[float], size: tuple[int, int]) -> Array:
        """uint8 [n, h, w, 3] for n true timestamps (seconds from the first frame) and size = (h, w).

        Stored frames serve when they have that size and these timestamps; otherwise the video is decoded, exactly.
        Raises InputError for an unknown video or a moment outside it, VideoError for an unreadable file.
        """
        if video_id not in self._paths:
            raise InputError(f"there is no video `{video_id}` in the table of videos")
        wanted = np.asarray(timestamps_s, dtype=np.float64)
        stored = self._stored(video_id, wanted, size)
        return stored if stored is not None else frames_at(self._paths[video_id], wanted, size)

    def made_by(self, video_id: str) -> dict[str, Any]:
        """What the pixels of a video may depend on besides its file, the moments and the size; parts of a store key."""
        return made_by(storage_of(shard_of(self._frames, video_id)))

    def _stored(self, video_id: str, wanted: Array, size: tuple[int, int]) -> Array | None:
        if self._rows is None:
            self._rows = read_outcomes(self._frames)
        row = self._rows.get(video_id)
        if row is None or not row["frames"]:
            return None
        times = np.array(row["timestamps_s"], dtype=np.float64)
        frames = open_shard(shard_of(self._frames, video_id), len(times))
        if frames.shape[1:3] != tuple(size):
            return None
        nearest = np.abs(times[None, :] - wanted[:, None]).argmin(axis=1) if wanted.size else np.zeros(0, int)
        if np.any(np.abs(times[nearest] - wanted) > plan.SLACK_S):
            return None
        return frames[nearest]
