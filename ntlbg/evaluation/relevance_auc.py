"""How well relevance alone tells evidence frames from the rest: the difficulty of a corpus for an encoder.

Opens evidence, so it belongs to scoring. AUC of one question = probability that a frame which shows its evidence is
more relevant than one which does not (ties count half); 0.5 is no knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ntlbg.errors import NTLBGError
from ntlbg.evaluation.evidence import Items, items_of, shown
from ntlbg.evaluation.picking import Videos, by_video
from ntlbg.records.arrays import Array
from ntlbg.records.question import Question

if TYPE_CHECKING:
    from ntlbg.features.encoders import Encoder


def auc(relevance: Array, positive: Array) -> float | None:
    """AUC of `relevance` [T] for the frames marked in `positive` [T]; None when all or none are marked."""
    from scipy.stats import rankdata

    marked = np.asarray(positive, dtype=bool)
    n, m = int(marked.sum()), int((~marked).sum())
    if n == 0 or m == 0:
        return None
    ranks = rankdata(np.asarray(relevance, dtype=np.float64))
    return float((ranks[marked].sum() - n * (n + 1) / 2) / (n * m))


def relevance_auc(
    questions: Sequence[Question], evidence: Mapping[str, Items], *, videos: Videos, encoder: Encoder
) -> float | None:
    """Mean AUC over the questions that have evidence in some but not all candidate frames; None without any."""
    from ntlbg.features.relevance import make_query

    found = []
    for video_id, group in by_video(questions).items():
        asked = [q for q in group if items_of(evidence, q.question_id)]
        if not asked:
            continue
        try:
            features = videos.load(video_id)
        except NTLBGError:
            continue  # a video without frames has error rows already; it has no curve to judge
        for question in asked:
            try:
                curve = make_query(question.text, features, encoder).relevance
            except NTLBGError:
                continue  # likewise: its rows are errors
            value = auc(curve, shown(evidence[question.question_id], features.index.timestamps_s))
            if value is not None:
                found.append(value)
    return float(np.mean(found)) if found else None
