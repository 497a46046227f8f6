"""A tiny CLIP checkpoint with random weights and its own tokenizer, and a toy encoder that sees plain colours."""

from __future__ import annotations

from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
import pytest

from ntlbg.features.encoders import Encoder
from ntlbg.records.arrays import Array

WORDS = ["[PAD]", "[UNK]", "[BOS]", "[EOS]", "a", "red", "green", "blue", "square", "?"]


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIPModel of 32×32 pictures, saved the ordinary way."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("clip")
    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={
            **small,
            "vocab_size": len(WORDS),
            "max_position_embeddings": 12,
            "pad_token_id": 0,
            "bos_token_id": 2,
            "eos_token_id": 3,
        },
        vision_config={**small, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[BOS] $A [EOS]", special_tokens=[("[BOS]", 2), ("[EOS]", 3)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", bos_token="[BOS]", eos_token="[EOS]"
    )
    images = CLIPImageProcessor(size={"height": 32, "width": 32}, do_center_crop=False)
    CLIPProcessor(image_processor=images, tokenizer=fast).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def siglip_folder(clip_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SigLIP checkpoint of the same size: it pools by a head of its own and projects nothing."""
    import torch
    from transformers import AutoProcessor, SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    texts = {**small, "vocab_size": 16, "max_position_embeddings": 12, "projection_size": 32}
    config = SiglipConfig(text_config=texts, vision_config={**small, "image_size": 32, "patch_size": 8})
    folder = tmp_path_factory.mktemp("siglip")
    torch.manual_seed(1)
    SiglipModel(config).save_pretrained(folder)
    tokenizer = AutoProcessor.from_pretrained(clip_folder).tokenizer
    pictures = SiglipImageProcessor(size={"height": 32, "width": 32})
    SiglipProcessor(image_processor=pictures, tokenizer=tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def siglip2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SigLIP2 checkpoint of the kind that keeps a picture's shape: patches, their mask and their places. A letter is
    a token of its own tokenizer.
    """
    import torch
    from transformers import Siglip2Config, Siglip2ImageProcessor, Siglip2Model, Siglip2Processor, Siglip2Tokenizer

    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *ascii_lowercase]
    texts = {**small, "vocab_size": len(tokens), "max_position_embeddings": 16, "projection_size": 32}
    config = Siglip2Config(text_config=texts, vision_config={**small, "patch_size": 8, "num_patches": 16})
    folder = tmp_path_factory.mktemp("siglip2")
    torch.manual_seed(2)
    Siglip2Model(config).save_pretrained(folder)
    tokenizer = Siglip2Tokenizer({token: place for place, token in enumerate(tokens)})
    pictures = Siglip2ImageProcessor(patch_size=8, max_num_patches=16)
    Siglip2Processor(image_processor=pictures, tokenizer=tokenizer).save_pretrained(folder)
    return folder


class Colours(Encoder):
    """A frame is its mean colour; `red`, `green` and `blue` are the axes. Counts what it encodes."""

    name = "colours"
    sees = "it sees the mean colour"
    frame_size = (8, 8)

    def __init__(self) -> None:
        self.identity: dict[str, Any] = {"encoder": "colours"}
        self.frames = 0

    def encode_frames(self, frames: Array) -> tuple[Array, Array]:
        self.frames += len(frames)
        mean = frames.reshape(len(frames), -1, 3).mean(axis=1).astype(np.float32) + 1
        return mean, mean / np.linalg.norm(mean, axis=1, keepdims=True)

    def encode_texts(self, texts: list[str]) -> Array:
        axes = np.eye(3, dtype=np.float32)
        return np.stack([axes[["red", "green", "blue"].index(t.split()[-1])] for t in texts])


@pytest.fixture
def colours() -> Colours:
    return Colours()


def noise(frames: int, height: int, width: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)
