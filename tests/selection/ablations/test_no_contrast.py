"""NTLBG without contrast."""

from __future__ import annotations

import numpy as np

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.registry import make


def test_a_background_that_scores_everywhere_keeps_its_relevance():
    """Two scenes score alike, one of them is shown again and again: only `ntlbg` ranks the other one higher."""
    rng = np.random.default_rng(0)
    often, once, plain = rng.normal(size=(3, 32))
    frames = np.arange(400)
    scene = np.where(frames % 100 < 20, 1, 0)
    scene[350:370] = 2
    features = np.stack([plain, often, once])[scene] + 0.1 * rng.normal(size=(400, 32))
    video = VideoIndex("v", features, frames.astype(float), 25.0, 10_000, 400.0)
    query = Query("q", 3.0 * (scene > 0) + 0.5 * rng.normal(size=400))
    lead = {}
    for name in ("ntlbg", "ntlbg_no_contrast"):
        z = make(name).law(video, query).z
        lead[name] = np.median(z[scene == 2]) - np.median(z[scene == 1])
    assert lead["ntlbg"] > lead["ntlbg_no_contrast"] + 0.3
    assert abs(lead["ntlbg_no_contrast"]) < 0.5 * lead["ntlbg"]
