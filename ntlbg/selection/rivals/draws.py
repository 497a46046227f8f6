"""The random numbers of a rule that draws frames.

They depend on the rule's seed, the video and the question's text and on nothing else, as with `random`: not on the
order of calls, nor on k.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex


def generator(seed: int, video: VideoIndex, query: Query) -> np.random.Generator:
    """A new generator for this question about this video: the one that `random` draws by."""
    key = json.dumps([seed, video.video_id, query.text]).encode()
    return np.random.default_rng(int.from_bytes(hashlib.sha256(key).digest()))
