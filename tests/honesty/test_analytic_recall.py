"""Uniform and random sampling have recalls that can be computed; what is measured must agree."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from ntlbg.corpus.planted import plan_video
from ntlbg.evaluation.evidence import Item, recall, shown
from ntlbg.records.query import Query
from ntlbg.records.question import Kind
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import registry

K, VIDEOS = 8, 150


@pytest.fixture(scope="module")
def moments():
    """One question a video (so that trials are independent): candidate frames at 1 fps, and its single item."""
    out = []
    for i in range(VIDEOS):
        plan = plan_video(99, "test", "analytic", i)
        times = np.arange(0, plan.duration_s, 1.0)
        video = VideoIndex(f"v{i}", np.ones((len(times), 2)), times, plan.fps, 1, plan.duration_s)
        question = next(q for q in plan.questions if q.kind is Kind.ONE_MOMENT)
        item = Item(tuple((start, end, 0.0) for _, start, end in question.evidence))
        out.append((video, Query(question.text, np.zeros(len(times))), (item,)))
    return out


def measured(selector, moments):
    return sum(recall(items, selector.select(video, query, K).timestamps_s) for video, query, items in moments)


def test_uniform_hits_as_often_as_its_step_says(moments):
    """A moment of L seconds is hit with probability min(1, k L / T): its phase against the grid is uniform."""
    chances = [
        min(1.0, K * sum(end - start for item in items for start, end, _ in item.intervals) / video.duration_s)
        for video, _, items in moments
    ]
    hits = measured(registry.make("uniform"), moments)
    assert binomtest(round(hits), VIDEOS, float(np.mean(chances))).pvalue > 0.005


def test_random_hits_as_often_as_drawing_without_replacement(moments):
    """With m of T candidates inside the moment, k random ones miss it with probability C(T-m, k) / C(T, k)."""
    chances = []
    for video, _, items in moments:
        T, m = len(video), int(shown(items, video.timestamps_s).sum())
        chances.append(1 - math.comb(T - m, K) / math.comb(T, K))
    hits = measured(registry.make("random", seed=3), moments)
    assert binomtest(round(hits), VIDEOS, float(np.mean(chances))).pvalue > 0.005
