"""The embedded encoder, reading questions in other ways."""

from __future__ import annotations

import numpy as np

from benchmarks.film_phrasings import PHRASINGS, WAYS, WORDINGS, Reading
from ntlbg.features.conse import ConSE

QUESTION = "What colour is the big dog that rides a skateboard?"


def test_the_way_of_now_is_the_encoders_own() -> None:
    """So that differences to it are differences to what `embedded` does; every other way gives another curve."""
    vectors = np.random.default_rng(0).dirichlet(np.full(1000, 0.05), (6, 3)).astype(np.float32)
    own = ConSE().relevance(QUESTION, vectors)
    now, *others = (Reading(way).relevance(QUESTION, vectors) for way in WAYS)
    np.testing.assert_allclose(now, own, atol=1e-6)
    for other in others:
        assert not np.allclose(other, own, atol=1e-3)


def test_unstripped_keeps_asking_words_and_phrasings_are_many() -> None:
    """The first thing looked for is the whole, then one a word."""
    now, whole, all_words, phrased, both = (way(QUESTION) for way in WAYS.values())
    assert whole[0] == all_words[0] == [QUESTION]
    assert ["colour"] in all_words
    assert ["colour"] not in now
    assert (len(phrased[0]), len(both[0]), len(both[1])) == (len(PHRASINGS), len(PHRASINGS), len(WORDINGS))
