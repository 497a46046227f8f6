"""The stand-in: the real attention, choice and constructor, and in the language model's place a few matrices.

A question asks which of four marks the frames carry; the mark is a direction in the frames' visual tokens, and the
question's vector points at the frames that carry it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from ntlbg.modeling.attention import NTLBGAttention
from ntlbg.modeling.choice import choose, masses, scores
from ntlbg.modeling.rich_points import RichPointConstructor
from ntlbg.training.losses import Transition
from ntlbg.training.objective import Objective
from ntlbg.training.params import Stage, TrainingParams
from ntlbg.training.reference import Reference, measure
from ntlbg.training.trainable import TERMS

D, E, WIDTH, CONTEXT, OPTIONS, POINTS = 12, 6, 16, 8, 4, 6


@dataclass(frozen=True)
class TinySample:
    """As the real Sample, without prompt and texts."""

    features: np.ndarray
    timestamps_s: np.ndarray
    query: np.ndarray
    weights: np.ndarray
    relevance: np.ndarray
    indices: np.ndarray
    visual: np.ndarray
    answer: int


class Reader(nn.Module):
    """Reads points: a frozen base, and a low-rank correction named as peft names it."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.base = nn.Linear(WIDTH, WIDTH)
        self.lora_A = nn.Linear(WIDTH, 2, bias=False)
        self.lora_B = nn.Linear(2, WIDTH, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(WIDTH, OPTIONS)
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, embeds: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        x = embeds.mean(2)
        x = torch.tanh(self.base(x) + self.lora_B(self.lora_A(self.dropout(x))))
        real = present[..., None].to(x)
        return self.head((x * real).sum(1) / real.sum(1))


class Tiny(nn.Module):
    """Answers with one of four marks."""

    def __init__(self, seed: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.attention = NTLBGAttention(D, E, rank=4, hidden=16)
        self.constructor = RichPointConstructor(D, WIDTH, CONTEXT, 8, WIDTH, window=2, hidden=16)
        self.adapter = Reader(dropout)

    def forward(self, samples: list[TinySample], *, presentation: str, points: int, noise: Any = None) -> Any:
        def stacked(name: str, dtype: torch.dtype = torch.float32) -> torch.Tensor:
            return torch.stack([torch.as_tensor(np.array(getattr(s, name))).to(dtype) for s in samples])

        features, weights = stacked("features"), stacked("weights")
        mask = torch.ones(features.shape[:2], dtype=torch.bool)
        law = self.attention(features, mask, weights, stacked("query"))
        score = scores(law, features, mask, stacked("relevance"), self.attention.gains)
        pool = stacked("indices", torch.long)
        allowed = torch.zeros_like(mask).scatter(1, pool, True)
        choice = choose(score, allowed, points, noise=noise)
        mass = masses(score, mask, choice.indices, features, choice.present)
        place = (choice.indices[:, :, None] == pool[:, None]).long().argmax(-1)
        visual = stacked("visual")[torch.arange(len(samples))[:, None], place]
        times = stacked("timestamps_s")
        rich = self.constructor(
            features,
            mask,
            times,
            times[:, -1] + 1,
            choice.indices,
            choice.present,
            visual,
            mass,
            choice.gate,
        )
        said = self.adapter(rich.embeds, choice.present)
        logits = torch.stack([said, torch.zeros_like(said)], dim=1)
        answers = torch.tensor([s.answer for s in samples])
        labels = torch.stack([torch.full_like(answers, -100), answers], dim=1)
        return SimpleNamespace(
            logits=logits,
            labels=labels,
            law=law,
            choice=choice,
            rich=rich,
            features=features,
            mask=mask,
            weights=weights,
            times_s=times,
            visual=visual,
        )

    def score_options(self, samples: list[TinySample], *, presentation: str, points: int) -> list[list[float]]:
        out = self(samples, presentation=presentation, points=points)
        return torch.log_softmax(out.logits[:, 0].float(), -1).tolist()


def tiny_samples(count: int, seed: int = 0, T: int = 24, pool: int = POINTS) -> list[TinySample]:
    """Questions about videos of T frames whose features wander."""
    rng = np.random.default_rng(seed)
    marks = np.random.default_rng(99).normal(size=(OPTIONS, WIDTH))
    found = []
    for _ in range(count):
        answer = int(rng.integers(OPTIONS))
        steps = rng.normal(size=(T, D)) * np.linspace(0.3, 2.0, D)
        features = 0.4 * np.cumsum(steps, axis=0) + steps
        query = rng.normal(size=E)
        relevance = rng.normal(size=T)
        weights = np.exp(0.3 * relevance)
        indices = np.sort(rng.choice(T, pool, replace=False))
        visual = rng.normal(size=(pool, 1, WIDTH))
        visual[rng.integers(pool)] += 3 * marks[answer]
        found.append(
            TinySample(
                features,
                np.arange(T) * 1.5,
                query,
                weights / weights.sum(),
                relevance,
                indices,
                visual,
                answer,
            )
        )
    return found


@dataclass
class TinyBatches:
    """As Batches, with samples made beforehand: update after update the next ones."""

    train: list[TinySample]
    val: list[TinySample] = field(default_factory=list)

    def part(self, update: int, micro: int, parts: int, size: int) -> list[TinySample]:
        first = update * parts * size + micro * size
        return [self.train[i % len(self.train)] for i in range(first, first + size)]

    def validation(self, size: int, rank: int = 0, ranks: int = 1) -> Iterator[list[TinySample]]:
        mine = self.val[rank::ranks]
        for start in range(0, len(mine), size):
            yield mine[start : start + size]


def tiny_batches(train: int = 16, val: int = 8) -> TinyBatches:
    return TinyBatches(tiny_samples(train, seed=1), tiny_samples(val, seed=2))


def tiny_reference() -> Reference:
    return measure([np.random.default_rng(5).normal(size=(200, WIDTH))], rank=6)


def tiny_objective(model: Tiny, stage: Stage = "full", **changed: Any) -> Objective:
    """The objective of a stage over the stand-in."""
    torch.manual_seed(11)
    arguments: dict[str, Any] = {
        "presentation": "rich",
        "points": POINTS,
        "terms": TERMS[stage],
        "target": "median",
        "likelihood": 1.0,
    }
    return Objective(model, Transition(CONTEXT, WIDTH, 16), tiny_reference(), **(arguments | changed))


def tiny_params(**changed: Any) -> TrainingParams:
    """Few, fast updates."""
    usual: dict[str, Any] = {
        "points": POINTS,
        "batch_size": 4,
        "max_steps": 12,
        "learning_rate": 1e-2,
        "validate_every": 4,
        "checkpoint_every": 3,
    }
    return TrainingParams(**(usual | changed))
