"""Trains the tiny answerer from scratch: first its eyes, then reading one frame, two, four, eight.

Without the curriculum over the number of frames nothing is learnt in this time. Everything is drawn from `seed`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ntlbg.backbone.eyes import learn_to_see, whiten
from ntlbg.backbone.lessons import Ask, Pool, lesson
from ntlbg.backbone.optimiser import Optimiser, rate
from ntlbg.backbone.packed import Layout, layout, packed_logits
from ntlbg.backbone.practice import Scene, shaken
from ntlbg.corpus.planted import rng_for
from ntlbg.modeling.images import patches, tokens_per_frame
from ntlbg.progress import meter
from ntlbg.records.arrays import Array

EYES_PER_STEP = 0.4  # steps of seeing (place, shape and colour of single frames) before each step of reading
# (until this share of the steps, frames)
CURRICULUM = ((0.12, (1,)), (0.18, (1, 2)), (0.26, (2, 3)), (0.40, (3, 4, 5)), (1.0, (8, 8, 8, 8, 6, 5, 4, 2)))
COMPOSED_UNTIL = 0.6  # of the steps: composed lessons only; after it every third batch is of real selections
SEE_FROM = 0.75  # of the steps: from here the vision tower learns too; before, it stays as the eyes left it
ASKS = 5  # questions about one selection


def learn(
    model: Any,
    processor: Any,
    scenes: Sequence[Scene],
    *,
    steps: int,
    batch: int = 32,
    peak: float = 3e-3,
    seed: int = 0,
    every: int = 0,
    look: Callable[[int, float], None] | None = None,
) -> None:
    """Train in place.

    batch: selections a step, each with `ASKS` questions. look(step, mean loss) is called each `every` steps.
    """
    import torch

    whiten(model, processor, scenes, seed=seed)
    learn_to_see(model, processor, scenes, steps=round(EYES_PER_STEP * steps), batch=batch * 4, peak=peak, seed=seed)
    rng = rng_for("answerer", seed)
    torch.manual_seed(seed)
    optimiser = Optimiser(model.named_parameters())
    pool = Pool(scenes)
    layouts: dict[int, Layout] = {}
    recent: list[float] = []
    model.train()
    with meter("answerer", total=steps, unit="steps") as m:
        for step in range(steps):
            k = _frames_at(rng, step / steps)
            composed = step < COMPOSED_UNTIL * steps or step % 3 != 0
            drawn = [lesson(rng, pool, k, ASKS, composed=composed) for _ in range(batch)]
            frames = shaken(rng, np.stack([scenes[s].frames[f] for one in drawn for s, f in one.frames]))
            asks = [a for one in drawn for a in one.asks]
            loss = _loss(model, processor, layouts, frames, asks, k, see=step >= SEE_FROM * steps)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step(rate(step, steps, peak))
            recent = [*recent[-99:], float(loss.detach())]
            m.advance(now=f"loss {np.mean(recent):.3f}  {k} frames")
            if look is not None and every and (step + 1) % every == 0:
                model.eval()
                look(step + 1, float(np.mean(recent)))
                model.train()
    model.eval()


def _frames_at(rng: np.random.Generator, progress: float) -> int:
    for until, choices in CURRICULUM:
        if progress < until:
            return int(rng.choice(choices))
    return int(rng.choice(CURRICULUM[-1][1]))


def _loss(
    model: Any,
    processor: Any,
    layouts: dict[int, Layout],
    frames: Array,
    asks: Sequence[Ask],
    k: int,
    *,
    see: bool,
) -> Any:
    """Mean cross-entropy of the answer tokens. Several right answers share the target evenly.

    frames: of all selections, k each. asks: of all selections, `ASKS` each. see: whether the vision tower learns.
    """
    import torch

    tokens = processor.tokenizer
    pixels, grid = patches(processor.image_processor, frames)
    if k not in layouts:
        per_frame = tokens_per_frame(processor.image_processor, *frames.shape[1:3])
        layouts[k] = layout(model, processor, k, per_frame, tuple(grid[0].tolist()))
    tail = "<|im_end|>\n<|im_start|>assistant\n"
    texts = tokens([a.text + tail for a in asks], add_special_tokens=False)["input_ids"]
    longest = max(map(len, texts))
    ids = torch.full((len(texts), longest), tokens.pad_token_id)
    target = torch.zeros(len(texts), model.config.text_config.vocab_size)
    hidden = torch.zeros_like(target, dtype=torch.bool)
    for i, (text, a) in enumerate(zip(texts, asks, strict=True)):
        ids[i, : len(text)] = torch.tensor(text)
        target[i, tokens.convert_tokens_to_ids(list(a.right))] = 1 / len(a.right)
        if a.unseen is not None:
            hidden[i, tokens.convert_tokens_to_ids(a.unseen)] = True
    lengths = torch.tensor([len(text) for text in texts]).view(-1, ASKS)
    logits = packed_logits(model, layouts[k], pixels, grid, ids.view(-1, ASKS, longest), lengths, see=see)
    # a held-out colour is taken out of the sum: its absence from practice must not become a belief
    logits = logits.reshape(len(texts), -1).float().masked_fill(hidden, -1e9)
    return -(target * torch.log_softmax(logits, dim=-1)).sum(-1).mean()
