"""Selection: the frames that a selector chose, and what it can say about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array, frozen, indices_sha256


@dataclass(frozen=True, eq=False)
class Selection:
    """indices: [min(k, T)] int64, sorted, unique, into the candidate frames.

    timestamps_s: the same frames in seconds. masses: [k] share of the law's weight in each frame's cell, sum 1.
    distortion: mean squared distance of the law to its nearest chosen frame, in the selector's space (None where
    the selector has no law). explained: 1 - distortion / trace of the law, at most 1.
    trust: how far the relevance curve was believed, 0 to 1 (None where the selector does not say).
    """

    indices: Array
    timestamps_s: Array
    masses: Array
    selector: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    distortion: float | None = None
    explained: float | None = None
    trust: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "indices", frozen(self.indices, np.int64))
        object.__setattr__(self, "timestamps_s", frozen(self.timestamps_s, np.float64))
        object.__setattr__(self, "masses", frozen(self.masses, np.float64))
        n = self.indices.shape
        if self.indices.ndim != 1 or n[0] < 1 or self.timestamps_s.shape != n or self.masses.shape != n:
            raise InputError(f"{self.selector}: indices, timestamps and masses differ in length")
        if np.any(np.diff(self.indices) <= 0) or self.indices[0] < 0:
            raise InputError(f"{self.selector}: indices are not sorted, unique and non-negative")
        if not np.isclose(self.masses.sum(), 1.0, atol=1e-9) or np.any(self.masses < 0):
            raise InputError(f"{self.selector}: masses are negative or do not sum to 1")

    def __len__(self) -> int:
        return int(self.indices.size)

    @property
    def sha256(self) -> str:
        """Hash of the indices (`arrays.indices_sha256`)."""
        return indices_sha256(self.indices)
