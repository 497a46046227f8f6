"""The vision tower over many frames at once."""

from __future__ import annotations

import numpy as np
import torch

from ntlbg.modeling.images import patches
from ntlbg.modeling.vision import embed_frames, fast


def test_many_frames_at_once_are_the_frames_one_by_one(answerer):
    """Attention stays within each frame: the numbers are those of transformers' own walk over the images."""
    frames = np.random.default_rng(1).integers(0, 256, (6, 32, 48, 3), dtype=np.uint8)
    pixels, grid = patches(answerer.processor.image_processor, frames)
    usual = answerer.model.model.visual.config._attn_implementation
    with torch.inference_mode():
        own = torch.cat(answerer.model.model.get_image_features(pixels, grid, return_dict=True).pooler_output)
        ours = embed_frames(answerer.model, pixels, grid)
    assert torch.allclose(own, ours, atol=1e-5)
    assert answerer.model.model.visual.config._attn_implementation == usual


def test_only_qwen2_vl_takes_this_way(answerer):
    """Another family's tower has other parts, so it keeps its own way."""
    assert fast(answerer.model)

    class Other:
        class config:  # noqa: N801
            model_type = "qwen3_vl"

    assert not fast(Other())
