"""`ntlbg` against a second version of itself: dense matrices, loops, no blocks, no cache, no sparse sums.

The plain version imports nothing of the product, so that a mistake in a shared helper cannot hide.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kurtosis

from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.registry import make


def gauss(values, times, h=0.7):
    """Gaussian smoothing with repeated edges, as a dense matrix."""
    n = len(values)
    sd = h / np.median(np.diff(times))
    if sd <= 0.2:
        return np.asarray(values, dtype=np.float64)
    reach = int(4 * sd + 0.5)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-(offsets**2) / (2 * sd**2))
    kernel /= kernel.sum()
    matrix = np.zeros((n, n))
    for i in range(n):
        for weight, j in zip(kernel, np.clip(i + offsets, 0, n - 1), strict=True):
            matrix[i, j] += weight
    return matrix @ np.asarray(values, dtype=np.float64)


def rz(x):
    """Robust standardisation."""
    mad = 1.4826 * np.median(np.abs(x - np.median(x)))
    scale = mad if mad > 0 else np.std(x)
    return (x - np.median(x)) / scale if scale > 0 else np.zeros_like(x)


def dist2(a, b):
    """All squared distances."""
    return np.square(a[:, None, :] - b[None, :, :]).sum(axis=2)


def recipe(features, relevance, times, k, steps, most=512, per_pick=16):
    """Indices, masses, explained and the frames of the M representatives, after so many LBG steps."""
    n = len(times)
    x = gauss(features, times)
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    xc = x - x.mean(axis=0)
    _, _, directions = np.linalg.svd(xc, full_matrices=False)
    scores = xc @ directions[:64].T
    yf = scores / np.sqrt(np.square(scores).sum(axis=1).mean())
    y = np.column_stack([yf, (times - times.mean()) / times.std()])

    z = rz(gauss(np.clip(rz(relevance), -6, 6), times))
    anchors = np.arange(0, n, int(np.ceil(n / 600)))
    look = scores[:, :32] / np.sqrt(np.square(scores[:, :32]).sum(axis=1).mean())
    a = np.exp(-dist2(look, look[anchors]) / 0.30)
    a[np.abs(times[:, None] - times[anchors][None]) <= 30] = 0
    z = rz(z - 0.3 * (a @ z[anchors]) / (a.sum(axis=1) + 0.3))

    w = np.mean([np.exp(b * z) / np.exp(b * z).sum() for b in (0.3, 1, 2)], axis=0)
    if n <= k:
        frames = np.arange(n)
        chosen = list(range(n))
    else:
        m = max(min(int(0.75 * n), max(most, per_pick * k)), k)
        cumulative = np.cumsum(w)
        net = (np.arange(1, m + 1) - 0.5) / m
        centres = y[[int(np.flatnonzero(cumulative >= u)[0]) for u in net]]
        for _ in range(steps):
            d = dist2(y, centres)
            cells = d.argmin(axis=1)
            near = d[np.arange(n), cells]
            for cell in range(m):
                if not np.any(cells == cell):
                    crowded = np.bincount(cells, minlength=m)[cells] > 1
                    point = int(np.argmax(np.where(crowded, w * near, -1)))
                    cells[point], near[point] = cell, 0.0
            centres = np.array([np.average(y[cells == c], axis=0, weights=w[cells == c]) for c in range(m)])
        near = np.square(y - centres[cells]).sum(axis=1)
        frames = []
        for c in range(m):
            members = np.flatnonzero(cells == c)
            mean = near[members].mean()
            frames.append(members[np.argmax(3 * z[members] - (near[members] / mean if len(members) > 1 else 0))])
        frames = np.sort(frames)
        sharp = np.clip((kurtosis(z) - 0.5) / 1.5, 0, 1)  # by how far the curve's tails reach
        weight, share, width = 0.12 * 1.5**sharp, 0.1 + 0.5 * sharp, 120 * (10 / 120) ** sharp
        kernel = (x[frames] @ x[frames].T) * (
            1 - share + share * np.exp(-dist2(times[frames, None], times[frames, None]) / (2 * width**2))
        )
        chosen = []
        for _ in range(k):
            noisy = kernel[np.ix_(chosen, chosen)] + 0.01 * np.eye(len(chosen))
            across = kernel[chosen]
            v = (
                np.diag(kernel) + 0.01 - (across * np.linalg.solve(noisy, across)).sum(axis=0)
                if chosen
                else np.diag(kernel) + 0.01
            )
            value = weight * z[frames] + np.log(v)
            value[chosen] = -np.inf
            chosen.append(int(np.argmax(value)))
    indices = np.sort(np.asarray(frames)[chosen])
    d = dist2(y, y[indices])
    masses = np.array([w[d.argmin(axis=1) == j].sum() for j in range(len(indices))])
    spread = w @ np.square(y - w @ y).sum(axis=1)
    return indices, masses, 1 - (w @ d.min(axis=1)) / spread, frames


FEW = (48, 1)  # representatives, and per pick: so few that further steps move them, which 512 of these frames do not


@pytest.mark.parametrize(
    ("steps", "pool"),
    [(1, (512, 16)), (3, (512, 16)), (1, FEW), (3, FEW)],
    ids=["one", "three", "one few", "three few"],
)
@pytest.mark.parametrize(
    ("frames", "k"), [(40, 3), (90, 8), (300, 8), (300, 32), (700, 8), (900, 40), (12, 11), (5, 8)]
)
def test_the_rule_is_the_written_one(made_up, frames, k, steps, pool):
    """Blocks, caches and sparse sums change nothing: same representatives, frames, masses and explained share as the
    plain version, with the constants of the rule, with further LBG steps and with few representatives.
    """
    video, query = made_up(frames, seed=frames + k)
    rule = NTLBG(steps=steps, representatives=pool[0], representatives_per_pick=pool[1])
    indices, masses, explained, written = recipe(
        video.features, query.relevance, video.timestamps_s, k, rule.steps, *pool
    )
    if k < frames:
        law = rule.law(video, query)
        assert rule.snapped(law, rule.represent(law, k)).tolist() == written.tolist()
    chosen = rule.select(video, query, k)
    assert chosen.indices.tolist() == indices.tolist()
    np.testing.assert_allclose(chosen.masses, masses, atol=1e-9)
    assert chosen.explained == pytest.approx(explained, abs=1e-9)


def test_the_defaults_are_among_them():
    """One step and 512 representatives, or 16 for each pick."""
    assert make("ntlbg") == NTLBG(steps=1, representatives=512, representatives_per_pick=16)


def test_further_steps_move_few_representatives(made_up):
    """So the comparison above tells a rule of one step from one of three."""
    video, query = made_up(300, seed=308)
    one, three = (recipe(video.features, query.relevance, video.timestamps_s, 8, n, *FEW)[3] for n in (1, 3))
    assert one.tolist() != three.tolist()
