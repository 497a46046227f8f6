"""What the rules of another pool share."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from ntlbg.selection import registry
from ntlbg.selection.ablations.pool import Pooled


@dataclass(frozen=True)
class Ours(Pooled):
    """The pool of `ntlbg` itself."""

    name: ClassVar[str] = "ours"
    source: ClassVar[str] = "this test"

    def pool(self, video, law, k):
        return self.snapped(law, self.represent(law, k))


def test_with_the_pool_of_ntlbg_it_is_ntlbg(made_up):
    """Frames, masses and reports are equal: nothing but the pool differs."""
    video, query = made_up(300)
    for k in (1, 8, 40):
        one, other = Ours().select(video, query, k), registry.make("ntlbg").select(video, query, k)
        assert one.sha256 == other.sha256
        assert np.array_equal(one.masses, other.masses)
        assert (one.explained, one.trust) == (other.explained, other.trust)


@pytest.mark.parametrize("frames", [1, 2, 30, 100, 700])
@pytest.mark.parametrize("k", [1, 25, 45])
def test_the_pool_is_as_large_as_that_of_ntlbg(made_up, frames, k):
    """As many frames as there are representatives, for short and long videos, small and large budgets."""
    video, query = made_up(frames, width=16)
    k = min(k, frames)
    rule = registry.make("ntlbg")
    assert Ours().pool_size(frames, k) == len(rule.represent(rule.law(video, query), k).masses)


def test_what_they_share_is_no_rule():
    """The shared part is not listed."""
    assert inspect.isabstract(Pooled)
    assert Pooled not in registry.classes().values()
