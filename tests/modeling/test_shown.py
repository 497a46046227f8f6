"""The three presentations as pictures, and what they cost."""

from __future__ import annotations

import pytest
import torch

from ntlbg.errors import InputError
from ntlbg.modeling import shown


def test_presentations_cost_what_they_say():
    """Frames of 6 tokens: 8 frames, 48 points, and 4 frames with 24 points cost the language model the same."""
    assert shown.visual_tokens("frames", 8, 6, 1, 0) == 48
    assert shown.visual_tokens("rich", 48, 6, 1, 4) == 48
    assert shown.visual_tokens("hybrid", 28, 6, 1, 4) == 48
    assert shown.visual_tokens("hybrid", 3, 6, 1, 4) == 18  # no more frames than picks
    assert shown.visual_tokens("rich", 10, 6, 8, 0) == 60  # a point has no more tokens than its frame
    assert shown.visual_tokens("rich", 0, 6, 1, 0) == 0


def test_an_unknown_presentation_is_named():
    """The three are listed."""
    with pytest.raises(InputError, match="poetic"):
        shown.visual_tokens("poetic", 8, 6, 1, 0)


def test_the_heaviest_picks_are_whole_and_ties_go_to_the_earlier():
    """Absent picks are never whole, whatever is asked."""
    masses = torch.tensor([[0.1, 0.4, 0.1, 0.4], [0.2, 0.2, 0.6, 0.0]])
    present = torch.tensor([[True] * 4, [True, True, True, False]])
    assert shown.heaviest(masses, present, 3).tolist() == [[True, True, False, True], [True, True, True, False]]
    assert shown.heaviest(masses, present, 9).tolist() == present.tolist()
    assert not shown.heaviest(masses, present, 0).any()


def test_both_kinds_take_their_own_vectors_in_time_order():
    """A whole pick's block points at its frame, another's at its point; grids differ."""
    points, visual = torch.zeros(1, 3, 1, 2), torch.arange(36.0).view(1, 3, 6, 2)
    points[0, :, 0, 0] = torch.tensor([100.0, 200.0, 300.0])
    both = shown.as_both(points, visual, (2, 3), torch.tensor([[False, True, False]]), [3])
    first = both.bank[0, both.start[0], 0]
    assert first.tolist() == [100.0, 12.0, 300.0]
    assert both.rows.tolist() == [[1, 2, 1]]
    assert both.columns.tolist() == [[1, 3, 1]]
