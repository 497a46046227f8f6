"""The picks of a rule, perturbed in training."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.selection import registry
from ntlbg.training.picks import Picks, draw
from ntlbg.training.questions import read_exercises


@pytest.fixture
def exercises(world):
    """The training questions of one video."""
    found, _ = read_exercises(world["accepted"], "train", "open", {"mlvu_0"})
    return found


@pytest.fixture
def picks(world, text_encoder, store):
    """Makes Picks of a rule."""

    def make(name: str = "ntlbg", **changed) -> Picks:
        arguments = {"k": lambda frames: 6, "perturb": 0.3, "variants": 2, "seed": 5, "store": store} | changed
        return Picks(registry.make(name), text_encoder, world["features"], **arguments)

    return make


def test_validation_sees_the_rules_own_picks(picks, exercises):
    """Exactly what an evaluation selects."""
    own = picks()
    for exercise in exercises:
        expected = registry.make("ntlbg").select(own.index("mlvu_0"), own.query(exercise), 6).indices
        assert own.of(exercise, exercises, None).tolist() == expected.tolist()


@pytest.mark.parametrize("rule", ["ntlbg", "uniform", "topk_nms"])
def test_every_rules_picks_move_from_epoch_to_epoch(picks, exercises, rule):
    """Sorted, unique, k of them; another variant hides other frames; after the last variant the first comes again."""
    own = picks(rule)
    first, second, third = ([own.of(e, exercises, epoch).tolist() for e in exercises] for epoch in (0, 1, 2))
    assert first != second
    assert first == third
    assert all(len(set(found)) == 6 and found == sorted(found) for found in first)


def test_hidden_frames_are_not_picked(picks, exercises):
    """The rule picks among the frames that its variant leaves, and their places are those of the whole video."""
    own = picks(perturb=0.5)
    _, kept = own._thinned("mlvu_0", 0)
    assert len(kept) == 10
    assert all(set(own.of(e, exercises, 0)) <= set(kept) for e in exercises)


def test_at_least_k_frames_are_left(picks, exercises):
    """However much is hidden, the budget is filled."""
    own = picks(perturb=0.95)
    assert all(len(own.of(e, exercises, 0)) == 6 for e in exercises)


def test_without_perturbation_every_epoch_is_alike(picks, exercises):
    """0 hides nothing."""
    own = picks(perturb=0.0)
    for exercise in exercises:
        assert own.of(exercise, exercises, 3).tolist() == own.of(exercise, exercises, None).tolist()


def test_picks_are_computed_once(picks, exercises, store):
    """The next stage finds them in the store; another seed or rule does not."""
    picks().of(exercises[0], exercises, 0)
    assert store.made == {"picks": 1}
    again = picks()
    again.of(exercises[1], exercises, 0)
    assert store.made == {"picks": 1}
    picks(seed=6).of(exercises[0], exercises, 0)
    picks("uniform").of(exercises[0], exercises, 0)
    assert store.made == {"picks": 3}


def test_draws_depend_on_their_parts_alone():
    """Not on the order of calls, and every part counts."""
    first = draw("a", 1).integers(1 << 30)
    draw("b", 2)
    assert draw("a", 1).integers(1 << 30) == first
    assert draw("a", 2).integers(1 << 30) != first
    assert np.unique([draw("a", i).integers(1 << 30) for i in range(50)]).size == 50
