"""All windows at once against torch's own LSTM, window by window."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ntlbg.modeling.windows import WindowEncoder


def reference(encoder: WindowEncoder, frames: Tensor, pick: int) -> Tensor:
    """torch.nn.LSTM over the frames around one pick, cut at the ends of the video: [T, d] → [c]."""
    context = encoder.carry.in_features
    lstm = nn.LSTM(frames.shape[-1], context, batch_first=True)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(encoder.read.weight)
        lstm.weight_hh_l0.copy_(encoder.carry.weight)
        lstm.bias_ih_l0.copy_(encoder.read.bias)
        lstm.bias_hh_l0.zero_()
        window = frames[max(0, pick - encoder.window) : pick + encoder.window + 1]
        return lstm(window[None])[0][0, -1]


@pytest.mark.parametrize(("frames", "picks"), [(40, [0, 1, 4, 5, 20, 36, 39]), (9, list(range(9))), (1, [0])])
def test_windows_are_the_lstm_of_each_pick_edges_included(frames, picks):
    """To 1e-5, whether frames are read before they are gathered or after."""
    torch.manual_seed(0)
    encoder = WindowEncoder(12, 8, window=4)
    lengths = (frames, max(1, frames // 2))
    x = torch.randn(2, frames, 12)
    mask = torch.arange(frames) < torch.tensor(lengths)[:, None]
    rows = torch.tensor([picks, [min(p, lengths[1] - 1) for p in picks]])
    for indices in (rows, rows[:, :1]):
        out = encoder(x, mask, indices)
        for b, length in enumerate(lengths):
            for place, pick in enumerate(indices[b].tolist()):
                torch.testing.assert_close(out[b, place], reference(encoder, x[b, :length], pick), atol=1e-5, rtol=0)


def test_half_precision_keeps_its_state_in_float32():
    """Under bf16 autocast eleven steps lose no more than one rounding each."""
    torch.manual_seed(0)
    encoder = WindowEncoder(16, 8)
    x, mask = torch.randn(1, 60, 16), torch.ones(1, 60, dtype=torch.bool)
    indices = torch.tensor([[0, 30, 59]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = encoder(x, mask, indices)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, encoder(x, mask, indices), atol=0.03, rtol=0)
