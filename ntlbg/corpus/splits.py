"""Splits share nothing: no file and no picture.

A *signature* says how a video looks at 16 evenly spaced moments: the mean colours of 4×4 cells. Re-encoding moves them
by a grey level or two, another video by tens. Rendered videos carry one; of real downloads only equal bytes are found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from ntlbg.corpus.manifest import VideoFile
from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

MOMENTS = 16
CELLS = 4
NEAR = 6.0  # mean difference in grey levels up to which two videos look alike


def moments(n_frames: int) -> list[int]:
    """The frame numbers that a signature looks at."""
    return [int((i + 0.5) * n_frames / MOMENTS) for i in range(MOMENTS)]


def signature(pictures: Sequence[Array]) -> Array:
    """uint8 [H, W, 3] pictures → uint8 [n · 4 · 4 · 3], mean colours of their cells."""
    return np.concatenate([_cells(p) for p in pictures])


def _cells(picture: Array) -> Array:
    h, w = (picture.shape[0] // CELLS) * CELLS, (picture.shape[1] // CELLS) * CELLS
    cells = picture[:h, :w].reshape(CELLS, h // CELLS, CELLS, w // CELLS, 3).mean(axis=(1, 3))
    return np.rint(cells).astype(np.uint8).ravel()


def near_duplicates(signatures: Mapping[str, Array]) -> list[tuple[str, str, float]]:
    """Pairs of names whose signatures differ by at most `NEAR` on average, with that difference."""
    names = list(signatures)
    levels = np.stack([signatures[n] for n in names]).astype(np.int16) if names else np.empty((0, 1), np.int16)
    near = []
    for i, one in enumerate(levels):
        differ = np.abs(levels[i + 1 :] - one).mean(axis=1)
        near += [(names[i], names[i + 1 + int(j)], float(differ[j])) for j in np.flatnonzero(differ <= NEAR)]
    return near


def check(videos: Sequence[VideoFile], signatures: Mapping[str, Array] | None = None) -> None:
    """Raises InputError naming two videos of different splits that are the same, or nearly.

    signatures: by video id, for the videos that have one.
    """
    by_bytes: dict[str, list[VideoFile]] = defaultdict(list)
    for video in videos:
        if video.blake3:
            by_bytes[video.blake3].append(video)
    for same in by_bytes.values():
        for video in same[1:]:
            if video.split != same[0].split:
                raise InputError(
                    f"`{video.path}` ({video.split}) and `{same[0].path}` ({same[0].split}) are the same video",
                    hint="what is trained on a test video cannot be tested on it; take one of them out",
                )
    split = {v.video_id: v.split for v in videos}
    for a, b, differ in near_duplicates(signatures or {}):
        if split[a] != split[b]:
            raise InputError(
                f"videos `{a}` ({split[a]}) and `{b}` ({split[b]}) look alike: they differ by {differ:.1f} grey levels",
                hint="another `seed` draws other videos",
            )
