"""Features by another encoder than the stage's, encoded on demand from the same stored frames and kept in the store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ntlbg.errors import InputError
from ntlbg.features.encoders import Encoder
from ntlbg.features.extract import Shown, features_of, read_rows
from ntlbg.features.index import Features
from ntlbg.store import Store
from ntlbg.video.storage import shard_of


@dataclass(frozen=True)
class Again:
    """frames: the folder that stage `decode` wrote. encoder: the one that sees them again."""

    frames: Path
    encoder: Encoder
    store: Store

    def load(self, video_id: str) -> Features:
        """Features of a video under this encoder. Raises InputError when it has no frames."""
        features, _ = features_of(self.shard(video_id), self.shown(video_id), self.encoder, store=self.store)
        return features

    def shard(self, video_id: str) -> Path:
        """The file of a video's frames."""
        return shard_of(self.frames, video_id)

    def shown(self, video_id: str) -> Shown:
        """What decoding said of a video. Raises InputError when it said nothing."""
        try:
            return self._shown[video_id]
        except KeyError:
            raise InputError(f"video `{video_id}` was not decoded", hint="run the decode stage first") from None

    @cached_property
    def _shown(self) -> dict[str, Shown]:
        return {
            row["video_id"]: Shown(
                row["video_id"],
                np.asarray(row["timestamps_s"], np.float64),
                row["native_fps"],
                row["frame_count"],
                row["duration_s"],
            )
            for row in read_rows(self.frames / "outcomes.parquet")
        }
