"""The section `evaluation`."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.evaluation.params import EvaluationParams, Presented, of_name, presentation_name


def test_generation_needs_a_prompt_with_options() -> None:
    """The open prompt shows no options, so no letter could be read: refused before anything runs."""
    with pytest.raises(ValidationError, match="needs protocol `official`"):
        EvaluationParams(scoring="generate", protocol="open")
    assert EvaluationParams(scoring="generate", protocol="official").max_new_tokens == 16


def test_unknown_keys_are_refused() -> None:
    """A misspelt setting is no silent default."""
    with pytest.raises(ValidationError):
        EvaluationParams(bach=3)  # type: ignore[call-arg]


def shown(**changed: object) -> Presented:
    return Presented(**{"presentation": "rich", "k": 48, "selectors": ["ntlbg", "uniform"], **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"presentation": "hybrid"}, "`full_frames` must be from 1 to 47"),
        ({"presentation": "hybrid", "full_frames": 48}, "`full_frames` must be from 1 to 47"),
        ({"presentation": "hybrid", "full_frames": 1, "k": 1}, "`hybrid` needs a `k` of 2 or more"),
        ({"full_frames": 4}, "`full_frames` belongs to `hybrid`, not to `rich`"),
        ({"presentation": "frames", "model": "untrained"}, "what `selection` compares already"),
        ({"selectors": ["ntlbg", "ntlbg"]}, "`ntlbg` is listed twice"),
        ({"selectors": []}, "at least 1"),
        ({"model": "best"}, "'untrained', 'select', 'joint' or 'full'"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_anything_runs(changed: dict, says: str) -> None:
    """Each mistake in one sentence."""
    with pytest.raises(ValidationError, match=says):
        shown(**changed)


def test_no_arm_is_asked_for_twice() -> None:
    """Two entries may share a presentation, not an arm."""
    shown_twice = [shown(), shown(selectors=["uniform"])]
    with pytest.raises(ValidationError, match="asks twice for `rich` with k = 48 on `uniform`"):
        EvaluationParams(presentations=shown_twice)
    others = [shown(), shown(model="joint"), shown(k=24)]
    assert EvaluationParams(presentations=others).presentations == others


def test_without_presentations_nothing_is_trained_for() -> None:
    """Settings of before stay valid, and mean what they meant."""
    assert EvaluationParams().presentations == []


@pytest.mark.parametrize("presentation", ["frames", "rich", "hybrid"])
@pytest.mark.parametrize("model", ["select", "joint", "full"])
def test_a_name_says_presentation_and_model(presentation: str, model: str) -> None:
    """And nothing trained is called `frames`."""
    name = presentation_name(presentation, model)
    assert of_name(name) == (presentation, model)
    assert name != "frames"
    assert of_name("frames") == ("frames", "")
    assert presentation_name("rich", "full") == "rich"


def test_arms_of_one_name_cost_the_same() -> None:
    """Two hybrids of unequal visual tokens would be compared as rivals."""
    hybrids = [
        shown(presentation="hybrid", full_frames=n, selectors=[name]) for n, name in ((4, "ntlbg"), (9, "uniform"))
    ]
    with pytest.raises(ValidationError, match="different `full_frames`"):
        EvaluationParams(presentations=hybrids)
