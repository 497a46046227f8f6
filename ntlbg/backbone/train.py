"""Trains one tiny model as its parameters say and saves it as an ordinary checkpoint."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ntlbg.backbone import learn_answerer, learn_encoder, tiny_clip, tiny_qwen
from ntlbg.backbone.params import AnswererParams, EncoderParams
from ntlbg.backbone.practice import Scene, draw_all, plans
from ntlbg.store import folder_atomic

Look = Callable[[Any, Any, int, float], None]  # model, processor, step, mean loss


def train_encoder(params: EncoderParams, into: Path, *, look: Look | None = None, every: int = 0) -> None:
    """Draw the practice videos, train, and write the checkpoint's files into the folder `into`."""
    scenes = _practice("encoder", params.seed, params.videos)
    processor = tiny_clip.build_processor()
    model = tiny_clip.build_model(processor, width=params.width, seed=params.seed)
    learn_encoder.learn(
        model,
        processor,
        scenes,
        steps=params.steps,
        batch=params.batch,
        peak=params.learning_rate,
        seed=params.seed,
        every=every,
        look=None if look is None else lambda step, loss: look(model, processor, step, loss),
    )
    tiny_clip.save(model, processor, into)


def train_answerer(
    params: AnswererParams, into: Path, *, reading: Path | None = None, look: Look | None = None, every: int = 0
) -> None:
    """Draw the practice videos, train both passes, and write the checkpoint's files into the folder `into`.

    reading: where the first pass leaves its checkpoint; one that is there already is taken up.
    """
    import torch
    from transformers import AutoModelForImageTextToText

    scenes = _practice("answerer", params.seed, params.videos)
    processor = tiny_qwen.build_processor()
    common: dict[str, Any] = {"batch": params.batch, "peak": params.learning_rate, "seed": params.seed, "every": every}

    def looking(model: Any) -> Any:
        return None if look is None else lambda step, loss: look(model, processor, step, loss)

    first = reading or into / "reading"
    if not (first / "config.json").exists():
        model = tiny_qwen.build_model(processor, width=params.width, seed=params.seed)
        learn_answerer.learn_to_read(model, processor, scenes, steps=params.steps, look=looking(model), **common)
        with folder_atomic(first) as folder:
            tiny_qwen.save(model, processor, folder)
    # as read back from the folder, so that to take it up there and to go on are the same
    model = AutoModelForImageTextToText.from_pretrained(first, dtype=torch.float32, use_safetensors=True)
    if params.counting_steps:
        learn_answerer.practise(
            model,
            processor,
            scenes,
            learn_answerer.COUNTING,
            steps=params.counting_steps,
            look=looking(model),
            **common,
        )
    if reading is None:
        shutil.rmtree(first)
    tiny_qwen.save(model, processor, into)


def _practice(series: str, seed: int, videos: int) -> list[Scene]:
    workers = min(len(os.sched_getaffinity(0)), 8) if videos > 32 else 1
    return draw_all(plans(seed, series, videos), tiny_qwen.FRAME, workers=workers, what=f"{series}: practice videos")
