"""The last block of an encoder's vision tower, apart: what training may unfreeze, and the encoder that it then makes.

All blocks before it stay frozen, so what they make of a frame is computed once. Relevance stays the frozen encoder's:
no loss of ours compares frames with texts, and a block trained without one would forget how.
Letters: n frames, p tokens of a frame, w width of the tower, d features.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ntlbg.errors import InputError
from ntlbg.features.dual import DualEncoder
from ntlbg.features.encoders import Encoder
from ntlbg.features.threads import one_torch_thread
from ntlbg.records.arrays import Array
from ntlbg.store import file_digest
from ntlbg.tensors import read_tensors

TOGETHER = 256  # frames whose activations are in memory at a time


class LastBlock(nn.Module):
    """A copy of the last block, with the frozen layers after it. Its forward: [n, p, w] → features [n, d]."""

    def __init__(self, encoder: Encoder) -> None:
        """Raises InputError when the encoder has no vision tower of a known kind."""
        super().__init__()
        dual = _dual(encoder)
        tower = dual.vision_tower
        # the encoder listens to its block: without the memo the copy would hold a second encoder, on its device too
        self.block = deepcopy(tower.encoder.layers[-1], {id(dual): dual}).float().requires_grad_(True)
        self.block._forward_pre_hooks.clear()
        self.block._forward_pre_hooks_with_kwargs.clear()
        self.norm = deepcopy(tower.post_layernorm).float().requires_grad_(False)
        head = getattr(tower, "head", None)
        self.head = None if head is None else deepcopy(head).float().requires_grad_(False)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden: what the block is given. A gradient takes the memory of a few hundred frames, whatever n is."""
        parts = hidden.float().split(TOGETHER)
        if torch.is_grad_enabled():
            return torch.cat([checkpoint(self._features, part, use_reentrant=False) for part in parts])
        return torch.cat([self._features(part) for part in parts])

    def _features(self, hidden: Tensor) -> Tensor:
        out = self.block(hidden, attention_mask=None)
        if self.head is None:  # CLIP pools by its first token, SigLIP by a head of its own
            pooled: Tensor = self.norm(out[:, 0])
            return pooled
        pooled = self.head(self.norm(out))
        return pooled


class Retrained(Encoder):
    """An encoder whose last vision block was trained on: other features, the same relevance."""

    def __init__(self, base: Encoder, weights: Path) -> None:
        """weights: the block's tensors, as training saved them.

        Raises InputError when they are not of this encoder's block.
        """
        self.base = _dual(base)
        self.last = LastBlock(base).to(self.base.device)
        shapes = {name: tuple(t.shape) for name, t in self.last.block.state_dict().items()}
        self.last.block.load_state_dict(read_tensors(weights, shapes))
        self.last.eval().requires_grad_(False)
        self.name = f"{base.name}, last block trained"
        self.sees = base.sees
        self.frame_size, self.device = base.frame_size, base.device
        self.background, self.alike_from = base.background, base.alike_from
        self.identity = {**base.identity, "last_block": file_digest(weights)}

    def encode_frames(self, frames: Array) -> tuple[Array, Array]:
        hidden, vectors = self.base.before_last_block(frames)
        with one_torch_thread(), torch.inference_mode():
            return self.last(hidden).float().cpu().numpy(), vectors

    def encode_texts(self, texts: list[str]) -> Array:
        return self.base.encode_texts(texts)

    def phrase(self, question: str) -> str:
        return self.base.phrase(question)

    def views(self, vectors: Array) -> Array:
        return self.base.views(vectors)

    def relevance(self, question: str, vectors: Array) -> Array | None:
        return self.base.relevance(question, vectors)

    @property
    def dtype(self) -> str:
        return self.base.dtype

    def compute_in(self, dtype: str) -> None:
        self.base.compute_in(dtype)


def _dual(encoder: Encoder) -> DualEncoder:
    if not isinstance(encoder, DualEncoder):
        raise InputError(
            f"the encoder `{encoder.name}` has no vision tower of its own to train",
            hint="set `training.unfreeze_encoder` to false, or take a CLIP or SigLIP checkpoint",
        )
    return encoder


def weights_of(last: LastBlock) -> dict[str, Tensor]:
    """What training saves: the tensors of the block alone."""
    return {name: tensor.detach() for name, tensor in last.block.state_dict().items()}


def given_to_it(encoder: Encoder, frames: Array) -> Tensor:
    """What the last block of `encoder` is given for uint8 frames [n, h, w, 3]: [n, p, w], on the encoder's device.

    Raises InputError when the encoder is of another kind than CLIP and SigLIP.
    """
    hidden: Tensor = _dual(encoder).before_last_block(frames)[0]
    return hidden
