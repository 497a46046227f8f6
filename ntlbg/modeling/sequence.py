"""Prompts with pictures as one padded batch: which token stands where, at which position, and which is a picture's.

Letters: B prompts, C compact tokens (one per picture), L tokens, k pictures, S vectors in the bank of a prompt.

A picture of R×K tokens (rows, columns) has the positions (time, height, width) = (p, p + row, p + column), and what
follows goes on at p + max(R, K). That is `get_rope_index` of transformers 5.3 and later for images; a test holds the
two together. Here it is a handful of operations on whole batches, where that walks over every picture in Python.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True, eq=False)
class Blocks:
    """Pictures of B prompts, in the order in which they are read; a row's first `count` entries are pictures.

    bank: [B, S, V] vectors. start: [B, k] where a picture's first vector stands in its row of the bank; it takes
    rows · columns of them. rows, columns: [B, k] its grid. k ≥ 1. count: pictures of each prompt.
    """

    bank: Tensor
    start: Tensor
    rows: Tensor
    columns: Tensor
    count: list[int]


@dataclass(frozen=True, eq=False)
class Sequence:
    """ids, mask: [B, L], padded on the right. positions: [3, B, L]. at: [n] places of the pictures' tokens in the
    flattened batch, in reading order. source: [n] the places of their vectors in the flattened bank.
    lengths: [B] tokens of each prompt, its tail included.
    """

    ids: Tensor
    mask: Tensor
    positions: Tensor
    at: Tensor
    source: Tensor
    lengths: Tensor


def lay_out(texts: list[Tensor], blocks: Blocks, *, image: int, pad: int) -> Sequence:
    """texts: B token lists in which each picture is one `image` token. Every one of them becomes its picture's tokens.

    Raises ValueError when a text has not as many pictures as its blocks.
    """
    device = blocks.start.device
    lengths = torch.tensor([len(text) for text in texts])
    compact = pad_sequence(texts, batch_first=True, padding_value=pad)
    real = torch.arange(compact.shape[1]) < lengths[:, None]
    pictures = (compact == image) & real
    if pictures.sum(1).tolist() != blocks.count:
        raise ValueError(f"{pictures.sum(1).tolist()} pictures in the texts, {blocks.count} in the blocks")
    compact, real, pictures = compact.to(device), real.to(device), pictures.to(device)
    nth = (pictures.cumsum(1) - 1).clamp(min=0, max=blocks.start.shape[1] - 1)
    rows = torch.where(pictures, blocks.rows.gather(1, nth), 1)
    columns = torch.where(pictures, blocks.columns.gather(1, nth), 1)
    takes = (rows * columns * real).flatten()
    advance = torch.maximum(rows, columns) * real
    position = (advance.cumsum(1) - advance).flatten()
    total = takes.view_as(compact).sum(1)
    longest = int(total.max())

    place = torch.arange(compact.numel(), device=device).repeat_interleave(takes)  # of every token's compact token
    within = torch.arange(len(place), device=device) - (takes.cumsum(0) - takes)[place]
    row = place // compact.shape[1]
    at = torch.arange(len(place), device=device) - (total.cumsum(0) - total)[row] + row * longest
    ids = compact.new_full((len(texts) * longest,), pad)
    ids[at] = compact.flatten()[place]
    positions = compact.new_zeros((3, len(texts) * longest))
    across = columns.flatten()[place]
    here = position[place]
    positions[:, at] = torch.stack([here, here + within // across, here + within % across])
    shown = pictures.flatten()[place]
    start = blocks.start.gather(1, nth).flatten()[place]
    source = row * blocks.bank.shape[1] + start + within
    shape = (len(texts), longest)
    mask = torch.arange(longest, device=device) < total[:, None]
    return Sequence(ids.view(shape), mask.long(), positions.view(3, *shape), at[shown], source[shown], total)
