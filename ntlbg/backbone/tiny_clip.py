"""The tiny encoder: transformers' own CLIP classes in a size that a CPU trains in a minute or two.

Pictures are squeezed to 32×32 (sixteen patches of 8 pixels); texts are the questions of the rendered world.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ntlbg.backbone import tokenizer as words

SIDE, PATCH = 32, 8


def build_processor() -> Any:
    """A CLIPProcessor: squeeze to 32×32, nothing cropped; texts framed by start and end tokens."""
    from transformers import CLIPImageProcessor, CLIPProcessor

    images = CLIPImageProcessor(size={"height": SIDE, "width": SIDE}, do_center_crop=False, resample=2)
    return CLIPProcessor(images, words.build_tokenizer(sentence=True))


def build_model(processor: Any, *, width: int = 64, seed: int = 0) -> Any:
    """A fresh CLIPModel. width: of both towers and of the shared space."""
    import torch
    from transformers import CLIPConfig, CLIPModel

    tokens = processor.tokenizer
    tower = {
        "hidden_size": width,
        "intermediate_size": 3 * width,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "projection_dim": width,
    }
    config = CLIPConfig(
        text_config={
            **tower,
            "vocab_size": -(-len(tokens) // 8) * 8,
            "max_position_embeddings": 32,
            "pad_token_id": tokens.pad_token_id,
            "bos_token_id": tokens.bos_token_id,
            "eos_token_id": tokens.eos_token_id,
        },
        vision_config={**tower, "image_size": SIDE, "patch_size": PATCH},
        projection_dim=width,
        logit_scale_init_value=2.3,
    )
    torch.manual_seed(seed)
    return CLIPModel(config)


def save(model: Any, processor: Any, into: Path) -> None:
    """An ordinary checkpoint folder, weights as fp16 safetensors."""
    import copy

    import torch

    copy.deepcopy(model).to(torch.float16).save_pretrained(into, safe_serialization=True)
    processor.save_pretrained(into)
