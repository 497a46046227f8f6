"""Names of arms, their selectors, and what the oracle is shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.evaluation.arms import Arm, arms_of, oracle_picks, selector_of, trained_arms
from ntlbg.evaluation.evidence import Item, recall
from ntlbg.evaluation.params import Presented

T = 60
TIMES = np.arange(T) + 0.5
item = st.tuples(st.integers(0, T - 1), st.integers(1, 20)).map(
    lambda t: Item(((float(t[0]), float(min(T, t[0] + t[1])), 0.0),))
)


def test_names_say_selector_and_budget() -> None:
    """Blind has no budget and stands once; another presentation shows in the name."""
    names = [arm.name for arm in arms_of(["uniform", "ntlbg"], [4, 8], "frames")]
    assert names == ["uniform-4", "ntlbg-4", "uniform-8", "ntlbg-8", "blind"]
    assert Arm("ntlbg", 8, "rich").name == "ntlbg-8-rich"


def test_a_trained_arm_names_its_presentation_and_its_stage() -> None:
    """One arm per selector and entry, fully trained ones without a suffix."""
    asked = [
        Presented(presentation="rich", k=48, selectors=["ntlbg", "uniform"]),
        Presented(presentation="rich", model="select", k=48, selectors=["ntlbg"]),
        Presented(presentation="hybrid", k=28, full_frames=4, selectors=["ntlbg"]),
    ]
    names = [arm.name for arm, _ in trained_arms(asked)]
    assert names == ["ntlbg-48-rich", "uniform-48-rich", "ntlbg-48-rich:select", "ntlbg-28-hybrid"]


def test_random_gets_the_seed_of_the_run_unless_told() -> None:
    """A rule that draws is seeded by the run; the settings have the last word."""
    assert selector_of("random", None, 17).parameters["seed"] == 17
    assert selector_of("random", {"seed": 3}, 17).parameters["seed"] == 3
    assert "seed" not in selector_of("uniform", None, 17).parameters
    with pytest.raises(InputError, match="no selector `best`"):
        selector_of("best", None, 0)


@given(st.lists(item, min_size=1, max_size=6), st.integers(1, 80))
@settings(max_examples=200, deadline=None)
def test_the_oracle_shows_every_item_that_fits(items: list[Item], k: int) -> None:
    """min(k, T) sorted, unique frames; recall 1 whenever k reaches the number of items."""
    picks = oracle_picks(tuple(items), TIMES, k)
    assert picks == sorted(set(picks))
    assert len(picks) == min(k, T)
    found = recall(tuple(items), TIMES[picks])
    assert found is not None
    if k >= len(items):
        assert found == 1
    assert found >= min(k, len(items)) / len(items) - 1e-9


def test_items_share_the_budget_evenly() -> None:
    """A long item does not crowd out a short one."""
    items = (Item(((0.0, 40.0, 0.0),)), Item(((50.0, 54.0, 0.0),)))
    picks = TIMES[oracle_picks(items, TIMES, 8)]
    assert [(picks < 40).sum(), (picks >= 50).sum()] == [4, 4]


def test_padding_is_spread_over_the_video() -> None:
    """Fewer evidence frames than k: the rest is spread evenly, and the evidence stays."""
    picks = TIMES[oracle_picks((Item(((30.0, 32.0, 0.0),)),), TIMES, 8)]
    assert {30.5, 31.5} <= set(picks)
    assert picks[0] < 10
    assert picks[-1] > 50


def test_tolerance_serves_where_no_frame_lies_inside() -> None:
    """An instant between two candidate frames is shown by its neighbours; without one there is nothing to show."""
    assert oracle_picks((Item(((10.0, 10.2, 1.0),)),), TIMES, 2) == [9, 10]
    assert oracle_picks((Item(((10.0, 10.2, 0.0),)),), TIMES, 2) == []
    assert oracle_picks((), TIMES, 4) == []
