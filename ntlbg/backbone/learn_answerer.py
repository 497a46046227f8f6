"""Trains the tiny answerer from scratch: its eyes, then reading one frame, two, four, eight, then counting.

Without the curriculum over the number of frames nothing is learnt in this time. The second pass starts it again at a
lower rate, with eyes that stay as they are: counting is learnt only then. Everything is drawn from `seed`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
ASKS = 5  # questions about one selection


@dataclass(frozen=True)
class Pass:
    """curriculum: (until this share of the steps, numbers of frames to choose from).

    peak: of the learning rate, in that of the parameters. composed_until: share of the steps with composed lessons
    only; after it every third batch is of real selections. see_from: from this share on the vision tower learns too.
    """

    curriculum: tuple[tuple[float, tuple[int, ...]], ...]
    peak: float = 1.0
    composed_until: float = 1.0
    see_from: float = 1.0

    def frames_at(self, rng: np.random.Generator, progress: float) -> int:
        """How many frames a batch shows at this share of the steps."""
        choices = next(choices for until, choices in self.curriculum if progress < until)
        return int(rng.choice(choices))


READING = Pass(
    ((0.12, (1,)), (0.18, (1, 2)), (0.26, (2, 3)), (0.40, (3, 4, 5)), (1.0, (8, 8, 8, 8, 6, 5, 4, 2))),
    composed_until=0.6,
    see_from=0.75,
)
COUNTING = Pass(((0.12, (1, 2)), (0.25, (2, 3)), (0.45, (3, 4, 5)), (1.0, (8, 8, 8, 6, 5))), peak=2 / 3)


def learn_to_read(
    model: Any, processor: Any, scenes: Sequence[Scene], *, steps: int, batch: int = 32, peak: float = 3e-3, **more: Any
) -> None:
    """Train the eyes of a fresh model, then its reading, in place. more: as for `practise`."""
    seed = more.get("seed", 0)
    whiten(model, processor, scenes, seed=seed)
    learn_to_see(model, processor, scenes, steps=round(EYES_PER_STEP * steps), batch=batch * 4, peak=peak, seed=seed)
    practise(model, processor, scenes, READING, steps=steps, batch=batch, peak=peak, **more)


def practise(
    model: Any,
    processor: Any,
    scenes: Sequence[Scene],
    kind: Pass,
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

    rng = rng_for("answerer", seed, *(() if kind is READING else ("counting",)))
    torch.manual_seed(seed)
    optimiser = Optimiser(model.named_parameters())
    pool = Pool(scenes)
    layouts: dict[int, Layout] = {}
    recent: list[float] = []
    model.train()
    with meter("answerer", total=steps, unit="steps") as m:
        for step in range(steps):
            k = kind.frames_at(rng, step / steps)
            composed = step < kind.composed_until * steps or step % 3 != 0
            drawn = [lesson(rng, pool, k, ASKS, composed=composed) for _ in range(batch)]
            frames = shaken(rng, np.stack([scenes[s].frames[f] for one in drawn for s, f in one.frames]))
            asks = [a for one in drawn for a in one.asks]
            loss = _loss(model, processor, layouts, frames, asks, k, see=step >= kind.see_from * steps)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step(rate(step, steps, peak * kind.peak))
            recent = [*recent[-99:], float(loss.detach())]
            m.advance(now=f"loss {np.mean(recent):.3f}  {k} frames")
            if look is not None and every and (step + 1) % every == 0:
                model.eval()
                look(step + 1, float(np.mean(recent)))
                model.train()
    model.eval()


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
