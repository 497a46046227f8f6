"""The presentations: how chosen frames become pictures for the language model.

frames: each as all of its visual tokens. rich: each as a point of few tokens. hybrid: the heaviest few as frames, the
others as points, all in time order.
Letters: B questions, k picks, n visual tokens of a frame, p tokens of a point, V values of a token.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from ntlbg.errors import InputError
from ntlbg.modeling.sequence import Blocks

Presentation = Literal["frames", "rich", "hybrid"]
PRESENTATIONS: tuple[Presentation, ...] = get_args(Presentation)


def visual_tokens(presentation: str, picks: int, frame: int, point: int, full_frames: int) -> int:
    """Tokens of the language model that `picks` picks take. frame, point: of one each."""
    check(presentation)
    whole = {"frames": picks, "rich": 0, "hybrid": min(full_frames, picks)}[presentation]
    return whole * frame + (picks - whole) * min(point, frame)


def check(presentation: str) -> None:
    """Raises InputError naming a presentation that there is not."""
    if presentation not in PRESENTATIONS:
        raise InputError(
            f"presentation `{presentation}` is none", hint=f"there are {', '.join(PRESENTATIONS[:-1])} and hybrid"
        )


def heaviest(masses: Tensor, present: Tensor, count: int) -> Tensor:
    """The `count` heaviest picks of each row as [B, k] bool; of equal masses the earlier one."""
    order = masses.detach().masked_fill(~present, -torch.inf).sort(dim=-1, descending=True, stable=True).indices
    chosen = torch.zeros_like(present).scatter(1, order[:, :count], True)
    return chosen & present


def as_points(points: Tensor, count: list[int]) -> Blocks:
    """points: [B, k, p, V], picks first. A point is a row of p tokens."""
    B, k, p, _ = points.shape
    start = (torch.arange(k, device=points.device) * p).expand(B, k)
    return Blocks(points.flatten(1, 2), start, torch.ones_like(start), torch.full_like(start, p), count)


def as_frames(visual: Tensor, grid: tuple[int, int], count: list[int]) -> Blocks:
    """visual: [B, k, n, V], picks first. grid: (rows, columns) of a frame, n tokens."""
    B, k, n, _ = visual.shape
    start = (torch.arange(k, device=visual.device) * n).expand(B, k)
    rows, columns = (torch.full_like(start, side) for side in grid)
    return Blocks(visual.flatten(1, 2), start, rows, columns, count)


def as_both(points: Tensor, visual: Tensor, grid: tuple[int, int], whole: Tensor, count: list[int]) -> Blocks:
    """points: [B, k, p, V]. visual: [B, k, n, V]. whole: [B, k] bool, which picks are shown as frames."""
    small, large = as_points(points, count), as_frames(visual, grid, count)
    return Blocks(
        torch.cat([small.bank, large.bank], dim=1),
        torch.where(whole, small.bank.shape[1] + large.start, small.start),
        torch.where(whole, large.rows, small.rows),
        torch.where(whole, large.columns, small.columns),
        count,
    )
