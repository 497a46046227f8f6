"""The seed's rule as printed."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.registry import make
from ntlbg.selection.seed.ellipsoid import on_sphere, shell_band, snapped, sphere_net
from ntlbg.selection.seed.median_shell import nearest_to_median


def tilted_by_hand(relevance):
    """The question's law without smoothing and contrast."""

    def z(x):
        centred = x - np.median(x)
        return centred / (1.4826 * np.median(np.abs(centred)))

    curve = z(np.clip(z(relevance), -6, 6))
    return sum(np.exp(b * curve) / np.exp(b * curve).sum() for b in (0.3, 1.0, 2.0)) / 3


@pytest.mark.parametrize(("frames", "k"), [(40, 3), (90, 8), (90, 90), (61, 1)])
def test_it_is_the_written_rule(frames, k):
    """Dense covariance, its inverse, one distance at a time, then the k nearest to the median in turn."""
    for seed in range(5):
        rng = np.random.default_rng([seed, frames])
        features = rng.normal(size=(frames, 7)).astype(np.float32)
        relevance = rng.normal(size=frames)
        video = VideoIndex("v", features, np.arange(float(frames)), 25.0, 25, 1.0)
        rule = make("median_shell", smoothing_s=0, contrast=0)

        x = features.astype(float)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        w = tilted_by_hand(relevance)
        mu = sum(w[t] * x[t] for t in range(frames))
        sigma = sum(w[t] * np.outer(x[t] - mu, x[t] - mu) for t in range(frames))
        distances = [float((row - mu) @ np.linalg.inv(sigma) @ (row - mu)) for row in x]
        median = sorted(distances)[(frames - 1) // 2]
        wanted = sorted(range(frames), key=lambda t: (abs(distances[t] - median), t))[:k]
        assert rule.select(video, Query("q", relevance), k).indices.tolist() == sorted(wanted)


def test_the_median_itself_comes_first_and_ties_go_to_the_earlier():
    """Of four distances the lower of the two in the middle is the target; equally far ones keep their order."""
    assert nearest_to_median(np.array([4.0, 2.0, 1.0, 3.0]), 4).tolist() == [1, 2, 3, 0]
    assert nearest_to_median(np.zeros(5), 3).tolist() == [0, 1, 2]


def test_nearly_every_frame_lies_on_the_shell():
    """What the rule rests on says little: of independent frames in 64 directions 95 % lie within 40 % of the median."""
    rng = np.random.default_rng(0)
    video = VideoIndex("v", rng.normal(size=(2000, 96)), np.arange(2000.0), 25.0, 1, 2000.0)
    law = make("median_shell", smoothing_s=0).law(video, Query("q", np.zeros(2000)))
    scores = law.space.points[:, :-1]
    distance2 = np.square(scores / scores.std(axis=0)).sum(axis=1)
    assert np.mean(np.abs(distance2 / np.median(distance2) - 1) < 0.4) > 0.95


def shots(seed, frames=2048, width=64, count=64):
    """A video of 64 shots of uneven length, each with a look of its own: (shot of each frame, video)."""
    rng = np.random.default_rng([47, seed])
    cuts = np.sort(rng.choice(np.arange(1, frames), count - 1, replace=False))
    shot = np.searchsorted(cuts, np.arange(frames), side="right")
    features = rng.normal(size=(count, width))[shot] + 0.5 * rng.normal(size=(frames, width))
    return shot, VideoIndex(f"shots-{seed}", features, np.arange(float(frames)), 25.0, 1, float(frames))


def error_left(video, chosen):
    """Mean squared distance to the nearest chosen frame, as a share of that to the mean."""
    x = video.features.astype(np.float64)
    norms = np.square(x).sum(axis=1)
    distance2 = norms[:, None] + norms[chosen] - 2 * x @ x[chosen].T
    return distance2.min(axis=1).mean() / np.square(x - x.mean(axis=0)).sum(axis=1).mean()


def test_a_real_ntlbg_beats_the_median_shell_and_random():
    """Net on the sphere to 1e-5, error never rising, frames in the reported band; more shots, less error.

    Five videos of 64 shots, T = 2048, d = 64, k = 64, no question. Over ten such videos the shots shown and the
    relative error were: median_shell 16 and 0.90, random 32 and 0.63, uniform 40 and 0.47, ellipsoid 52 and 0.42,
    ntlbg 64 and 0.41. With shots of equal length uniform would show all 64 too.
    """
    names = ("median_shell", "random", "uniform", "ellipsoid", "ntlbg")
    shown, error = {name: [] for name in names}, {name: [] for name in names}
    flat = Query("q", np.zeros(2048))
    ellipsoid, ntlbg = make("ellipsoid"), make("ntlbg")
    for seed in range(5):
        shot, video = shots(seed)
        for name in names:
            chosen = make(name).select(video, flat, 64).indices
            shown[name].append(len(set(shot[chosen])))
            error[name].append(error_left(video, chosen))

        law = ellipsoid.law(video, flat)
        points = ellipsoid.points(law)
        np.testing.assert_allclose(np.linalg.norm(sphere_net(64, points.shape[1]), axis=1), 1, atol=1e-5)
        shell = on_sphere(points, law.weights, 64, ellipsoid.steps)
        np.testing.assert_allclose(np.square(shell.points).sum(axis=1), shell.c, rtol=1e-5)
        for errors in (shell.errors, ntlbg.represent(ntlbg.law(video, flat), 64).errors):
            assert np.all(np.diff(errors) <= 1e-12)
        low, high = shell_band(points, snapped(points, shell), shell.c)
        assert 0.25 < low < 1 < high < 2

    for name in ("ellipsoid", "ntlbg"):
        for beaten in ("median_shell", "random"):
            assert min(np.subtract(shown[name], shown[beaten])) > 0
            assert max(np.subtract(error[name], error[beaten])) < 0
    assert np.mean(shown["median_shell"]) < np.mean(shown["random"])  # the seed's rule against chance
    assert np.mean(shown["uniform"]) < np.mean(shown["ellipsoid"]) < np.mean(shown["ntlbg"])
    assert np.mean(error["uniform"]) > np.mean(error["ellipsoid"])
