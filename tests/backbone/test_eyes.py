"""The first lesson: seeing single frames."""

from __future__ import annotations

import numpy as np
import torch

from ntlbg.backbone import tiny_qwen
from ntlbg.backbone.eyes import learn_to_see, whiten
from ntlbg.modeling.images import patches


def test_whitened_patches_have_unit_variance(scenes):
    """Edges start as loud as brightness."""
    processor = tiny_qwen.build_processor()
    model = tiny_qwen.build_model(processor)
    whiten(model, processor, scenes, seed=0, frames=400)
    pixels, _ = patches(processor.image_processor, scenes[0].frames[scenes[0].event >= 0])
    with torch.inference_mode():
        deviation = model.model.visual.patch_embed(pixels).std(0)
    assert deviation.min() > 0.3
    assert deviation.max() < 2.0


def test_seeing_is_learnt_by_the_tower_alone(scenes):
    """Some steps change the vision tower and leave the language model as it was."""
    processor = tiny_qwen.build_processor()
    model = tiny_qwen.build_model(processor, width=64, layers=1)
    language = [p.detach().clone() for p in model.model.language_model.parameters()]
    tower = model.model.visual.blocks[0].attn.qkv.weight.detach().clone()
    learn_to_see(model, processor, scenes, steps=3, batch=16, peak=3e-3, seed=0)
    assert not torch.equal(tower, model.model.visual.blocks[0].attn.qkv.weight)
    for before, after in zip(language, model.model.language_model.parameters(), strict=True):
        assert torch.equal(before, after)
        assert np.isfinite(after.detach().numpy()).all()
