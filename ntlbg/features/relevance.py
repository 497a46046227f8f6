"""A question against the frames of a video: the relevance curve.

relevance_t = max over the views of frame t of cos(view, question), less, for an encoder with background queries, the
frame's mean score over those. Some frames score high on everything (hubs); what is left is what the frame says about
*this* question.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntlbg.errors import InputError
from ntlbg.features.encoders import Encoder
from ntlbg.features.index import Features
from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.statistics.threads import one_thread

FLAT_PEAK = 4.0  # robust standard deviations; the peak of 600 normal values lies at 3.2 on average


@one_thread()
def similarity(vectors: Array, texts: Array) -> Array:
    """vectors: [T, e] or [T, v, e]. texts: [n, e]. Returns [T, n] float64, the best view of each frame."""
    views = vectors[:, None, :] if vectors.ndim == 2 else vectors
    return (views.astype(np.float64) @ texts.T.astype(np.float64)).max(axis=1)


def make_query(text: str, features: Features, encoder: Encoder) -> Query:
    """The question as a selector sees it: its text, relevance [T] and vector [e].

    Raises InputError when the text is empty or the features are another encoder's.
    """
    if not text.strip():
        raise InputError("the question is empty", hint="say what to look for, for example `a red car`")
    vector = encoder.encode_texts([encoder.phrase(text)])
    if features.vectors.shape[-1] != vector.shape[-1]:
        raise InputError(
            f"{features.index.video_id}: its features were made by `{features.encoder}`, not by `{encoder.name}`",
            hint="run the stage `features` again",
        )
    relevance = similarity(features.vectors, vector)[:, 0]
    if encoder.background is not None:
        relevance = relevance - similarity(features.vectors, encoder.background).mean(axis=1)
    return Query(text, relevance, vector[0])


@dataclass(frozen=True)
class Peak:
    """How far the best frame stands out: height in robust standard deviations over the median, and its time."""

    height: float
    at_s: float

    @property
    def flat(self) -> bool:
        """No frame stands out more than the best of so many chance values would."""
        return self.height < FLAT_PEAK


def peak(query: Query, timestamps_s: Array) -> Peak:
    """Where relevance is highest, and how far that stands out (0 when all frames score alike)."""
    r = query.relevance
    middle = float(np.median(r))
    spread = 1.4826 * float(np.median(np.abs(r - middle)))
    top = int(np.argmax(r))
    return Peak((float(r[top]) - middle) / spread if spread > 1e-12 else 0.0, float(timestamps_s[top]))
