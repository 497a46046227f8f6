"""Teaches the answerer's vision tower to see, before it learns to read: what place, which shape, which colour.

Reading needs frames that are told apart already; with both at once, in the time there is, neither emerges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ntlbg.backbone.optimiser import Optimiser, rate
from ntlbg.backbone.practice import Scene, shaken
from ntlbg.corpus.planted import rng_for
from ntlbg.corpus.world import COLOURS, PLACES, SHAPES
from ntlbg.modeling.images import patches
from ntlbg.modeling.vision import embed_frames
from ntlbg.progress import meter


def whiten(model: Any, processor: Any, scenes: Sequence[Scene], *, seed: int, frames: int = 2000) -> None:
    """Start the patch projection at the principal directions of practice patches, each scaled to unit variance.

    Raw patches are nearly all brightness; edges, which tell a ring from a moon, start too faint to be learnt from.
    """
    import torch

    rng = rng_for("whiten", seed)
    drawn = []
    for s in rng.integers(len(scenes), size=frames):
        shown = np.flatnonzero(scenes[int(s)].event >= 0)
        drawn.append(scenes[int(s)].frames[int(rng.choice(shown))])
    weight = model.model.visual.patch_embed.proj.weight  # [width, 3, temporal, patch, patch]
    width, colours, temporal, patch, _ = weight.shape
    pixels, _ = patches(processor.image_processor, np.stack(drawn))
    flat = pixels.view(-1, colours, temporal, patch * patch)[:, :, 0].reshape(len(pixels), -1).double().numpy()
    variance, directions = np.linalg.eigh(np.cov(flat.T))
    order = np.argsort(variance)[::-1][:width]
    scaled = directions[:, order] / np.sqrt(variance[order] + 0.01 * variance.mean())
    start = torch.from_numpy(scaled.T.astype(np.float32)).view(-1, colours, 1, patch, patch)
    with torch.no_grad():
        weight[: len(order)].copy_(start.expand(-1, -1, temporal, -1, -1) / temporal)


def learn_to_see(
    model: Any, processor: Any, scenes: Sequence[Scene], *, steps: int, batch: int, peak: float, seed: int
) -> None:
    """Teach the vision tower what a single frame shows, through three linear readers that are thrown away after."""
    import torch
    from torch.nn.functional import cross_entropy

    rng = rng_for("eyes", seed)
    torch.manual_seed(seed)
    width = model.config.text_config.hidden_size
    readers = torch.nn.ModuleList(torch.nn.Linear(width, n) for n in (len(PLACES), len(SHAPES) + 1, len(COLOURS) + 1))
    tower = model.model.visual
    optimiser = Optimiser([*tower.named_parameters(), *readers.named_parameters()])
    shapes, colours = list(SHAPES), list(COLOURS)
    shown = [(s, int(f)) for s, scene in enumerate(scenes) for f in np.flatnonzero(scene.event >= 0)]
    tower.train()
    with meter("answerer's eyes", total=steps, unit="steps") as m:
        for step in range(steps):
            drawn = [shown[int(i)] for i in rng.integers(len(shown), size=batch * 3 // 4)]
            for s in rng.integers(len(scenes), size=batch - len(drawn)):
                drawn.append((int(s), int(rng.choice(np.flatnonzero(scenes[int(s)].event == -1)))))
            labels = np.zeros((3, batch), dtype=np.int64)
            for i, (s, f) in enumerate(drawn):
                e = int(scenes[s].event[f])
                labels[0, i] = scenes[s].place[f]
                if e >= 0:
                    event = scenes[s].plan.events[e]
                    labels[1:, i] = shapes.index(event.shape) + 1, colours.index(event.colour) + 1
            frames = shaken(rng, np.stack([scenes[s].frames[f] for s, f in drawn]))
            pixels, grid = patches(processor.image_processor, frames)
            pooled = embed_frames(model, pixels, grid).view(batch, -1, width).mean(1)
            guesses = [reader(pooled) for reader in readers]
            truth = [torch.from_numpy(y) for y in labels]
            losses = [cross_entropy(g, y) for g, y in zip(guesses, truth, strict=True)]
            loss = torch.stack(losses).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step(rate(step, steps, peak))
            right = [float((g.argmax(-1) == y).float().mean()) for g, y in zip(guesses, truth, strict=True)]
            m.advance(now=f"place {right[0]:.2f}  shape {right[1]:.2f}  colour {right[2]:.2f}")
    tower.eval()
