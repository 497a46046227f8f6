"""Tiny random models of the three families, with the tiny answerer's tokens, patches and frame sizes."""

from __future__ import annotations

from typing import Any

import torch

from ntlbg.backbone import tiny_qwen
from ntlbg.backbone import tokenizer as words

WIDTH, LAYERS = 32, 2


def build(family: str, processor: Any, seed: int = 5) -> Any:
    """A model of `qwen2_vl`, `qwen2_5_vl` or `qwen3_vl`."""
    if family == "qwen2_vl":
        return tiny_qwen.build_model(processor, width=WIDTH, layers=LAYERS, seed=seed)
    import transformers

    tokens = processor.tokenizer
    text = {
        "vocab_size": -(-len(tokens) // 8) * 8,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 4096,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        "eos_token_id": tokens.convert_tokens_to_ids(words.END),
        "pad_token_id": tokens.pad_token_id,
    }
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "out_hidden_size": WIDTH,
        "patch_size": tiny_qwen.PATCH,
        "spatial_merge_size": tiny_qwen.MERGE,
        "temporal_patch_size": 2,
    }
    ids = {
        "image_token_id": tokens.convert_tokens_to_ids(words.IMAGE),
        "video_token_id": tokens.convert_tokens_to_ids(words.VIDEO),
        "vision_start_token_id": tokens.convert_tokens_to_ids(words.VISION_START),
        "vision_end_token_id": tokens.convert_tokens_to_ids(words.VISION_END),
        "tie_word_embeddings": False,
    }
    torch.manual_seed(seed)
    if family == "qwen2_5_vl":
        vision |= {"window_size": 32, "fullatt_block_indexes": [1]}
        config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision, **ids)
        model = transformers.Qwen2_5_VLForConditionalGeneration(config)
    else:
        text |= {"head_dim": 16}
        vision |= {"num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
        config = transformers.Qwen3VLConfig(text_config=text, vision_config=vision, **ids)
        model = transformers.Qwen3VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokens.convert_tokens_to_ids(words.END)
    model.generation_config.pad_token_id = tokens.pad_token_id
    return model
