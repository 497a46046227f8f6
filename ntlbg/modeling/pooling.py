"""Many visual tokens of a frame as few: means of equally long runs, in their order."""

from __future__ import annotations

from torch import Tensor


def pooled(tokens: Tensor, keep: int) -> Tensor:
    """[..., n, D] to [..., min(n, keep), D]. Runs differ by one token at most, the longer ones first."""
    n = tokens.shape[-2]
    if n <= keep:
        return tokens
    if n % keep == 0:
        return tokens.unflatten(-2, (keep, n // keep)).mean(-2)
    import torch

    return torch.stack([run.mean(-2) for run in tokens.tensor_split(keep, dim=-2)], dim=-2)
