"""What an authors' release returns, as a Selection: repeats removed, no frame added."""

from __future__ import annotations

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector


def released(selector: Selector, video: VideoIndex, picks: Array, k: int) -> Selection:
    """The sorted, different frames of the authors' list, however few. An index past the end is no frame.

    Raises InputError where that leaves none.
    """
    frames = np.unique(np.asarray(picks, dtype=np.int64))
    frames = frames[frames < len(video)]
    if not len(frames):
        raise InputError(
            f"{video.video_id}: `{selector.name}` as its authors released it chooses no frame for k = {k}",
            hint="leave `raw` off: the rule with its traps fixed returns k frames",
        )
    return selector.selection(video, frames)
