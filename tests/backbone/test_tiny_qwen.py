"""The tiny answerer as a checkpoint."""

from __future__ import annotations

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from ntlbg.backbone import tiny_qwen


def test_it_is_saved_and_loaded_as_qwen2_vl_is(tmp_path):
    """AutoProcessor and AutoModelForImageTextToText give the same classes, sizes and (to half precision) weights."""
    processor = tiny_qwen.build_processor()
    model = tiny_qwen.build_model(processor)
    tiny_qwen.save(model, processor, tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=torch.float32, use_safetensors=True)
    assert type(again) is type(model)
    for (name, a), (_, b) in zip(model.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(a.half().float(), b), name
    loaded = AutoProcessor.from_pretrained(tmp_path)
    assert type(loaded) is type(processor)
    assert loaded.image_processor.patch_size == tiny_qwen.PATCH
    assert loaded.chat_template == processor.chat_template


def test_it_is_tiny_and_the_same_for_the_same_seed():
    """About a million parameters, drawn from the seed."""
    processor = tiny_qwen.build_processor()
    a, b, c = (tiny_qwen.build_model(processor, seed=s).lm_head.weight for s in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert sum(p.numel() for p in tiny_qwen.build_model(processor).parameters()) < 1_200_000


def test_saving_leaves_the_model_as_it_was(tmp_path):
    """A checkpoint during training does not change what is trained."""
    processor = tiny_qwen.build_processor()
    model = tiny_qwen.build_model(processor, width=64, layers=1)
    before = model.lm_head.weight.detach().clone()
    tiny_qwen.save(model, processor, tmp_path)
    assert model.lm_head.weight.dtype == torch.float32
    assert torch.equal(model.lm_head.weight, before)
