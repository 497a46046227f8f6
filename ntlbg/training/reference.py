"""What the language model expects of a frame: the law of its own visual embeddings over many frames.

`python -m ntlbg.training.reference` measures it on the training videos and writes it; the stages do the same by
themselves. Letters: n embeddings, D their width, r leading directions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

if TYPE_CHECKING:
    from torch import Tensor

RANK = 32  # leading directions; the rest of the space shares one variance
LEAST = 1e-6  # of the mean variance: a direction in which nothing varies still has a width


@dataclass(frozen=True, eq=False)
class Reference:
    """N(mean, basisᵀ diag(variances) basis + rest · (I - basisᵀ basis)).

    mean: [D]; basis: [r, D], orthonormal rows; variances: [r], falling, positive; rest: [], positive. float32.
    """

    mean: Tensor
    basis: Tensor
    variances: Tensor
    rest: Tensor

    def to(self, device: object) -> Reference:
        return Reference(*(t.to(device) for t in (self.mean, self.basis, self.variances, self.rest)))  # type: ignore[call-overload]


def measure(parts: Iterable[Array], rank: int = RANK) -> Reference:
    """The reference of embeddings that come in parts [n, D], each read once.

    Raises InputError when there are fewer than two embeddings.
    """
    import torch

    count, total, square = 0, np.zeros(0), np.zeros((0, 0))
    for part in parts:
        x = np.asarray(part, dtype=np.float64)
        if not count:
            total, square = np.zeros(x.shape[1]), np.zeros((x.shape[1],) * 2)
        count += len(x)
        total += x.sum(0)
        square += x.T @ x
    if count < 2:
        raise InputError(f"{count} visual embeddings: at least two are needed to know how they vary")
    mean = total / count
    values, vectors = np.linalg.eigh(square / count - np.outer(mean, mean))
    values, vectors = values[::-1], vectors[:, ::-1]
    D = len(mean)
    r = min(rank, D)
    least = max(LEAST * float(values.clip(min=0).mean()), float(np.finfo(np.float32).tiny))
    rows = vectors[:, :r].T
    rows = rows * np.sign(rows[np.arange(r), np.abs(rows).argmax(1)])[:, None]
    rest = float(values[r:].clip(min=0).mean()) if r < D else 1.0
    return Reference(
        torch.tensor(mean, dtype=torch.float32),
        torch.tensor(np.ascontiguousarray(rows), dtype=torch.float32),
        torch.tensor(values[:r].clip(min=least).copy(), dtype=torch.float32),
        torch.tensor(max(rest, least), dtype=torch.float32),
    )


def save(reference: Reference, path: Path) -> None:
    """Write a safetensors file, whole or not at all."""
    from ntlbg.features.index import serialise
    from ntlbg.store import write_atomic

    tensors = {name: np.atleast_1d(t.cpu().numpy()) for name, t in vars(reference).items()}
    write_atomic(path, serialise(tensors, {"what": "visual embeddings of frames"}))


def load(path: Path) -> Reference:
    """Read what `save` wrote. Raises InputError naming the file when it is not that."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = load_file(path)
        reference = Reference(found["mean"], found["basis"], found["variances"], found["rest"][0])
        r, D = reference.basis.shape
        if reference.mean.shape != (D,) or reference.variances.shape != (r,):
            raise ValueError("shapes differ")
        return reference
    except (SafetensorError, KeyError, IndexError, ValueError, OSError) as error:
        raise InputError(
            f"{path}: is no reference of visual embeddings ({error})",
            hint="`python -m ntlbg.training.reference` measures one",
        ) from error


def main(arguments: list[str] | None = None) -> None:
    """Measure the reference of an answerer on the training videos, write it and say what it is."""
    import argparse

    from ntlbg.modeling.qwen import QwenAdapter
    from ntlbg.modeling.visual import VisualTokens
    from ntlbg.store import Store

    parser = argparse.ArgumentParser(prog="python -m ntlbg.training.reference", description=__doc__.splitlines()[0])
    parser.add_argument("--accepted", type=Path, default=Path("data/accepted"))
    parser.add_argument("--frames", type=Path, default=Path("data/frames"))
    parser.add_argument("--answerer", type=Path, default=Path("models/answerer"))
    parser.add_argument("--size", type=int, nargs=2, default=(32, 48), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--tokens", type=int, default=1, help="embeddings per frame, pooled as a point's are")
    parser.add_argument("--out", type=Path, default=Path("models/reference.safetensors"))
    told = parser.parse_args(arguments)
    tokens = VisualTokens.open(
        QwenAdapter.load(told.answerer),
        accepted=told.accepted,
        frames=told.frames,
        size=tuple(told.size),
        keep=told.tokens,
        store=Store.default(),
    )
    videos = tokens.videos("train")
    reference = measure(tokens.tokens_of(video, told.tokens) for video in videos)
    save(reference, told.out)
    everything = float(reference.variances.sum() + reference.rest * (len(reference.mean) - len(reference.variances)))
    share = float(reference.variances.sum()) / everything
    print(
        f"{told.out}: {len(videos)} videos, width {len(reference.mean)}; "
        f"{len(reference.variances)} directions hold {share:.0%} of the variance"
    )


if __name__ == "__main__":
    from ntlbg.errors import NTLBGError

    try:
        main()
    except NTLBGError as error:
        raise SystemExit(f"error: {error.sentence}" + (f"\nhint: {error.hint}" if error.hint else "")) from None
