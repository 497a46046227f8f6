"""Curves from the names of classes."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.features import named
from ntlbg.records.arrays import Array

RNG = np.random.default_rng(5)
C, E, T, V = 30, 8, 40, 3


def unit(x: Array) -> Array:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


NAMES = RNG.normal(size=(C, E))
BACKGROUND, WORDS, PHRASE = (unit(RNG.normal(size=(n, E))) for n in (5, 4, 1))
LOGITS = RNG.normal(size=(T, V, C)) * 2
P = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=-1, keepdims=True)


def test_a_column_is_standardised_and_a_constant_one_is_zero() -> None:
    """Mean 0 and standard deviation 1 per column; no division by zero."""
    out = named.standard(np.column_stack([RNG.normal(3, 5, 50), np.full(50, 7.0)]))
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(out[:, 0].std(), 1)
    np.testing.assert_array_equal(out[:, 1], 0)


def test_flattening_is_a_temperature_of_the_logits() -> None:
    """Probabilities to the power 1 / temperature, scaled to sum 1, are the softmax of the divided logits."""
    soft = np.exp(LOGITS / named.FLATTEN)
    np.testing.assert_allclose(named.flattened(P), soft / soft.sum(axis=-1, keepdims=True), rtol=1e-9)


def test_classes_weigh_as_their_names_are_alike() -> None:
    """Rows sum to 1, the most alike class weighs most, and its cosine is told."""
    weights, best = named.class_weights(unit(NAMES), WORDS)
    cosines = WORDS @ unit(NAMES).T
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_array_equal(weights.argmax(axis=1), cosines.argmax(axis=1))
    np.testing.assert_allclose(best, cosines.max(axis=1))


def test_the_curve_equals_a_slow_reference() -> None:
    """Words one by one in loops, as the text of the module says it."""
    classes = unit(NAMES)
    flat = P ** (1 / named.FLATTEN)
    flat /= flat.sum(axis=-1, keepdims=True)

    def one(vector: Array) -> tuple[Array, float]:
        a = classes @ vector
        w = np.exp((a - a.max()) / named.SOFT)
        y = np.array([max(view @ w / w.sum() for view in frame) for frame in flat])
        return (y - y.mean()) / y.std(), a.max()

    hubs = np.mean([one(b)[0] for b in BACKGROUND], axis=0)
    total, counted = np.zeros(T), 0.0
    for word in WORDS:
        z, best = one(word)
        total += max(best - named.GROUND, 0) * z
        counted += max(best - named.GROUND, 0)
    by_words = total / counted - named.HUBS * hubs
    whole = np.zeros(T)
    for t in range(T):
        views = []
        for p in P[t]:
            top = np.argsort(-p)[: named.TOP]
            views.append(unit(sum(p[i] * NAMES[i] for i in top)))
        whole[t] = max(v @ PHRASE[0] for v in views) - np.mean([max(v @ b for v in views) for b in BACKGROUND])
    expected = (by_words - by_words.mean()) / by_words.std() + named.WHOLE * (whole - whole.mean()) / whole.std()
    film = named.Film(P, NAMES, BACKGROUND)
    np.testing.assert_allclose(film.curve(PHRASE[0], WORDS), expected, atol=1e-9)


def test_words_like_no_class_leave_the_phrase_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No word above the ground: the curve is the phrase's, and background words add nothing."""
    monkeypatch.setattr(named, "GROUND", 1.1)
    curve = named.Film(P, NAMES, BACKGROUND).curve(PHRASE[0], WORDS)
    np.testing.assert_allclose(curve.std(), named.WHOLE)


def test_frames_all_alike_have_a_flat_curve() -> None:
    """One picture throughout gives zeros, not noise blown up."""
    same = np.tile(P[:1], (T, 1, 1))
    np.testing.assert_allclose(named.Film(same, NAMES, BACKGROUND).curve(PHRASE[0], WORDS), 0, atol=1e-9)
