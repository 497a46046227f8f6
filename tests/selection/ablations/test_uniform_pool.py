"""NTLBG's thinning over uniform frames."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest

from ntlbg.selection.registry import make


@pytest.mark.parametrize(("frames", "size"), [(100, 75), (300, 225), (1000, 512)])
def test_the_pool_is_even_and_blind_to_the_question(made_up, frames, size):
    """M different frames at even steps; every choice lies among them."""
    video, query = made_up(frames, width=16)
    rule = make("ntlbg_uniform_pool")
    pool = rule.pool(video, rule.law(video, query), 8)
    centres = [Fraction((2 * i + 1) * frames, 2 * size) for i in range(size)]
    assert pool.tolist() == [ceil(centre) - 1 for centre in centres]
    assert set(rule.select(video, query, 8).indices) <= set(pool)
