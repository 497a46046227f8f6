"""FrameSource: pixels of given moments at a given size, from the stored frames or from the video itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.store import file_digest
from ntlbg.video import plan
from ntlbg.video.decode import frames_at
from ntlbg.video.errors import VideoError
from ntlbg.video.open import reason_of, regular_file
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
        Raises InputError for an unknown video or a moment outside it, VideoError for an unreadable file or one that is
        not the one that was decoded any more.
        """
        if video_id not in self._paths:
            raise InputError(f"there is no video `{video_id}` in the table of videos")
        wanted = np.asarray(timestamps_s, dtype=np.float64)
        stored = self._stored(video_id, wanted, size)
        if stored is not None:
            return stored
        self._unchanged(video_id)
        pixels = frames_at(self._paths[video_id], wanted, size)
        self._unchanged(video_id)
        return pixels

    def made_by(self, video_id: str) -> dict[str, Any]:
        """What the pixels of a video may depend on besides its file, the moments and the size; parts of a store key."""
        return made_by(storage_of(shard_of(self._frames, video_id)))

    def _unchanged(self, video_id: str) -> None:
        """The picks were made of the video that was decoded. It is read once for that while it is left as it is."""
        path, row = self._paths[video_id], self._outcomes().get(video_id)
        regular_file(path)
        try:
            changed = row is not None and file_digest(Path(path)) != row["source_blake3"]
        except OSError as error:
            raise VideoError(f"{path}: cannot be read ({reason_of(error)})", DecodeOutcome.OPEN_FAILED) from None
        if changed:
            raise VideoError(
                f"{path}: the video `{video_id}` has changed since it was decoded; run the pipeline again",
                DecodeOutcome.OPEN_FAILED,
            )

    def _outcomes(self) -> dict[str, dict[str, Any]]:
        if self._rows is None:
            self._rows = read_outcomes(self._frames)
        return self._rows

    def _stored(self, video_id: str, wanted: Array, size: tuple[int, int]) -> Array | None:
        row = self._outcomes().get(video_id)
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
