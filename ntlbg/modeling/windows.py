"""WindowEncoder: an LSTM over the frames around each pick, all picks at once.

Letters: B batch, T frames, d features, k picks, W = 2·window + 1 steps, c context width. A window that reaches over an
end of the video is shorter, not filled up: steps without a frame leave the state as it was.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ntlbg.modeling.law import exact


class WindowEncoder(nn.Module):
    """features: d. context: c. window: frames on either side of a pick.

    Gates are in torch.nn.LSTM's order (input, forget, cell, output), with one bias in the place of its two.
    """

    def __init__(self, features: int, context: int, window: int = 5) -> None:
        super().__init__()
        self.window = window
        self.read = nn.Linear(features, 4 * context)
        self.carry = nn.Linear(context, 4 * context, bias=False)

    def forward(self, features: Tensor, mask: Tensor, indices: Tensor) -> Tensor:
        """The LSTM's last output for the window around each pick: [B, k, c] float32.

        features: [B, T, d]. mask: [B, T] bool, False at padding. indices: [B, k] long, in range.
        """
        batch, frames, _ = features.shape
        steps = torch.arange(-self.window, self.window + 1, device=indices.device)
        at = indices.flatten() + steps[:, None]  # [W, B·k]
        row = torch.arange(batch, device=indices.device).repeat_interleave(indices.shape[1])
        inside = (at >= 0) & (at < frames)
        flat = (row * frames + at.clamp(0, frames - 1)).flatten()
        inside &= mask.flatten()[flat].view_as(at)
        rows = features.flatten(0, 1)
        # each frame is read once: before it is gathered where windows overlap, after it where they are few
        read = self.read(rows.index_select(0, flat)) if len(flat) < len(rows) else self.read(rows).index_select(0, flat)
        out = self._walk(read.view(*at.shape, -1), inside[..., None])
        return out.view(*indices.shape, -1)

    def _walk(self, read: Tensor, inside: Tensor) -> Tensor:
        """W steps over all windows: [W, n, 4c], [W, n, 1] → [n, c]. The state is kept in float32."""
        state = cell = read.new_zeros(read.shape[1], read.shape[2] // 4, dtype=exact(read[:0]).dtype)
        for step, here in zip(read, inside, strict=True):
            gates = exact(step + self.carry(state))
            enter, forget, candidate, leave = gates.chunk(4, dim=-1)
            after = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(candidate)
            state = torch.where(here, torch.sigmoid(leave) * torch.tanh(after), state)
            cell = torch.where(here, after, cell)
        return state
