"""Several questions in one sequence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ntlbg.backbone import tiny_qwen
from ntlbg.backbone.packed import layout, packed_logits
from ntlbg.modeling.answerer import Answerer, Request
from ntlbg.modeling.images import patches
from ntlbg.records.prompt import Prompt


@pytest.mark.parametrize("k", [0, 1, 3])
def test_packed_questions_get_the_numbers_of_questions_alone(k):
    """Training's packed sequences and evaluation's single prompts agree, whatever stands beside a question."""
    processor = tiny_qwen.build_processor()
    model = tiny_qwen.build_model(processor, width=64, layers=2, seed=1).eval()
    tokens = processor.tokenizer
    texts = ["What colour is the star in the desert?", "Why?", "Which of these places is shown?"]
    frames = np.random.default_rng(0).integers(0, 256, (2, k, 32, 48, 3), dtype=np.uint8)
    ids = tokens([t + "<|im_end|>\n<|im_start|>assistant\n" for t in texts], add_special_tokens=False)["input_ids"]
    longest = max(map(len, ids))
    questions = torch.full((2, 3, longest), tokens.pad_token_id)
    for i, one in enumerate(ids):
        questions[:, i, : len(one)] = torch.tensor(one)
    lengths = torch.tensor([[len(one) for one in ids]] * 2)
    pixels, grid = patches(processor.image_processor, frames.reshape(-1, 32, 48, 3)) if k else (None, None)
    with torch.inference_mode():
        shared = layout(model, processor, k, 6, (1, 4, 6))
        logits = packed_logits(model, shared, pixels, grid, questions, lengths)
        scores = torch.log_softmax(logits, -1)
    answerer = Answerer(model, processor, {})
    options = ("red", "desert", "3")
    for b in range(2):
        requests = [Request(frames[b], np.arange(k, dtype=float), Prompt(t), options) for t in texts]
        alone = answerer.score_options(requests)
        packed = scores[b][:, tokens.convert_tokens_to_ids(list(options))]
        np.testing.assert_allclose(packed.numpy(), alone, atol=1e-4)
