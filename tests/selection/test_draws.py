"""The generator of a question."""

from __future__ import annotations

import numpy as np

from ntlbg.records.query import Query
from ntlbg.selection.baselines.random import Random
from ntlbg.selection.rivals.draws import generator


def test_it_is_the_generator_of_random(made_up):
    """The k smallest of its first T numbers are the frames that `random` chooses."""
    video, query = made_up(100)
    smallest = np.sort(np.argsort(generator(3, video, query).random(100))[:9])
    assert np.array_equal(Random(seed=3).select(video, query, 9).indices, smallest)


def test_seed_video_and_text_decide_and_nothing_else(made_up):
    """Each of the three changes the numbers; the curve does not, nor what was drawn before."""
    (video, query), other = made_up(50), made_up(50, seed=1)[0]
    first = generator(0, video, query).random()
    assert generator(0, video, Query(query.text, -query.relevance)).random() == first
    others = {
        generator(1, video, query).random(),
        generator(0, other, query).random(),
        generator(0, video, Query("another", query.relevance)).random(),
    }
    assert len(others | {first}) == 4
