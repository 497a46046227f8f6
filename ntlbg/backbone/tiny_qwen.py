"""The tiny answerer: transformers' own Qwen2-VL classes in a size that a CPU trains in minutes.

Frames of 32×48 are 4×6 patches of 8 pixels, merged two by two: six tokens a frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ntlbg.backbone import tokenizer as words

FRAME = (32, 48)  # height, width
PATCH, MERGE = 8, 2


def build_processor() -> Any:
    """A Qwen2VLProcessor whose sizes are explicit: a frame of any size that fits the patches is left as it is."""
    from transformers import Qwen2VLImageProcessor, Qwen2VLProcessor, Qwen2VLVideoProcessor

    sizes: dict[str, Any] = {
        "patch_size": PATCH,
        "merge_size": MERGE,
        "temporal_patch_size": 2,
        "size": {"shortest_edge": (PATCH * MERGE) ** 2, "longest_edge": 512 * 512},
    }
    tokens = words.build_tokenizer()
    return Qwen2VLProcessor(
        Qwen2VLImageProcessor(**sizes), tokens, Qwen2VLVideoProcessor(**sizes), chat_template=tokens.chat_template
    )


def build_model(processor: Any, *, width: int = 128, layers: int = 4, seed: int = 0) -> Any:
    """A fresh Qwen2VLForConditionalGeneration. width: of the language model; the vision tower is half as wide."""
    import torch
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    tokens = processor.tokenizer
    heads = width // 32
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": -(-len(tokens) // 8) * 8,
            "hidden_size": width,
            "intermediate_size": width * 5 // 2,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": heads,
            "max_position_embeddings": 4096,
            # head size 32: 16 rotary pairs, shared by time, height and width as in Qwen2-VL (1 : 1.5 : 1.5)
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]},
            "bos_token_id": None,
            "eos_token_id": tokens.convert_tokens_to_ids(words.END),
            "pad_token_id": tokens.pad_token_id,
        },
        vision_config={
            "depth": 2,
            "embed_dim": width // 2,
            "hidden_size": width,
            "num_heads": 4,
            "mlp_ratio": 3,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
            "temporal_patch_size": 2,
            # a frame is 4×6 patches: with the usual base of 10000 most rotary pairs hardly turn from patch to patch
            "rope_parameters": {"rope_type": "axial", "rope_theta": 10.0},
        },
        image_token_id=tokens.convert_tokens_to_ids(words.IMAGE),
        video_token_id=tokens.convert_tokens_to_ids(words.VIDEO),
        vision_start_token_id=tokens.convert_tokens_to_ids(words.VISION_START),
        vision_end_token_id=tokens.convert_tokens_to_ids(words.VISION_END),
        tie_word_embeddings=False,
    )
    torch.manual_seed(seed)
    model = Qwen2VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokens.convert_tokens_to_ids(words.END)
    model.generation_config.pad_token_id = tokens.pad_token_id
    return model


def save(model: Any, processor: Any, into: Path) -> None:
    """An ordinary checkpoint folder, weights as fp16 safetensors (half the size, the same answers)."""
    import copy

    import torch

    copy.deepcopy(model).to(torch.float16).save_pretrained(into, safe_serialization=True)
    processor.save_pretrained(into)
