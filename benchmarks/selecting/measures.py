"""What one selection of a planted video is worth: recall, error, evenness, time."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.selecting.generator import Planted
from ntlbg.errors import NTLBGError
from ntlbg.selection.baselines.kmedoids import KMedoids
from ntlbg.selection.contract import Selector
from ntlbg.selection.tilted import Law
from ntlbg.statistics import laws
from ntlbg.statistics.points import nearest
from ntlbg.statistics.uniformity import temporal_uniformity

LAW = KMedoids  # its law, the tilted one with the default constants, is what errors are measured under


def row_of(selector: Selector, planted: Planted, law: Law, k: int) -> dict[str, Any]:
    """What one selection is worth.

    recall: weighted share of the evidence. error_plain, error_tilted: mean squared distance to the nearest pick as a
    share of the trace, in the principal scores of the video, all frames alike or weighed by the question's law.
    evenness: in time. ms: processor time, the video's space being prepared. failed: why there is none of these, or "".
    """
    nothing = dict.fromkeys(("recall", "error_plain", "error_tilted", "evenness", "ms"), np.nan)
    started = time.thread_time()
    try:
        picks = selector.select(planted.video, planted.query, k).indices
    except Exception as error:  # an arm that fails is shown as failed, and the others go on
        said = error.sentence if isinstance(error, NTLBGError) else str(error)
        return {**nothing, "failed": f"{type(error).__name__}: {said}"[:200]}
    taken = 1e3 * (time.thread_time() - started)
    T = len(planted.video)
    if len(picks) != min(k, T):
        return {**nothing, "failed": f"{len(picks)} frames for k = {k}"}
    scores = law.space.points[:, :-1]
    plain = np.full(T, 1 / T)
    _, distance2 = nearest(scores, scores[picks])
    return {
        "recall": planted.evidence.recall(planted.video.timestamps_s[picks]),
        "error_plain": float(plain @ distance2) / laws.trace(scores, plain),
        "error_tilted": float(law.weights @ distance2) / laws.trace(scores, law.weights),
        "evenness": temporal_uniformity(picks + 0.5, 0.0, T),  # a frame is on screen for a second
        "ms": taken,
        "failed": "",
    }
