"""The contract of every selector.

A selector sees a `VideoIndex` and a `Query`, both for the same T candidate frames, and returns min(k, T) of them.
Deterministic: the same inputs give the same indices on every machine and thread count; ties go to the earlier frame.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex


@dataclass(frozen=True)
class Selector(ABC):
    """One rule. Its fields are its parameters, with the published or tuned values as defaults."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)  # `registry.make` checks by it

    name: ClassVar[str]
    source: ClassVar[str]
    deterministic: ClassVar[bool] = True  # False: depends on a seed, which is then a parameter
    uses_relevance: ClassVar[bool] = True

    def select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        """Choose min(k, T) frames of `video` for `query`.

        Raises InputError when k < 1 or the relevance curve does not belong to the video.
        """
        if k < 1:
            raise InputError(f"k is {k}; at least one frame must be chosen")
        if query.relevance.shape != (len(video),):
            raise InputError(
                f"{video.video_id}: {query.relevance.size} relevance values for {len(video)} candidate frames"
            )
        return self._select(video, query, min(k, len(video)))

    @abstractmethod
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        """The rule itself; 1 ≤ k ≤ T and matching lengths are already checked."""

    @property
    def parameters(self) -> dict[str, Any]:
        return asdict(self)

    def selection(self, video: VideoIndex, indices: Array, *, masses: Array | None = None, **report: Any) -> Selection:
        """A Selection of these indices (any order). Masses default to the share of candidate frames nearest in time."""
        order = np.argsort(np.asarray(indices, dtype=np.int64), kind="stable")
        chosen = np.asarray(indices, dtype=np.int64)[order]
        times = video.timestamps_s[chosen]
        if masses is None:
            borders = (times[1:] + times[:-1]) / 2
            cells = np.searchsorted(borders, video.timestamps_s, side="left")
            masses = np.bincount(cells, minlength=len(chosen)) / len(video)
        else:
            masses = np.asarray(masses)[order]
        return Selection(chosen, times, masses, self.name, self.parameters, **report)
