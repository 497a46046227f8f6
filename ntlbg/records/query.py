"""Query: a question as a selector sees it. Options and evidence are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array, finite, frozen


@dataclass(frozen=True, eq=False)
class Query:
    """text: the question, without its options.

    relevance: [T] float64, similarity of each candidate frame to the text, as the encoder scores it.
    vector: [e] float64 of the text where the encoder has one, else None.
    Raises InputError naming the first frame whose relevance is not finite.
    """

    text: str
    relevance: Array
    vector: Array | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "relevance", frozen(self.relevance, np.float64))
        if self.vector is not None:
            object.__setattr__(self, "vector", frozen(self.vector, np.float64))
        if self.relevance.ndim != 1:
            raise InputError(f"relevance has shape {self.relevance.shape}; one value per candidate frame is needed")
        finite("relevance", self.relevance)
