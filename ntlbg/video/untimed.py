"""Display times of videos whose packets do not all carry one, by the order in which their frames are decoded.

MPEG program streams stamp only the first of several small pictures, and broken writers stamp none. Frames come out of
a decoder in the order of display, so those between two stamped ones lie evenly between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.video.open import open_video, picture_stream


def decoded_stamps(path: str | Path) -> list[int | None]:
    """The timestamp of each frame in the order of display; as far as the video decodes."""
    stamps: list[int | None] = []
    with open_video(path) as container:
        try:
            for frame in container.decode(picture_stream(container, path)):
                stamps.append(frame.pts)
        except (av.FFmpegError, OSError):
            pass  # the damage is told by whoever decodes for pixels
    return stamps


def times_by_order(stamps: Sequence[int | None], step: float) -> Array:
    """Times of all frames in ticks, int64 [n], strictly increasing. step: ticks between frames, where no stamp tells.

    A stamp that is not later than those before it is not believed.
    """
    known: list[tuple[int, int]] = []
    for position, stamp in enumerate(stamps):
        if stamp is not None and (not known or stamp > known[-1][1]):
            known.append((position, stamp))
    positions = np.arange(len(stamps))
    if not known:
        return np.rint(positions * max(step, 1.0)).astype(np.int64)
    at, told = np.array(known, dtype=np.float64).T
    times = np.interp(positions, at, told)
    times += np.minimum(positions - at[0], 0) * step + np.maximum(positions - at[-1], 0) * step
    # whole ticks, each its own, even where more frames than ticks lie between two stamps
    return np.maximum.accumulate(np.rint(times).astype(np.int64) - positions) + positions
