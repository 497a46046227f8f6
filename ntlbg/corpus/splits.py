"""Splits share nothing: no file, no question, no picture.

A *signature* says how a video looks at 16 evenly spaced moments, as bits: in each, where 8×9 means grow to the right.
Re-encoding flips few bits, another video about half of them. Rendered videos carry one; for real downloads only equal
bytes are found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from ntlbg.corpus.manifest import VideoFile
from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

MOMENTS = 16
ROWS, COLUMNS = 8, 9
NEAR = 0.12  # share of bits that may differ in a near-duplicate; unrelated rendered videos differ in 0.3 and more


def moments(n_frames: int) -> list[int]:
    """The frame numbers that a signature looks at."""
    return [int((i + 0.5) * n_frames / MOMENTS) for i in range(MOMENTS)]


def signature(pictures: Sequence[Array]) -> Array:
    """uint8 [H, W, 3] pictures → bool [n · 64]."""
    return np.concatenate([_bits(p) for p in pictures])


def _bits(picture: Array) -> Array:
    grey = picture.mean(axis=2)
    h, w = (grey.shape[0] // ROWS) * ROWS, (grey.shape[1] // COLUMNS) * COLUMNS
    cells = grey[:h, :w].reshape(ROWS, h // ROWS, COLUMNS, w // COLUMNS).mean(axis=(1, 3))
    return (cells[:, 1:] > cells[:, :-1]).ravel()


def near_duplicates(signatures: Mapping[str, Array]) -> list[tuple[str, str, float]]:
    """Pairs of names whose signatures differ in at most `NEAR` of their bits, with that share."""
    names = list(signatures)
    if len(names) < 2:
        return []
    bits = np.stack([signatures[n] for n in names]).astype(np.float32)
    differ = (bits @ (1 - bits.T) + (1 - bits) @ bits.T) / bits.shape[1]
    first, second = np.nonzero(np.triu(differ <= NEAR, k=1))
    return [(names[i], names[j], float(differ[i, j])) for i, j in zip(first, second, strict=True)]


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
                f"videos `{a}` ({split[a]}) and `{b}` ({split[b]}) look alike: {differ:.0%} of their signatures differ",
                hint="another `seed` draws other videos",
            )
