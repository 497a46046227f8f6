"""A selection made by hand, for the tests of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ntlbg.api import Chosen
from ntlbg.features.index import Features
from ntlbg.features.relevance import Peak
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex


def chosen(k: int = 8, size: tuple[int, int] = (64, 114), text: str = "a question?", frames: int = 60) -> Chosen:
    times = np.arange(frames, dtype=np.float64)
    picked = np.linspace(0, frames - 1, k).round().astype(int)
    index = VideoIndex("v", np.ones((frames, 2)), times, 25, frames * 25, frames)
    vectors = np.ones((frames, 2), np.float32)
    return Chosen(
        Path("film.mp4"),
        Selection(picked, times[picked], np.full(k, 1 / k), "ntlbg"),
        Query(text, np.sin(times)),
        Features(index, vectors),
        "encoder",
        "it sees",
        text,
        Peak(3.0, 0.0, 0.4),
        0,
        0,
        (),
        np.random.default_rng(0).integers(0, 256, (k, *size, 3), dtype=np.uint8),
    )
