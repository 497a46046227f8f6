"""WFS-SB: parts by wavelet, budget by worth, marginal relevance inside."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.rivals.wfs_sb import WFSSB, shares, wfs_sb_raw
from ntlbg.statistics.wavelets import coarsest_detail


def peaks_of(detail):
    """Local maxima of enough height, the highest first where two are too near, that stand out of their surroundings."""
    count = len(detail)
    mean = sum(detail) / count
    least = mean + 0.5 * math.sqrt(sum((x - mean) ** 2 for x in detail) / count)
    tops = [i for i in range(1, count - 1) if detail[i - 1] < detail[i] > detail[i + 1] and detail[i] >= least]
    kept = []
    for i in sorted(tops, key=lambda i: -detail[i]):
        if all(abs(i - j) >= max(5, int(0.02 * count)) for j in kept):
            kept.append(i)
    found = []
    for i in sorted(kept):
        left = right = i
        while left > 0 and detail[left - 1] <= detail[i]:
            left -= 1
        while right < count - 1 and detail[right + 1] <= detail[i]:
            right += 1
        base = max(min(detail[left : i + 1]), min(detail[i : right + 1]))
        if detail[i] - base >= 0.05 * (max(detail) - min(detail)):
            found.append(i)
    return found


def written(scores, features, k):
    """The paper's steps with loops."""
    count = len(scores)
    if count <= k:
        return list(range(count))
    ranked = sorted(range(count), key=lambda t: (-scores[t], t))
    detail = [abs(x) for x in coarsest_detail(np.array(scores), max(1, int(math.log2(count)) - 3))]
    borders = peaks_of(detail)
    if not borders:
        even = [int(i * (count - 1) / max(k // 2 - 1, 1)) for i in range(k // 2)]
        return sorted(even + [t for t in ranked if t not in even][: k - len(even)])

    def variance(values):
        mean = sum(values) / len(values)
        return sum((v - mean) ** 2 for v in values) / len(values)

    def cosine(i, j):
        return sum(a * b for a, b in zip(features[i], features[j], strict=True))

    def marginal(t, chosen):
        return 0.5 * (2 * scores[t] - 1) - 0.5 * max(cosine(t, u) for u in chosen)

    parts = [range(a, b) for a, b in zip([0, *borders], [*borders, count], strict=True)]
    worths = []
    for part in parts:
        s = [scores[t] for t in part]
        spread = variance(s) / (variance(scores) + 1e-8)
        worths.append(0.4 * len(s) / count + 0.2 * sum(s) / len(s) + 0.3 * max(s) + 0.1 * spread)
    kept = list(range(len(parts)))
    if len(parts) > 3:
        least = max(0.05, sum(worths) / len(worths) - 1.2 * math.sqrt(variance(worths)))
        kept = [i for i in kept if worths[i] >= least] or kept
    weights = [math.exp(worths[i]) for i in kept]
    exact = [k * w / sum(weights) for w in weights]
    counts = [math.floor(x) for x in exact]
    for i in sorted(range(len(kept)), key=lambda i: (counts[i] - exact[i], i))[: k - sum(counts)]:
        counts[i] += 1
    chosen = []
    for i, share in zip(kept, counts, strict=True):
        inside = []
        while len(inside) < min(share, len(parts[i])):
            left = [t for t in parts[i] if t not in inside]
            inside.append(max(left, key=lambda t: marginal(t, inside) if inside else scores[t]))
        chosen += inside
    while len(chosen) < k:
        chosen.append(max((t for t in range(count) if t not in chosen), key=lambda t: marginal(t, chosen)))
    return sorted(chosen)


def case(seed):
    """A curve of steps with noise and random unit features."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 140))
    features = rng.normal(size=(count, 3))
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    level = np.repeat(rng.random(count), rng.integers(1, 30, count))[:count]
    return features, level + 0.1 * rng.normal(size=count)


@pytest.mark.parametrize("seed", range(24))
def test_it_is_the_written_rule(seed):
    """Same frames as the paper's steps on relevance of any scale, for budgets small and large."""
    features, relevance = case(seed)
    count = len(relevance)
    scores = (relevance - relevance.min()) / np.ptp(relevance)
    video = VideoIndex("v", features, np.arange(float(count)), 25.0, 25 * count, float(count))
    looks = features.astype(float)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    for k in (1, 5, 12, count // 2 + 1, count):
        picks = WFSSB().select(video, Query("q", 40 * relevance - 7), k).indices.tolist()
        assert picks == written(scores.tolist(), looks.tolist(), min(k, count)), k


@pytest.mark.parametrize("seed", range(4))
def test_the_raw_list_is_the_written_rule_on_the_scores_themselves(seed):
    """Where relevance is a probability that reaches 0 and 1, the released list is the rule's."""
    features, relevance = case(seed)
    scores = (relevance - relevance.min()) / np.ptp(relevance)
    looks = features.astype(float)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    k = min(8, len(scores))
    assert sorted(wfs_sb_raw(scores, features, k).tolist()) == written(scores.tolist(), looks.tolist(), k)
    assert wfs_sb_raw(scores, features, len(scores) + 5).tolist() == list(range(len(scores)))


def test_raw_cosines_leave_looks_alone_in_charge(made_up):
    """Scores that are cosines near 0.25 weigh nothing against looks; by their range they count."""
    video, query = made_up(400, moment=200)
    cosines = Query("q", 0.25 + 0.002 * query.relevance)
    blind = WFSSB(relevance_share=1e-9, raw=True).select(video, cosines, 24)
    shared = [len(set(WFSSB(raw=raw).select(video, cosines, 24).indices) & set(blind.indices)) for raw in (True, False)]
    assert shared[0] >= 20 > 16 >= shared[1]
    mean = [cosines.relevance[WFSSB(raw=raw).select(video, cosines, 24).indices].mean() for raw in (True, False)]
    assert mean[0] < mean[1]


def test_a_curve_without_a_peak_is_covered_evenly_and_by_its_best(made_up):
    """Half of the budget from the first frame to the last, the other half the most relevant."""
    video, _ = made_up(41)
    assert WFSSB().select(video, Query("q", np.full(41, 0.3)), 9).indices.tolist() == [0, 1, 2, 3, 4, 5, 13, 26, 40]
    assert WFSSB().select(video, Query("q", np.full(41, 0.3)), 1).indices.tolist() == [0]


def test_borders_lie_where_relevance_changes(made_up):
    """A plateau of half a minute gets a border near each of its ends, single outliers none."""
    curve = 0.02 * np.random.default_rng(0).normal(size=300)
    curve[120:170] += 1
    curve[[40, 250]] += 0.5
    borders = WFSSB().borders(curve)
    for end in (120, 170):
        assert np.abs(borders - end).min() <= 12
    assert not np.any(np.abs(borders - 40) <= 5)


def test_shares_are_whole_and_add_up():
    """Largest remainders get what is over; equal parts share evenly, the earlier first."""
    assert shares(np.zeros(4), 10) == [3, 3, 2, 2]
    assert shares(np.log([6.0, 3.0, 1.0]), 7) == [4, 2, 1]
    assert sum(shares(np.random.default_rng(0).random(50), 8)) == 8
