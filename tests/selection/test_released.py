"""The authors' lists as selections."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.selection.registry import make
from ntlbg.selection.rivals.released import released


def test_a_short_list_stays_short(made_up):
    """Frames are sorted, each once, and none is added; an index past the end is no frame."""
    video, _ = made_up(20)
    assert released(make("topk"), video, np.array([7, 3, 7, 20]), 4).indices.tolist() == [3, 7]


def test_no_frame_is_an_error(made_up):
    """The sentence names the rule and the budget; the hint says what to do."""
    video, _ = made_up(20)
    with pytest.raises(InputError, match=r"`topk` .* k = 4") as caught:
        released(make("topk"), video, np.array([20]), 4)
    assert "raw" in caught.value.hint
