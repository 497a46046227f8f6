"""Sample: all that a trained model is given of one question; and many of them as padded tensors.

Letters: B questions, T candidate frames, d features, e query width, K frames that a rule proposes, n visual tokens of
a frame, D their width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.prompt import Prompt
from ntlbg.statistics.laws import tilt
from ntlbg.statistics.robust import robust_z

BETAS = (0.3, 1.0, 2.0)  # inverse temperatures of the tilted law: the whole video and its peaks


@dataclass(frozen=True, eq=False)
class Sample:
    """features: [T, d]. timestamps_s: [T]. relevance: [T], as the encoder scores the frames. query: [e], or None where
    the encoder has no vector. indices: [K] of the rule's picks, rising; none asks blindly.

    visual: [K, n, D], the picks' visual tokens; n is all of a frame's or as few as a point takes. frames: uint8
    [K, h, w, 3] in their place. size: (h, w) of the frames behind `visual`; None where the model's own is meant.
    answer: place of the right option, None where it is not known. hidden: what the encoder's last block is given of
    the T frames, where that block is trained; `features` are then made of it, and may be a tensor with a gradient.
    """

    features: Any
    timestamps_s: Array
    duration_s: float
    relevance: Array
    query: Array | None
    indices: Array
    prompt: Prompt
    options: tuple[str, ...] = ()
    answer: int | None = None
    visual: Any = None
    frames: Array | None = None
    size: tuple[int, int] | None = None
    hidden: Any = None

    def __post_init__(self) -> None:
        T, K = len(self.features), len(self.indices)
        if np.ndim(self.features) != 2 or not T:
            raise InputError(f"features have shape {np.shape(self.features)}; [T, d] with T ≥ 1 is needed")
        if np.shape(self.timestamps_s) != (T,) or np.shape(self.relevance) != (T,):
            raise InputError(
                f"{T} frames came with timestamps of shape {np.shape(self.timestamps_s)} and relevance of shape "
                f"{np.shape(self.relevance)}"
            )
        picks = np.asarray(self.indices, dtype=np.int64)
        if K and (picks.ndim != 1 or picks[0] < 0 or picks[-1] >= T or (np.diff(picks) <= 0).any()):
            raise InputError(f"indices do not rise or are not of the {T} frames")
        shown = self.frames if self.visual is None else self.visual
        if shown is None or len(shown) != K:
            raise InputError(f"{K} picks came with {0 if shown is None else len(shown)} frames or visual tokens")
        if self.answer is not None and not 0 <= self.answer < len(self.options):
            raise InputError(f"answer {self.answer} is none of the {len(self.options)} options")

    @cached_property
    def z(self) -> Array:
        """Relevance in robust standard deviations: [T]."""
        return robust_z(np.asarray(self.relevance, dtype=np.float64))

    @cached_property
    def weights(self) -> Array:
        """The tilted law on the frames: [T], sum 1."""
        return tilt(self.z, BETAS)


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples side by side; where one is shorter it is padded with zeros.

    features: [B, T, d]. mask: [B, T] bool. weights, z: [B, T]. query: [B, e]. times_s: [B, T]. duration_s: [B].
    pool: [B, K] the proposed frames, padded with T. proposed: [B, K] bool. visual: [B, K, n, D].
    allowed: [B, T] bool, which frames are proposed.
    """

    features: Tensor
    mask: Tensor
    weights: Tensor
    z: Tensor
    query: Tensor
    times_s: Tensor
    duration_s: Tensor
    pool: Tensor
    proposed: Tensor
    visual: Tensor
    allowed: Tensor


def collate(samples: Sequence[Sample], query: int, see: Callable[[Array], Tensor], device: torch.device) -> Batch:
    """query: e. see: frames [n, h, w, 3] to visual tokens [n, tokens, D].

    Raises InputError when samples differ in width or in the number of visual tokens.
    """

    def stacked(values: Sequence[Any], dtype: torch.dtype = torch.float32, fill: float = 0) -> Tensor:
        try:
            rows = [(v if isinstance(v, Tensor) else torch.from_numpy(np.array(v))).to(dtype) for v in values]
            return pad_sequence(rows, batch_first=True, padding_value=fill).to(device)
        except RuntimeError as error:
            raise InputError(f"samples of one batch differ in width ({error})") from error

    lengths = torch.tensor([len(s.features) for s in samples], device=device)
    features = stacked([s.features for s in samples])
    T = features.shape[1]
    vectors = stacked([np.zeros(query) if s.query is None else s.query for s in samples])
    if vectors.shape[1] != query:
        raise InputError(f"query vectors of width {vectors.shape[1]} came to a model that reads {query}")
    pool = stacked([s.indices for s in samples], torch.long, T)
    if not pool.shape[1]:
        pool = pool.new_full((len(samples), 1), T)
    proposed = pool < T
    allowed = torch.zeros(len(samples), T + 1, dtype=torch.bool, device=device).scatter_(1, pool, True)[:, :T]
    return Batch(
        features=features,
        mask=torch.arange(T, device=device) < lengths[:, None],
        weights=stacked([s.weights for s in samples]),
        z=stacked([s.z for s in samples]),
        query=vectors,
        times_s=stacked([s.timestamps_s for s in samples], torch.float64),
        duration_s=torch.tensor([float(s.duration_s) for s in samples], dtype=torch.float64, device=device),
        pool=pool,
        proposed=proposed,
        visual=_visual(samples, see, device),
        allowed=allowed,
    )


def _visual(samples: Sequence[Sample], see: Callable[[Array], Tensor], device: torch.device) -> Tensor:
    """[B, K, n, D], K at least 1. All frames of the batch go through the vision tower at once."""
    tokens: list[Tensor] = [torch.empty(0)] * len(samples)
    unseen = [i for i, s in enumerate(samples) if s.visual is None]
    for i, sample in enumerate(samples):
        if sample.visual is not None:
            given = sample.visual if isinstance(sample.visual, Tensor) else torch.as_tensor(np.array(sample.visual))
            tokens[i] = given.to(device, torch.float32)
    if unseen:
        frames = [np.asarray(samples[i].frames) for i in unseen]
        if len({f.shape[1:] for f in frames}) > 1:
            raise InputError("frames of one batch differ in size")
        parts = see(np.concatenate(frames)).split([len(f) for f in frames])
        for i, part in zip(unseen, parts, strict=True):
            tokens[i] = part.float()
    if len({t.shape[1:] for t in tokens}) > 1:
        raise InputError(f"visual tokens of one batch differ in shape: {sorted({tuple(t.shape[1:]) for t in tokens})}")
    padded = pad_sequence(tokens, batch_first=True)
    return padded if padded.shape[1] else padded.new_zeros(len(samples), 1, *padded.shape[2:])
