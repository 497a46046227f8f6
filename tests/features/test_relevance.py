"""Relevance curves."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.features.index import Features
from ntlbg.features.relevance import is_flat, make_query, peak, similarity
from ntlbg.records.arrays import Array
from ntlbg.records.video_index import VideoIndex
from tests.features.conftest import Colours


def features(vectors: Array) -> Features:
    vectors = np.asarray(vectors, np.float32)
    t = len(vectors)
    return Features(VideoIndex("v", np.ones((t, 2)), np.arange(t, dtype=float), 1, t, t), vectors)


def test_the_best_view_counts() -> None:
    """similarity is the largest cosine over a frame's views, and the plain cosine with one view."""
    vectors = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [0.6, 0.8, 0]]])
    np.testing.assert_allclose(similarity(vectors, np.eye(3)), [[1, 1, 0], [0.6, 0.8, 1]])
    np.testing.assert_allclose(similarity(vectors[:, 0], np.eye(3)), [[1, 0, 0], [0, 0, 1]])


def test_hubs_are_discounted(colours: Colours) -> None:
    """A frame's mean score over the background queries is taken off, so one that fits everything falls behind."""
    found = features([[0.9, 0.3, 0.3], [0.8, 0.0, 0.6]])
    plain = make_query("red", found, colours)
    np.testing.assert_allclose(plain.relevance, [0.9, 0.8], rtol=1e-6)
    colours.background = np.array([[0, 1, 0], [0, 1, 0]], np.float32)
    np.testing.assert_allclose(make_query("red", found, colours).relevance, [0.6, 0.8], rtol=1e-6)
    assert plain.vector is not None
    np.testing.assert_array_equal(plain.vector, [1, 0, 0])


def test_the_question_reaches_the_encoder_as_its_phrase(colours: Colours, monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder's own phrase is what is compared; the query keeps the user's words."""
    monkeypatch.setattr(colours, "phrase", lambda text: "blue")
    query = make_query("what is red", features(np.eye(3)), colours)
    np.testing.assert_array_equal(query.relevance, [0, 0, 1])
    assert query.text == "what is red"


def test_an_encoder_may_read_questions_its_own_way(colours: Colours, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own curve is taken as it is, and its own views are what texts are compared with."""
    monkeypatch.setattr(colours, "relevance", lambda text, vectors: vectors[:, 4].astype(float))
    monkeypatch.setattr(colours, "views", lambda vectors: vectors[:, :3])
    found = features([[0, 0.6, 0.8, 0, 7], [1, 0, 0, 0, 5]])
    query = make_query("red", found, colours)
    np.testing.assert_array_equal(query.relevance, [7, 5])
    assert peak(query, found, colours).similarity == 1


def test_foreign_features_and_empty_questions_are_refused(colours: Colours) -> None:
    """Features of another encoder's width, and a question of blanks, are errors."""
    with pytest.raises(InputError, match="not by `colours`"):
        make_query("red", features(np.ones((2, 5))), colours)
    with pytest.raises(InputError, match="empty"):
        make_query("  ", features(np.eye(3)), colours)


def test_a_flat_curve_is_known(colours: Colours) -> None:
    """All frames alike is flat; one frame that stands out is not; a known floor of similarity overrides height."""
    same = features(np.tile([[0.0, 1.0, 0.0]], (50, 1)))
    query = make_query("red", same, colours)
    top = peak(query, same, colours)
    assert (top.height, top.similarity) == (0, 0)
    assert is_flat(top, colours)
    vectors = np.tile([[0.0, 1.0, 0.0]], (50, 1))
    vectors[:, 0] = np.random.default_rng(0).normal(0, 0.01, 50)
    vectors[31] = [0.15, 0.9, 0]
    one = features(vectors)
    top = peak(make_query("red", one, colours), one, colours)
    assert top.at_s == 31
    assert not is_flat(top, colours)
    colours.alike_from = 0.2
    assert is_flat(top, colours)
