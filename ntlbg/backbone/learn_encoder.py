"""Trains the tiny encoder from scratch: frames against questions and short captions, contrastively.

A frame's positives are all texts of the batch that name what it shows; so two frames of the same shape in the same
place are no rivals. Everything is drawn from `seed`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ntlbg.backbone.optimiser import Optimiser, rate
from ntlbg.backbone.practice import Scene, shaken
from ntlbg.corpus.planted import rng_for
from ntlbg.corpus.world import PLACES
from ntlbg.progress import meter

EMPTY_SHARE = 0.25  # of a batch: frames without a shape
FORMS = (
    "What colour is the {shape} in the {place}?",
    "What colour is the {shape} in the {place} when it is seen first?",
    "What colour is the {shape} in the {place} when it is seen last?",
    "How many times does the {shape} appear in the {place}?",
    "the {shape} in the {place}",
    "a {colour} {shape} in the {place}",
)
EMPTY = "a picture of an empty {place} with nothing in it"


def learn(
    model: Any,
    processor: Any,
    scenes: Sequence[Scene],
    *,
    steps: int,
    batch: int = 192,
    peak: float = 1e-3,
    seed: int = 0,
    every: int = 0,
    look: Callable[[int, float], None] | None = None,
) -> None:
    """Train in place. batch: frames (and texts) a step."""
    import torch

    rng = rng_for("encoder", seed)
    torch.manual_seed(seed)
    optimiser = Optimiser(model.named_parameters())
    shown = [(s, int(f)) for s, scene in enumerate(scenes) for f in np.flatnonzero(scene.event >= 0)]
    empty = [(s, int(f)) for s, scene in enumerate(scenes) for f in np.flatnonzero(scene.event == -1)]
    bare = round(EMPTY_SHARE * batch)
    recent: list[float] = []
    model.train()
    with meter("encoder", total=steps, unit="steps") as m:
        for step in range(steps):
            drawn = [shown[int(i)] for i in rng.integers(len(shown), size=batch - bare)]
            drawn += [empty[int(i)] for i in rng.integers(len(empty), size=bare)]
            frames = shaken(rng, np.stack([scenes[s].frames[f] for s, f in drawn]))
            texts, things = _texts(rng, scenes, drawn)
            loss = _loss(model, processor, frames, texts, things)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step(rate(step, steps, peak))
            recent = [*recent[-49:], float(loss.detach())]
            m.advance(now=f"loss {np.mean(recent):.3f}")
            if look is not None and every and (step + 1) % every == 0:
                model.eval()
                look(step + 1, float(np.mean(recent)))
                model.train()
    model.eval()


def _texts(
    rng: np.random.Generator, scenes: Sequence[Scene], drawn: Sequence[tuple[int, int]]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """A text per frame, and what both are about: frames and texts about the same thing are positives."""
    texts: list[str] = []
    things: list[tuple[str, ...]] = []
    for s, f in drawn:
        e = int(scenes[s].event[f])
        if e < 0:
            place = list(PLACES)[int(scenes[s].place[f])]
            texts.append(EMPTY.format(place=place))
            things.append((place,))
            continue
        event = scenes[s].plan.events[e]
        form = str(rng.choice(FORMS))
        texts.append(form.format(shape=event.shape, place=event.place, colour=event.colour))
        things.append((event.shape, event.place))
    return texts, things


def _loss(model: Any, processor: Any, frames: Any, texts: list[str], things: list[tuple[str, ...]]) -> Any:
    """Cross-entropy both ways; positives share the target evenly."""
    import torch

    pixels = pictures(processor.image_processor, frames)
    tokens = processor.tokenizer(texts, padding=True, return_tensors="pt")
    out = model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], pixel_values=pixels)
    numbers = {thing: i for i, thing in enumerate(dict.fromkeys(things))}
    thing = torch.tensor([numbers[t] for t in things])
    target = (thing[:, None] == thing[None]).float()
    target = target / target.sum(-1, keepdim=True)
    logits = out.logits_per_image
    rows = -(target * torch.log_softmax(logits, -1)).sum(-1).mean()
    columns = -(target * torch.log_softmax(logits.T, -1)).sum(-1).mean()
    return (rows + columns) / 2


def pictures(image_processor: Any, frames: Any) -> Any:
    """Frames as the processor prepares them, in one step for the whole stack: the processor's own two functions."""
    import torch
    from transformers.image_utils import SizeDict

    stack = torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2)))
    size = SizeDict(height=image_processor.size["height"], width=image_processor.size["width"])
    stack = image_processor.resize(stack, size, image_processor.resample)
    return image_processor.rescale_and_normalize(
        stack,
        True,
        image_processor.rescale_factor,
        True,
        tuple(image_processor.image_mean),
        tuple(image_processor.image_std),
    )


def embed(model: Any, processor: Any, frames: Any) -> Any:
    """Unit vectors [n, e] of frames, as numpy."""
    import torch

    with torch.inference_mode():
        out = model.get_image_features(pixel_values=pictures(processor.image_processor, frames))
    return _unit(getattr(out, "pooler_output", out))


def embed_texts(model: Any, processor: Any, texts: list[str]) -> Any:
    """Unit vectors [n, e] of texts, as numpy."""
    import torch

    tokens = processor.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        out = model.get_text_features(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
    return _unit(getattr(out, "pooler_output", out))


def _unit(x: Any) -> Any:
    return (x / x.norm(dim=-1, keepdim=True)).numpy()
