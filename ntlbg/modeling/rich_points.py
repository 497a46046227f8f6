"""RichPointConstructor: a pick as one point [r; c; w; t] and as tokens of the language model's width.

Letters: B batch, T frames, d features, k picks, p tokens of a pick, D width of its visual tokens, c and t widths of
context and time.

r: the pick's visual tokens. c: what happens around it (an LSTM over its neighbours). w: how much of the video it stands
for. t: when it is. No loop runs over the points. Before training the tokens are almost r itself, which a language
model of the same family reads at once: what the other three add is learned as a small correction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm

from ntlbg.modeling.law import exact, without_autocast
from ntlbg.modeling.windows import WindowEncoder

START = 0.02  # standard deviation of the correction before training, in root mean squares of r
SHORTEST_S, LONGEST_S = 4.0, 4 * 3600.0  # wavelengths of the seconds in t
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class RichPoints:
    """points: [B, k, p, D + c + 1 + t], the values r, c, w, t in this order; c, w and t are the same for a pick's p
    tokens. context: [B, k, c]. embeds: [B, k, p, width]. Entries that are no picks are zero in all three."""

    points: Tensor
    context: Tensor
    embeds: Tensor


class RichPointConstructor(nn.Module):
    """features: d. visual: D. context: c. temporal: t, a multiple of 4. width: of the language model; as `visual`, or
    a linear map brings r to it. window: frames on either side. hidden: width of the correction's one hidden layer.
    """

    def __init__(
        self, features: int, visual: int, context: int, temporal: int, width: int, window: int = 5, hidden: int = 64
    ) -> None:
        super().__init__()
        if temporal % 4:
            raise ValueError(f"temporal is {temporal}, not a multiple of 4 (sine and cosine of share and of seconds)")
        self.temporal = temporal
        self.context = WindowEncoder(features, context, window)
        self.weight = nn.Linear(visual + context, 1)
        self.carry: nn.Module = nn.Identity() if visual == width else nn.Linear(visual, width, bias=False)
        self.enter = nn.Linear(visual + context + 1 + temporal, hidden)
        self.leave = nn.Linear(hidden, width)
        nn.init.normal_(self.weight.weight, std=START)
        nn.init.zeros_(self.weight.bias)
        nn.init.normal_(self.leave.weight, std=START / math.sqrt(hidden))
        nn.init.zeros_(self.leave.bias)

    def forward(
        self,
        features: Tensor,
        mask: Tensor,
        times_s: Tensor,
        duration_s: Tensor,
        indices: Tensor,
        present: Tensor,
        visual: Tensor,
        masses: Tensor,
        gate: Tensor,
    ) -> RichPoints:
        """features: [B, T, d]. mask: [B, T] bool. times_s: [B, T]. duration_s: [B]. indices, present, gate: [B, k] as
        in `choice.Choice`. visual: [B, k, p, D]. masses: [B, k], sum 1 over the picks of a row.
        """
        known = present[..., None]
        with without_autocast(visual):
            visual = exact(visual).masked_fill(~known[..., None], 0)
            size = (visual.square().mean((-2, -1), keepdim=True) + TINY).sqrt()  # [B, k, 1, 1]
            frames = exact(features).masked_fill(~mask[..., None], 0)
            frames = frames / (frames.square().mean(-1, keepdim=True) + TINY).sqrt()
        context = self.context(frames, mask, indices) * known
        seconds = times_s.gather(1, indices)
        when = temporal_encoding(seconds, duration_s[:, None], self.temporal).to(context) * known
        alike = visual / size  # of one size in every video: what follows is learned for all of them
        weight = self._weight(alike.mean(-2), context, masses, present) * known
        shared = torch.cat([context, weight, when], dim=-1)[:, :, None].expand(-1, -1, visual.shape[2], -1)
        hidden = gelu(self.enter(torch.cat([alike, shared], dim=-1)))
        correction = exact(self.leave(layer_norm(hidden, hidden.shape[-1:])))
        embeds = (gate[..., None, None] * self.carry(visual) + size * correction) * known[..., None]
        return RichPoints(torch.cat([visual, shared], dim=-1), context, embeds)

    def _weight(self, visual: Tensor, context: Tensor, masses: Tensor, present: Tensor) -> Tensor:
        """w in (0, 1): the odds are the mass of the pick over the mean mass, times what its content says: [B, k, 1]."""
        count = present.sum(-1, keepdim=True)
        relative = (exact(masses) * count).clamp(min=TINY).log()[..., None]
        learned = exact(self.weight(torch.cat([visual, context], dim=-1)))
        return torch.sigmoid(relative + learned)


def temporal_encoding(times_s: Tensor, duration_s: Tensor, width: int) -> Tensor:
    """Sines and cosines of the share of the video and of the seconds themselves: [...] → [..., width] float32.

    The first half places a pick within its video, at any length; the second tells how far apart two picks are.
    """
    quarter, device = width // 4, times_s.device
    times, duration = times_s.double(), duration_s.double()
    rank = torch.arange(quarter, device=device, dtype=torch.float64)
    share = (times / duration.clamp(min=TINY)).clamp(0, 1)[..., None] * math.pi * 2**rank
    waves = SHORTEST_S * (LONGEST_S / SHORTEST_S) ** (rank / max(1, quarter - 1))
    seconds = 2 * math.pi * times[..., None] / waves
    return torch.cat([share.sin(), share.cos(), seconds.sin(), seconds.cos()], dim=-1).float()
