"""What a trained model is given of one question, alone and side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ntlbg.errors import InputError
from ntlbg.modeling.sample import collate
from ntlbg.statistics.robust import robust_z
from tests.modeling.questions import FEATURES, QUERY, ragged, sample

CPU = torch.device("cpu")


def unseen(frames):
    raise AssertionError("nothing is to be seen")


def test_the_tilted_law_is_a_law_on_the_frames():
    """Weights are positive, sum to 1 and follow the relevance; a flat curve weighs all frames alike."""
    one = sample(0)
    assert np.isclose(one.weights.sum(), 1)
    assert (np.argsort(one.weights) == np.argsort(one.relevance)).all()
    np.testing.assert_array_equal(one.z, robust_z(one.relevance))
    flat = sample(0, relevance=np.full(20, 3.0))
    np.testing.assert_allclose(flat.weights, 1 / 20)


def test_padding_is_marked_as_such():
    """Masks say which frames, picks and proposals are real; every sample stands whole in its row."""
    samples = ragged()
    batch = collate(samples, QUERY, unseen, CPU)
    for b, one in enumerate(samples):
        T, K = len(one.features), len(one.indices)
        assert batch.mask[b].sum() == T
        assert batch.proposed[b].tolist() == [True] * K + [False] * (batch.pool.shape[1] - K)
        assert batch.allowed[b].nonzero()[:, 0].tolist() == list(one.indices)
        np.testing.assert_array_equal(batch.features[b, :T], one.features)
        np.testing.assert_array_equal(batch.visual[b, :K], one.visual)
        assert not batch.features[b, T:].any()
        assert not batch.weights[b, T:].any()


def test_frames_of_all_samples_are_seen_at_once():
    """One call of the vision tower for a batch, and each sample gets its own tokens."""
    frames = np.random.default_rng(0).integers(0, 256, (8, 4, 6, 3), dtype=np.uint8)
    calls = []

    def see(stack):
        calls.append(len(stack))
        return torch.from_numpy(stack[:, 0, :2].astype(np.float32))

    samples = [sample(0, picks=5, frames=frames[:5]), sample(1, picks=3, frames=frames[5:])]
    batch = collate(samples, QUERY, see, CPU)
    assert calls == [8]
    np.testing.assert_array_equal(batch.visual[1, :3], frames[5:, 0, :2])


def test_only_blind_samples_have_one_empty_pick():
    """A batch in which nobody sees anything still has a shape."""
    batch = collate([sample(4, T=7, picks=0)], QUERY, unseen, CPU)
    assert batch.visual.shape[:2] == (1, 1)
    assert not batch.proposed.any()
    assert not batch.allowed.any()


def test_a_question_without_vector_is_zero():
    """Zeros stand for an encoder that gives none."""
    batch = collate([sample(0), replace(sample(1), query=None)], QUERY, unseen, CPU)
    assert batch.query[0].any()
    assert not batch.query[1].any()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"features": np.zeros((0, FEATURES))}, "T ≥ 1"),
        ({"relevance": np.zeros(3)}, "relevance"),
        ({"timestamps_s": np.zeros(3)}, "timestamps"),
        ({"indices": np.array([3, 2, 4, 5, 6, 7])}, "do not rise"),
        ({"indices": np.array([3, 4, 5, 6, 7, 20])}, "not of the 20 frames"),
        ({"visual": None}, "6 picks came with 0"),
        ({"visual": np.zeros((5, 6, 64))}, "6 picks came with 5"),
        ({"answer": 2}, "none of the 2 options"),
    ],
)
def test_a_malformed_sample_says_what_is_wrong(changed, says):
    """Refused before any model sees it."""
    with pytest.raises(InputError, match=says):
        sample(0, **changed)


def test_samples_of_different_make_are_not_mixed():
    """Widths and numbers of tokens must agree within a batch."""
    for other, says in [
        (sample(1, features=np.zeros((20, FEATURES + 1))), "width"),
        (sample(1, query=np.zeros(QUERY + 1)), "width"),
        (sample(1, tokens=1), "visual tokens"),
    ]:
        with pytest.raises(InputError, match=says):
            collate([sample(0), other], QUERY, unseen, CPU)
    with pytest.raises(InputError, match="reads 9"):
        collate([sample(0)], 9, unseen, CPU)
