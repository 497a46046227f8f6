"""The numpy text encoder against the library it stands for."""

from __future__ import annotations

import numpy as np

from ntlbg.features.minilm import PACKAGE, WEIGHTS, MiniLM
from ntlbg.features.weights import package_file

TEXTS = ["a photo of a dog", "What colour is the star?", "Größe & 犬 ½", "x", "word " * 254]


def test_it_equals_the_bert_model_of_transformers() -> None:
    """Same weights, same tokens, same masked mean: equal to 1e-5, for odd texts and the longest read at once, too."""
    import torch
    from transformers import BertModel, PreTrainedTokenizerFast

    folder = package_file(PACKAGE, *WEIGHTS).parent
    model = BertModel.from_pretrained(folder, use_safetensors=True, dtype=torch.float32).eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), pad_token="[PAD]")
    batch = tokenizer(TEXTS, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    mask = batch["attention_mask"][..., None]
    mean = (hidden * mask).sum(1) / mask.sum(1)
    expected = (mean / mean.norm(dim=1, keepdim=True)).numpy()
    np.testing.assert_allclose(MiniLM().encode(TEXTS), expected, atol=1e-5)


def test_what_a_long_text_says_last_matters() -> None:
    """It is the mean of its windows, by their tokens: 500 tokens are two windows of 250."""
    start = "word " * 250
    end = "dog " * 250
    first, second, both = MiniLM().encode([start, end, start + end])
    np.testing.assert_allclose(both, (first + second) / np.linalg.norm(first + second), atol=1e-6)


def test_like_means_near() -> None:
    """A puppy is nearer to a dog than the stock exchange is."""
    dog, puppy, exchange = MiniLM().encode(["a dog", "a puppy", "the stock exchange"])
    assert dog @ puppy > 0.5 > 0.3 > dog @ exchange
    assert MiniLM().encode([]).shape == (0, 384)
