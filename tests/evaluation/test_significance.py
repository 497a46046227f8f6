"""Tests of the tests: against references, against brute force, and by simulation under the null."""

from __future__ import annotations

import gc
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.evaluation.rows import Row, table
from ntlbg.evaluation.significance import compare_arms, family, holm, mcnemar, sign_flip

PAIRED = {
    *("arm", "against", "kind", "n", "delta", "ci", "wins", "losses"),
    *("p_permutation", "p_holm", "p_mcnemar", "metric"),
}


def rows_of(values: dict[str, list[bool | None]], videos: list[str], kinds: list[str] | None = None) -> pd.DataFrame:
    """Rows of made-up arms; evidence recall follows `correct`."""
    made = []
    for arm, marks in values.items():
        for place, mark in enumerate(marks):
            made.append(
                Row(
                    question_id=f"q{place}",
                    video_id=videos[place],
                    arm=arm,
                    selector=arm.rsplit("-", 1)[0],
                    k=8,
                    presentation="frames",
                    kind=kinds[place] if kinds else "one_moment",
                    correct=mark,
                    evidence_recall=None if mark is None else float(mark),
                )
            )
    return table(made)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0])), min_size=1, max_size=24))
@settings(max_examples=60, deadline=None)
def test_the_exact_test_is_the_brute_force(pairs: list[tuple[int, float]]) -> None:
    """p = share of all sign patterns over videos whose |mean| reaches the observed one."""
    videos = np.array([f"v{v}" for v, _ in pairs])
    differences = np.array([d for _, d in pairs])
    names = sorted(set(videos))
    sums = [differences[videos == name].sum() for name in names]
    patterns = list(product((-1, 1), repeat=len(names)))
    reached = [abs(sum(s * x for s, x in zip(p, sums, strict=True))) >= abs(sum(sums)) - 1e-9 for p in patterns]
    assert sign_flip(differences, videos, permutations=10_000, seed=0) == pytest.approx(np.mean(reached))


def test_the_exact_test_agrees_with_scipy(rng: np.random.Generator) -> None:
    """One question per video: scipy's exact paired permutation test gives the same p."""
    from scipy.stats import permutation_test

    for _ in range(5):
        d = rng.integers(-2, 3, size=10) + 0.5
        reference = permutation_test(
            (d, np.zeros(10)), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", vectorized=True
        )
        ours = sign_flip(d, np.arange(10).astype(str), permutations=2000, seed=0)
        assert ours == pytest.approx(reference.pvalue)


def test_monte_carlo_approaches_the_exact_p(rng: np.random.Generator) -> None:
    """Too few permutations for all patterns: a seeded sample of them, never p = 0, the same for the same seed."""
    d = rng.normal(0.4, 1, size=14)
    videos = np.arange(14).astype(str)
    exact = sign_flip(d, videos, permutations=2**14, seed=0)
    sampled = sign_flip(d, videos, permutations=2**14 - 1, seed=3)
    assert sampled == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 2**14) + 1e-4)
    assert sampled == sign_flip(d, videos, permutations=2**14 - 1, seed=3)
    assert sign_flip(np.ones(40), np.arange(40).astype(str), permutations=999, seed=1) == 1 / 1000


def under_the_null(rng: np.random.Generator, marks: bool) -> np.ndarray:
    """p values of 600 comparisons of equal arms on 25 videos of 6 questions; a video favours one arm on all of its
    questions. marks: differences of right and wrong (−1, 0, 1) instead of continuous ones."""
    p_values = []
    for trial in range(600):
        video = np.repeat(np.arange(25), 6)
        d = rng.normal(0, 0.6, size=25)[video] + rng.normal(0, 1, size=video.size)
        if marks:
            d = np.sign(d) * rng.integers(0, 2, size=video.size)
        p_values.append(sign_flip(d, video.astype(str), permutations=400, seed=trial))
    return np.array(p_values)


def test_p_is_uniform_under_the_null() -> None:
    """p falls below a level as often as the level says."""
    found = under_the_null(np.random.default_rng(11), marks=False)
    for level in (0.05, 0.2, 0.5, 0.8):
        assert np.mean(found <= level) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 600))


def test_p_is_valid_for_right_and_wrong() -> None:
    """Marks make ties, which count against a difference: p is never too small."""
    found = under_the_null(np.random.default_rng(12), marks=True)
    for level in (0.05, 0.2, 0.5, 0.8):
        assert np.mean(found <= level) <= level + 4 * np.sqrt(level * (1 - level) / 600)
    assert np.mean(found <= 0.2) > 0.1  # and not uselessly large


def test_clusters_matter() -> None:
    """Under the same clustered null a test that flips single questions cries wolf; flipping videos does not."""
    rng = np.random.default_rng(12)
    by_video, by_question = [], []
    for trial in range(300):
        video = np.repeat(np.arange(20), 10)
        d = rng.choice([-1.0, 1.0], size=20)[video] * (rng.random(video.size) < 0.5)
        by_video.append(sign_flip(d, video.astype(str), permutations=300, seed=trial))
        by_question.append(sign_flip(d, np.arange(d.size).astype(str), permutations=300, seed=trial))
    assert np.mean(np.array(by_video) <= 0.05) <= 0.09
    assert np.mean(np.array(by_question) <= 0.05) >= 0.25


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_swapping_the_arms_changes_no_p(differences: list[float]) -> None:
    """Two-sided: p of (a, b) is p of (b, a)."""
    d, videos = np.array(differences), np.array([f"v{i % 4}" for i in range(len(differences))])
    assert sign_flip(d, videos, permutations=999, seed=5) == sign_flip(-d, videos, permutations=999, seed=5)


@given(st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_mcnemar_is_the_exact_one_and_symmetric(wins: int, losses: int) -> None:
    """statsmodels' exact McNemar gives the same p; wins and losses may be swapped."""
    from statsmodels.stats.contingency_tables import mcnemar as reference

    p = mcnemar(wins, losses)
    assert p == pytest.approx(mcnemar(losses, wins))
    if wins + losses:
        assert p == pytest.approx(min(1.0, reference([[3, wins], [losses, 4]], exact=True).pvalue))
    else:
        assert p == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    """Same corrected values, in the order given."""
    from statsmodels.stats.multitest import multipletests

    gc.freeze()  # statsmodels collects garbage in every call: long, among all that other tests have loaded
    try:
        expected = multipletests(p_values, method="holm")[1].tolist()
    finally:
        gc.unfreeze()
    assert holm(p_values) == pytest.approx(expected)


def test_an_error_row_is_wrong_in_a_pair() -> None:
    """An arm that fails where the other is right loses; a question nobody can mark drops out."""
    rows = rows_of(
        {"ntlbg-8": [True, False, None], "uniform-8": [True, True, None]}, ["a", "b", "c"], ["one_moment"] * 3
    )
    rows.loc[(rows["arm"] == "ntlbg-8") & (rows["question_id"] == "q1"), "error"] = "video: corrupt"
    entry = compare_arms(rows, "ntlbg-8", "uniform-8", resamples=50, permutations=100, seed=1)
    assert entry is not None
    assert (entry["n"], entry["wins"], entry["losses"], entry["delta"]) == (2, 0, 1, -0.5)


def test_entries_are_the_contracts_and_by_kind() -> None:
    """Keys of `paired`; unknown kinds count in `all` alone; Holm is over the arms of a metric and kind."""
    rng = np.random.default_rng(4)
    n, videos = 60, [f"v{i % 10}" for i in range(60)]
    kinds = ["one_moment"] * 20 + ["whole_video"] * 20 + [""] * 20
    arms = {name: list(rng.random(n) < p) for name, p in (("uniform-8", 0.3), ("ntlbg-8", 0.9), ("random-8", 0.3))}
    rows = rows_of({name: [bool(x) for x in marks] for name, marks in arms.items()}, videos, kinds)
    pairs = [("ntlbg-8", "uniform-8"), ("random-8", "uniform-8")]
    entries = family(rows, pairs, resamples=200, permutations=2000, seed=1)
    assert set(entries[0]) == PAIRED
    assert [e["n"] for e in entries if e["kind"] == "all"] == [60] * 4
    assert {e["kind"] for e in entries} == {"all", "one_moment", "whole_video"}
    for metric in ("accuracy", "evidence_recall"):
        part = [e for e in entries if (e["metric"], e["kind"]) == (metric, "all")]
        assert [e["p_holm"] for e in part] == holm([e["p_permutation"] for e in part])
        assert all((e["p_mcnemar"] is None) == (metric == "evidence_recall") for e in part)
    best = entries[0]
    assert best["ci"][0] <= best["delta"] <= best["ci"][1]
    assert best["p_holm"] < 0.05


def test_an_unknown_arm_is_named() -> None:
    """A pair that does not exist is a sentence."""
    rows = rows_of({"uniform-8": [True]}, ["a"])
    with pytest.raises(InputError, match="no arm `ntlbg-8`"):
        compare_arms(rows, "ntlbg-8", "uniform-8", resamples=10, permutations=10, seed=1)
