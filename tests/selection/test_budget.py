"""The least budget that explains a share of the law."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.selection.budget import check, smallest_budget
from ntlbg.selection.contract import Selector
from ntlbg.selection.registry import make


@dataclass(frozen=True)
class Counted(Selector):
    """Explains what a list says, k by k; nested or not. Counts its calls."""

    name: ClassVar[str] = "counted"
    source: ClassVar[str] = "this test"

    shares: tuple[float, ...] = ()
    nested: bool = True
    asked: list[int] = field(default_factory=list)

    def _select(self, video, query, k):
        self.asked.append(k)
        frames = np.arange(k) if self.nested else (np.arange(k) + 7 * k) % len(video)
        return self.selection(video, frames, explained=self.shares[k - 1])


def least(selector, video, query, explained, max_k):
    """One budget after the other."""
    for k in range(1, min(max_k, len(video)) + 1):
        chosen = selector.select(video, query, k)
        if chosen.explained >= explained:
            return chosen
    return chosen


@pytest.mark.parametrize("name", ["ntlbg", "kmedoids", "ntlbg_no_thinning"])
@pytest.mark.parametrize("explained", [0.3, 0.7, 0.85])
def test_it_is_the_first_of_all_budgets_that_explains_enough(made_up, name, explained):
    """Equal to trying k = 1, 2, 3, … on videos short and long, where budgets are nested and where they are not."""
    rule = make(name, representatives=40, representatives_per_pick=2) if name == "ntlbg" else make(name)
    for frames, seed in ((60, 0), (200, 1)):
        video, query = made_up(frames, width=16, seed=seed)
        found = smallest_budget(rule, video, query, explained, 40)
        assert found.sha256 == least(rule, video, query, explained, 40).sha256


@pytest.mark.parametrize("nested", [True, False])
def test_whatever_the_curve_the_first_crossing_is_found(made_up, nested):
    """On many made-up curves, rising where budgets are nested and of any shape where they are not."""
    video, query = made_up(60, width=4)
    rng = np.random.default_rng(0)
    for _ in range(30):
        shares = rng.uniform(-0.2, 1, size=40)
        rule = Counted(tuple(np.sort(shares) if nested else shares), nested)
        asked, max_k = float(rng.uniform(0.05, 0.99)), int(rng.integers(1, 41))
        assert len(smallest_budget(rule, video, query, asked, max_k)) == len(least(rule, video, query, asked, max_k))


def test_nested_budgets_are_bisected(made_up):
    """About two selections per doubling, and no budget is tried twice; the first call is the check of the rule."""
    video, query = made_up(600, width=4)
    rule = Counted(tuple(np.linspace(0.01, 0.99, 600)))
    assert len(smallest_budget(rule, video, query, 0.9, 600)) == 545
    tried = rule.asked[1:]
    assert len(set(tried)) == len(tried) <= 32


def test_the_cap_is_kept(made_up):
    """Where the cap explains too little its selection is returned, and says how much it explains."""
    video, query = made_up(200)
    capped = smallest_budget(make("ntlbg"), video, query, 0.99, 5)
    assert len(capped) == 5
    assert capped.explained < 0.99
    video, query = made_up(30)
    assert len(smallest_budget(make("ntlbg"), video, query, 0.999999, 500)) <= 30


def test_a_higher_share_needs_no_fewer_frames(made_up):
    """The budget grows with what is asked for."""
    video, query = made_up(150)
    sizes = [len(smallest_budget(make("ntlbg"), video, query, share)) for share in (0.2, 0.5, 0.7, 0.9)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


@pytest.mark.parametrize("explained", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_share_is_between_none_and_all(made_up, explained):
    """Nothing and everything cannot be asked for."""
    with pytest.raises(InputError, match="between 0 and 1"):
        smallest_budget(make("ntlbg"), *made_up(20), explained)


def test_other_mistakes_are_named():
    """A cap of nothing, and a rule that does not say what it explains."""
    with pytest.raises(InputError, match="max_k is 0"):
        check(make("ntlbg"), 0.9, 0)
    with pytest.raises(InputError, match="`uniform` does not say") as caught:
        check(make("uniform"), 0.9, 8)
    assert "ntlbg" in caught.value.hint
