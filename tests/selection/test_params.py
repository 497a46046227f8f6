"""The section `selection` of params.yaml."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.selection.params import SelectionParams


def test_settings_reach_the_selector():
    """What is set is set, what is left out keeps its default."""
    params = SelectionParams(k=[8], selectors=["uniform", "topk_nms"], settings={"topk_nms": {"window_s": 4.0}})
    assert params.make("topk_nms").parameters == {"window_s": 4.0}
    assert params.make("uniform").parameters == {"grid": "centres", "raw": False}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"k": []}, "k"),
        ({"k": [0]}, "k"),
        ({"k": [8, 8]}, "8"),
        ({"selectors": []}, "selectors"),
        ({"selectors": ["ntlbg"]}, "uniform"),
        ({"selectors": ["uniform", "uniform"]}, "twice"),
        ({"selectors": ["uniform", "best"]}, "best"),
        ({"settings": {"ntlbg": {"steps": 3}}}, "ntlbg"),
        ({"settings": {"uniform": {"phase": 3}}}, "phase"),
        ({"budget": 3}, "budget"),
    ],
)
def test_a_mistake_is_named(wrong, word):
    """Empty, doubled and unknown entries are refused, and so is a comparison without `uniform`."""
    with pytest.raises(ValidationError, match=word):
        SelectionParams(**({"k": [8], "selectors": ["uniform"]} | wrong))
