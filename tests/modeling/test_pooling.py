"""Visual tokens of a frame as few."""

from __future__ import annotations

import torch

from ntlbg.modeling.pooling import pooled


def test_runs_are_equally_long_and_in_order():
    """Six tokens as one, two and three are means of neighbours; four tokens make runs of two, two, one, one."""
    tokens = torch.arange(6.0)[:, None].expand(2, 6, 1)
    assert pooled(tokens, 1)[0, :, 0].tolist() == [2.5]
    assert pooled(tokens, 2)[0, :, 0].tolist() == [1.0, 4.0]
    assert pooled(tokens, 3)[0, :, 0].tolist() == [0.5, 2.5, 4.5]
    assert pooled(tokens, 4)[0, :, 0].tolist() == [0.5, 2.5, 4.0, 5.0]


def test_few_tokens_stay_as_they_are():
    """Nothing is made up where there are no more tokens than are kept: so pooling twice is pooling once."""
    tokens = torch.randn(3, 2, 4)
    assert pooled(tokens, 2) is tokens
    assert pooled(tokens, 5) is tokens
