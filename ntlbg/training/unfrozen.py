"""The encoder's last block, where stage `select` trains it: what it is given, and the samples seen through it.

Picks and relevance stay those of the frozen encoder while the block learns: what is trained is how a frame is
described. The stages after it, and every arm of the trained model, re-encode the frames under a key of their own.
Room `hidden` of the store, one value per video: `hidden.npy`, float32 [T, p, w]; for a large encoder that is gigabytes
for an hour, the price of not running the blocks before it at every step.
Letters: T candidate frames, p tokens of a frame in the encoder, w their width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.store import file_digest, key
from ntlbg.video.storage import made_by, open_shard, storage_of

if TYPE_CHECKING:
    from ntlbg.features.again import Again
    from ntlbg.features.last_block import LastBlock
    from ntlbg.modeling.sample import Sample

ROOM = "hidden"
FORMAT = 1
SEE = 64  # frames given to the encoder at a time


@dataclass
class Hidden:
    """What the last block is given of each video. again: the frames, the frozen encoder and the store."""

    again: Again
    _open: dict[str, Array] = field(default_factory=dict, repr=False)

    def of(self, video_id: str) -> Array:
        """float32 [T, p, w], memory-mapped. Raises InputError when the encoder has no such block, or no frames."""
        if video_id not in self._open:
            again = self.again
            shard = again.shard(video_id)
            seen = {"frames": file_digest(shard), **made_by(storage_of(shard))}
            stored = key(format=FORMAT, encoder=again.encoder.computing, **seen)
            folder = again.store.fetch(ROOM, stored, lambda into: self._write(video_id, into))
            self._open[video_id] = np.load(folder / "hidden.npy", mmap_mode="r")
        return self._open[video_id]

    def _write(self, video_id: str, into: Path) -> None:
        from ntlbg.features.last_block import given_to_it

        frames = open_shard(self.again.shard(video_id), len(self.again.shown(video_id).timestamps_s))
        parts = [
            given_to_it(self.again.encoder, frames[start : start + SEE]).cpu().numpy()
            for start in range(0, len(frames), SEE)
        ]
        np.save(into / "hidden.npy", np.concatenate(parts))


def seen_through(last: LastBlock, samples: Sequence[Sample]) -> list[Sample]:
    """The samples with the features that the block as it is now gives; those of one video share them."""
    import torch

    where = next(last.parameters()).device
    features = {}
    for sample in samples:
        if id(sample.hidden) not in features:
            features[id(sample.hidden)] = last(torch.as_tensor(np.array(sample.hidden)).to(where))
    return [replace(sample, features=features[id(sample.hidden)], hidden=None) for sample in samples]
