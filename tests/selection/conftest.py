"""Made-up videos and questions for the tests of the room."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex


def _made_up(frames=300, width=96, seed=0, gap_s=1.0, moment=None, flat=False):
    """Shots of recurring scenes with noise, and a noisy relevance curve with a moment of five frames.

    moment: first frame of the moment, drawn where None. flat: constant relevance.
    """
    rng = np.random.default_rng([seed, frames])
    scenes = rng.normal(size=(max(3, frames // 40), width))
    shot = np.repeat(np.arange(frames), 1 + rng.poisson(7, size=frames))[:frames]
    scene = rng.integers(len(scenes), size=frames)
    features = (
        1.5 * rng.normal(size=width)
        + scenes[scene[shot]]
        + 0.5 * rng.normal(size=(frames, width))[shot]
        + 0.5 * rng.normal(size=(frames, width))
    )
    relevance = rng.normal(size=frames)
    start = int(rng.integers(max(frames - 5, 1))) if moment is None else moment
    relevance[start : start + 5] += 5
    if flat:
        relevance = np.full(frames, 0.25)
    times = np.arange(frames) * gap_s
    video = VideoIndex(f"made-up-{seed}", features, times, 25.0, frames * 25, frames * gap_s)
    return video, Query(f"question {seed}", relevance)


@pytest.fixture(scope="session")
def made_up():
    """The function that makes a video and a question."""
    return _made_up
