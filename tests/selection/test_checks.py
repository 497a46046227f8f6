"""Every registered selector keeps every property; a broken one is caught."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import ClassVar

import numpy as np
import pytest

from ntlbg.selection import checks, registry
from ntlbg.selection.contract import Selector


@pytest.mark.parametrize("check", checks.ALL, ids=attrgetter("__name__"))
@pytest.mark.parametrize("selector", registry.every(), ids=attrgetter("name"))
def test_every_selector_keeps_every_property(selector, check):
    """A new selector is tested because it exists."""
    check(selector)


@dataclass(frozen=True)
class Broken(Selector):
    """Breaks one property, named by `how`."""

    name: ClassVar[str] = "broken"
    source: ClassVar[str] = "this test"
    how: str = ""
    calls: tuple[list[int], ...] = ([],)

    def _select(self, video, query, k):
        order = np.argsort(-query.relevance, kind="stable")
        if self.how == "too_few":
            return self.selection(video, order[: max(1, k - 1)])
        if self.how == "later_tie":
            return self.selection(video, len(video) - 1 - np.argsort(-query.relevance[::-1], kind="stable")[:k])
        if self.how == "remembers":
            self.calls[0].append(1)
            return self.selection(video, np.roll(order, len(self.calls[0]))[:k])
        if self.how == "masses":
            return self.selection(video, order[:k], masses=np.full(k, 1 / k) * (1 + 1e-8))
        if self.how == "level":
            return self.selection(video, np.roll(order, int(10 * query.relevance[0]))[:k])
        if self.how == "trusts":
            return self.selection(video, order[:k], trust=0.5)
        return self.selection(video, order[:k])


@dataclass(frozen=True)
class Drawn(Broken):
    """Says that it draws. By chance it takes the later of two equal frames."""

    name: ClassVar[str] = "drawn"
    deterministic: ClassVar[bool] = False
    how: str = "later_tie"
    seed: int = 0


@dataclass(frozen=True)
class SeedLess(Broken):
    """Says that it draws, but not by what."""

    name: ClassVar[str] = "seed_less"
    deterministic: ClassVar[bool] = False


def test_a_rule_that_draws_may_draw_either_of_two_equal_frames_but_has_a_seed():
    """Ties bind rules that draw nothing; a rule is only let off where a seed stands among its parameters."""
    checks.ties_go_to_the_earlier_frame(Drawn())
    checks.only_what_it_declares(Drawn())
    with pytest.raises(AssertionError, match="seed"):
        checks.only_what_it_declares(SeedLess())


@pytest.mark.parametrize(
    ("how", "caught_by"),
    [
        ("too_few", checks.any_budget_of_any_video),
        ("later_tie", checks.ties_go_to_the_earlier_frame),
        ("remembers", checks.same_input_same_frames),
        ("masses", checks.any_budget_of_any_video),
        ("level", checks.constant_relevance_is_no_obstacle),
        ("trusts", checks.constant_relevance_is_no_obstacle),
    ],
)
def test_a_broken_rule_is_caught(how, caught_by):
    """The checks can fail: each of these faults is seen by the check that is meant for it, the sound rule by none."""
    with pytest.raises(AssertionError):
        caught_by(Broken(how=how, calls=([],)))
    caught_by(Broken())
