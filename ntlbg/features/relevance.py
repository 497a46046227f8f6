"""A question against the frames of a video: the relevance curve.

relevance_t = max over the views of frame t of cos(view, question), less, for an encoder with background queries, the
frame's mean score over those. Some frames score high on everything (hubs); what is left is what the frame says about
*this* question. An encoder may read questions in a way of its own (`Encoder.relevance`); the embedded one does.
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

LOW_PEAK = 2.0  # robust standard deviations over the median; chance curves of 600 frames peak higher than that


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
    views = encoder.views(features.vectors)
    if views.shape[-1] != vector.shape[-1]:
        raise InputError(
            f"{features.index.video_id}: its features were made by `{features.encoder}`, not by `{encoder.name}`",
            hint="run the stage `features` again",
        )
    relevance = encoder.relevance(text, features.vectors)
    if relevance is None:
        relevance = similarity(views, vector)[:, 0]
        if encoder.background is not None:
            relevance = relevance - similarity(views, encoder.background).mean(axis=1)
    return Query(text, relevance, vector[0])


@dataclass(frozen=True)
class Peak:
    """The best frame of a relevance curve.

    height: how far it stands out, in robust standard deviations over the median (0 when all frames score alike).
    at_s: its time in seconds. similarity: the highest cosine of any frame with the question.
    """

    height: float
    at_s: float
    similarity: float


def peak(query: Query, features: Features, encoder: Encoder) -> Peak:
    """Where relevance is highest, how far that stands out, and how alike picture and question are at best."""
    r = query.relevance
    middle = float(np.median(r))
    spread = 1.4826 * float(np.median(np.abs(r - middle))) or float(r.std())
    top = int(np.argmax(r))
    height = (float(r[top]) - middle) / spread if spread > 1e-12 else 0.0
    alike = float("nan")
    if query.vector is not None:
        alike = float(similarity(encoder.views(features.vectors), query.vector[None]).max())
    return Peak(height, float(features.index.timestamps_s[top]), alike)


def is_flat(top: Peak, encoder: Encoder) -> bool:
    """Whether the curve points nowhere: no frame looks like the question, or none stands out.

    An encoder that knows from which cosine on a picture shows what was asked for is judged by that; the height
    alone cannot tell, since something always fits best.
    """
    if encoder.alike_from is not None:
        return top.height == 0.0 or top.similarity < encoder.alike_from
    return top.height < LOW_PEAK
