"""What the rule `ntlbg` promises."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import checks
from ntlbg.selection.registry import make
from ntlbg.statistics.principal import principal_basis


def pick(video, query, k, **parameters):
    """The frames of `ntlbg`."""
    return make("ntlbg", **parameters).select(video, query, k).indices


@pytest.mark.parametrize("frames", [60, 300, 1200, 3600])
@pytest.mark.parametrize("k", [1, 4, 8])
def test_a_sharp_peak_is_always_picked(made_up, frames, k):
    """A needle of five frames, far above the noise, is hit by the first frame chosen, wherever it lies."""
    for seed, start in enumerate(np.linspace(0, frames - 5, 5).astype(int)):
        video, query = made_up(frames, seed=seed, moment=int(start))
        relevance = query.relevance.copy()
        relevance[start : start + 5] += 5
        chosen = pick(video, Query(query.text, relevance), k)
        assert np.any((chosen >= start - 1) & (chosen <= start + 5)), (seed, start, chosen)


@pytest.mark.parametrize("frames", [120, 300, 1200])
def test_the_most_relevant_representative_always_stays(made_up, frames):
    """Whatever k, the representative of highest relevance is among the frames."""
    rule = make("ntlbg")
    for seed in range(4):
        video, query = made_up(frames, seed=seed)
        law = rule.law(video, query)
        for k in (1, 2, 8, 40):
            representatives = rule.snapped(law, rule.represent(law, k))
            best = representatives[np.argmax(law.z[representatives])]
            assert best in rule.select(video, query, k).indices


def test_selections_are_nested_up_to_thirty_two(made_up):
    """The number of representatives depends on k only above 32: a larger budget keeps the smaller one's frames."""
    for seed, frames in enumerate((60, 300, 900)):
        video, query = made_up(frames, seed=seed)
        chosen = [set(pick(video, query, k).tolist()) for k in range(1, 33)]
        assert all(small < large for small, large in pairwise(chosen))


def ten_scenes(frames, seed):
    """A video that cuts every 8 s or so between ten scenes, and the scene of each frame."""
    rng = np.random.default_rng([seed, 5])
    looks = 1.2 * rng.normal(size=(10, 64))
    shot = np.repeat(np.arange(frames), 1 + rng.poisson(7, size=frames))[:frames]
    scene = rng.integers(10, size=frames)[shot]
    features = looks[scene] + 0.5 * rng.normal(size=(frames, 64))
    return VideoIndex(f"v{seed}", features, np.arange(float(frames)), 25.0, 25 * frames, float(frames)), scene


@pytest.mark.parametrize("frames", [300, 1200])
def test_flat_relevance_covers_the_video(frames):
    """Without relevance the rule covers: 16 frames show all ten scenes and spread over the whole time.

    Means over 20 such videos, k = 16: scenes shown 1.00 (uniform 0.82, random 0.77, k-medoids 0.97); temporal
    uniformity, 1 - the largest gap of the distribution functions, 0.83 and 0.86 (uniform 0.97, random 0.80).
    """
    shown, spread = [], []
    for seed in range(8):
        video, scene = ten_scenes(frames, seed)
        chosen = pick(video, Query("q", np.full(frames, 0.2)), 16)
        before = np.searchsorted(chosen, np.arange(frames), side="right") / 16
        spread.append(1 - np.abs(before - np.arange(1, frames + 1) / frames).max())
        shown.append(len(set(scene[chosen])) / len(set(scene)))
    assert np.mean(shown) > 0.97
    assert np.mean(spread) > 0.8
    assert min(spread) > 0.7


@given(
    frames=st.integers(1, 90),
    k=st.integers(1, 100),
    seed=st.integers(0, 99),
    gap=st.sampled_from([0.04, 0.5, 1.0, 9.7]),
)
@settings(max_examples=60, deadline=None)
def test_the_contract_holds_for_any_video(frames, k, seed, gap):
    """Any length, any budget, any rate."""
    video = checks.a_video(frames, seed=seed, times=np.arange(frames) * gap)
    checks.keeps_the_contract(make("ntlbg"), video, checks.a_query(frames, seed=seed), k)


def test_only_frames_far_above_make_a_curve_sharp(made_up):
    """Six black frames that match nothing change nothing of the trade-off; six that stand out as far do."""
    video, query = made_up(600, seed=3)
    rule, forms = make("ntlbg", smoothing_s=0.0, contrast=0.0), {}
    for sign in (-1, 0, 1):
        curve = np.random.default_rng(5).normal(size=600)
        curve[100:106] += 12 * sign
        forms[sign] = rule.trade_off(rule.law(video, Query(query.text, curve)))
    assert forms[-1] == forms[0] == (rule.relevance_weight, rule.time_share, rule.time_width_s)
    assert forms[1] == pytest.approx((0.18, rule.sharp_share, rule.sharp_width_s))


@given(scale=st.floats(1e-3, 1e3), level=st.floats(-100, 100), seed=st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_units_of_relevance_do_not_matter(made_up, scale, level, seed):
    """Cosines, percent or logits of the same order: an increasing straight line leaves the choice as it is."""
    video, query = made_up(150, seed=seed)
    moved = Query(query.text, level + scale * query.relevance)
    assert pick(video, moved, 8).tolist() == pick(video, query, 8).tolist()


def test_neither_the_axes_of_the_features_nor_the_clock_matter(made_up):
    """Rotated and rescaled features, and a video that starts at another time, give the same frames."""
    video, query = made_up(200)
    turned = video.features.astype(np.float64) @ ortho_group.rvs(96, random_state=3) * 7.0
    later = VideoIndex("v", turned, video.timestamps_s + 1234.0, 25.0, 5000, 1434.0)
    assert pick(later, query, 8).tolist() == pick(video, query, 8).tolist()


def test_a_basis_from_the_feature_file_gives_the_same_frames(made_up):
    """The directions may be computed with the features or here."""
    video, query = made_up(250)
    basis = principal_basis(video.features, video.timestamps_s)
    ready = VideoIndex("v", video.features, video.timestamps_s, 25.0, 6250, 250.0, basis)
    assert pick(ready, query, 8).tolist() == pick(video, query, 8).tolist()


def test_trust_follows_the_curve(made_up):
    """None in a constant curve, next to none in noise, much in a clear peak; never outside 0..1."""
    rng = np.random.default_rng(0)
    rule = make("ntlbg")
    for frames in (100, 300, 1200):
        video, query = made_up(frames)
        constant = rule.select(video, Query("q", np.full(frames, 0.3)), 8).trust
        noise = np.mean([rule.select(video, Query("q", rng.normal(size=frames)), 8).trust for _ in range(5)])
        peak = rule.select(video, query, 8).trust
        assert constant == 0.0
        assert noise < 0.1
        assert peak > 0.6


def test_more_frames_explain_more(made_up):
    """A nested, larger selection never explains less of the law, and all frames explain all of it."""
    video, query = made_up(120)
    shares = [make("ntlbg").select(video, query, k).explained for k in (*range(1, 33), 120)]
    assert np.all(np.diff(shares) >= -1e-12)
    assert shares[-1] == pytest.approx(1.0)


def test_another_question_gets_another_law(made_up):
    """Masses and choice move with the question: a local one is narrow, a flat one holds the whole video."""
    video, query = made_up(300, moment=100)
    rule = make("ntlbg")
    local, flat = rule.law(video, query).weights, rule.law(video, Query("q", np.zeros(300))).weights
    assert local[99:106].sum() > 0.4
    np.testing.assert_allclose(flat, 1 / 300)


PRINT_HASHES = """
from ntlbg.selection import checks, registry
for rule in registry.every():
    for frames, k in ((300, 8), (1300, 40)):
        video, query = checks.a_video(frames, width=200), checks.a_query(frames)
        chosen = rule.select(video, query, k)
        print(rule.name, chosen.sha256, chosen.masses.tobytes().hex(), chosen.explained)
"""


def test_equal_in_other_processes_with_other_thread_counts():
    """Frames, masses and explained share are equal bit for bit with one thread and with two."""
    printed = []
    for threads in ("1", "2"):
        limits = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", PRINT_HASHES],
            env=os.environ | limits,
            capture_output=True,
            text=True,
            check=True,
        )
        printed.append(done.stdout)
    assert printed[0] == printed[1]
    assert len(printed[0].splitlines()) >= 10


def test_low_trust_does_not_mean_coverage():
    """On white noise nothing is trusted, and the picks follow the noise all the same: they are not a flat curve's."""
    frames = 600
    video, rule = checks.a_video(frames), make("ntlbg")
    noise = Query("q", np.random.default_rng(0).normal(size=frames))
    chosen, flat = rule.select(video, noise, 8), rule.select(video, Query("q", np.zeros(frames)), 8)
    assert chosen.trust < 0.05
    assert rule.law(video, noise).z[chosen.indices].mean() > 1.5
    assert len(np.intersect1d(chosen.indices, flat.indices)) <= 1
