"""One adapter for three families of Qwen-VL."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ntlbg.errors import InputError
from ntlbg.modeling import shown
from ntlbg.modeling.answerer import Answerer, Request
from ntlbg.modeling.images import patches
from ntlbg.modeling.qwen import IGNORED, QwenAdapter
from tests.modeling.questions import OPTIONS, PROMPTS


def frames(k: int, seed: int = 0) -> np.ndarray:
    """Random frames of the tiny models' size."""
    return np.random.default_rng(seed).integers(0, 256, (k, 32, 48, 3), dtype=np.uint8)


def inputs(adapter: QwenAdapter, pictures: np.ndarray, answers: list[str | None] | None = None):
    """Every prompt, each with the same pictures."""
    visual = adapter.embed_frames(pictures)[None].expand(len(PROMPTS), -1, -1, -1)
    blocks = shown.as_frames(visual, adapter.frame_grid(32, 48), [len(pictures)] * len(PROMPTS))
    return adapter.inputs(PROMPTS, blocks, answers=answers)


def test_frames_are_read_as_each_family_reads_its_images(family):
    """Scores and texts equal Answerer's, which goes the way of transformers: deepstack, positions, padding."""
    adapter = QwenAdapter(family)
    shots = frames(5)
    requests = [Request(shots, np.arange(5.0), prompt, OPTIONS) for prompt in PROMPTS]
    with torch.no_grad():
        scores = adapter.score(inputs(adapter, shots), [OPTIONS] * len(PROMPTS))
        texts = adapter.write(inputs(adapter, shots), 4)
    np.testing.assert_allclose(scores, family.score_options(requests), atol=2e-4)
    assert texts == family.generate(requests, 4)


def test_deepstack_features_ride_behind_the_embeddings(family):
    """Qwen3-VL's extra features are part of a visual token, and count; the others have none."""
    adapter = QwenAdapter(family)
    tokens = adapter.embed_frames(frames(3))
    depth = 1 if family.model.config.model_type == "qwen3_vl" else 0
    assert adapter.depth == depth
    assert tokens.shape == (3, adapter.frame_tokens(32, 48), adapter.width * (1 + depth))
    if depth:
        blocks = shown.as_frames(tokens[None], (2, 3), [3])
        flat = shown.as_frames(tokens[None] * (torch.arange(tokens.shape[-1]) < adapter.width), (2, 3), [3])
        with torch.no_grad():
            one, other = (adapter.logits(adapter.inputs(PROMPTS[:1], b)) for b in (blocks, flat))
        assert not torch.allclose(one, other, atol=1e-3)


def test_visual_tokens_are_the_towers_own(family):
    """`embed_frames` gives what transformers gives for the frames as images, in every family."""
    shots = frames(4)
    adapter = QwenAdapter(family)
    pixels, grid = patches(family.processor.image_processor, shots)
    with torch.no_grad():
        own = torch.stack(list(family.model.model.get_image_features(pixels, grid, return_dict=True).pooler_output))
    torch.testing.assert_close(adapter.embed_frames(shots)[..., : adapter.width], own, atol=1e-5, rtol=1e-5)


def test_gradients_reach_the_vision_tower_only_when_asked(adapter):
    """Seeing is frozen unless `see` is set."""
    assert not adapter.embed_frames(frames(1)).requires_grad
    assert adapter.embed_frames(frames(1), see=True).requires_grad


def test_a_later_token_changes_no_earlier_logit(family):
    """Causal: with another answer, all logits before its first changed token stay."""
    adapter = QwenAdapter(family)
    same = [OPTIONS[3]] * len(PROMPTS)  # several tokens
    other = ["blue zebra in the desert"] * len(PROMPTS)
    with torch.no_grad():
        one, two = (adapter.logits(inputs(adapter, frames(2), answers)) for answers in (same, other))
    words = len(family.option_ids(OPTIONS[3])) - 1
    torch.testing.assert_close(one[:, : words + 1], two[:, : words + 1])
    assert not torch.allclose(one[:, words + 1], two[:, words + 1], atol=1e-4)


def test_labels_are_shifted_against_logits(family):
    """The log-likelihood read off logits and next labels is the score of that answer as an option."""
    adapter = QwenAdapter(family)
    answers = [OPTIONS[i] for i in (3, 0, 1)]
    given = inputs(adapter, frames(3), answers)
    assert given.labels[:, 0].tolist() == [IGNORED] * 3
    for row, answer in enumerate(answers):
        assert [int(t) for t in given.labels[row] if t != IGNORED] == family.option_ids(answer)
    with torch.no_grad():
        logs = torch.log_softmax(adapter.logits(given).float(), -1)[:, :-1]
        scores = adapter.score(inputs(adapter, frames(3)), [[a] for a in answers])
    wanted = given.labels[:, 1:]
    picked = logs.gather(-1, wanted.clamp(min=0)[..., None])[..., 0] * (wanted != IGNORED)
    np.testing.assert_allclose(picked.sum(-1), [s[0] for s in scores], atol=1e-4)


def test_text_after_a_video_overlaps_it_in_this_transformers(family):
    """Guard: since 5.3 text after a video of T grids goes on at the larger side of one grid, not after the last.

    Pictures shown one by one, as here, are not touched; whoever sends a video must know.
    """
    config = family.model.config
    tokens = 1 if config.model_type == "qwen3_vl" else 3  # Qwen3-VL parts the grids of a video by text
    ids = torch.tensor([[5, 6, *[config.video_token_id] * tokens, 7]])
    positions, _ = family.model.model.get_rope_index(
        ids,
        mm_token_type_ids=(ids == config.video_token_id).long() * 2,
        video_grid_thw=torch.tensor([[tokens, 2, 2]]),
        second_per_grid_ts=torch.tensor([1.0]),
    )
    assert positions[0, 0, -1] == 3  # transformers up to 5.2 gave 5 for three grids


def test_times_are_told_as_the_answerer_tells_them(checkpoint):
    """With `timestamps`, irregular seconds stand before their pictures, and the scores are Answerer's."""
    answerer = Answerer.load(checkpoint, timestamps=True)
    adapter = QwenAdapter(answerer)
    shots, times = frames(3), [0.4, 1.0, 212.3]
    told = adapter.prompt_ids(PROMPTS[0], 3, times)
    assert "<212.3s>" in answerer.processor.tokenizer.decode(told).replace(" ", "")
    blocks = shown.as_frames(adapter.embed_frames(shots)[None], (2, 3), [3])
    with torch.no_grad():
        scores = adapter.score(adapter.inputs(PROMPTS[:1], blocks, times_s=[times]), [OPTIONS])
    np.testing.assert_allclose(
        scores, answerer.score_options([Request(shots, np.array(times), PROMPTS[0], OPTIONS)]), atol=1e-4
    )


def test_prompts_are_tokenised_once(adapter, monkeypatch):
    """The second time a prompt with as many pictures costs a look-up."""
    first = adapter.prompt_ids(PROMPTS[0], 4)
    monkeypatch.setattr(adapter.answerer, "processor", None)
    assert adapter.prompt_ids(PROMPTS[0], 4) is first


def test_a_question_cannot_smuggle_in_a_picture(adapter):
    """A question that names the image token has as many pictures as were chosen."""
    hostile = replace(PROMPTS[0], user="<|image_pad|> <|vision_start|> what?")
    ids = adapter.prompt_ids(hostile, 2)
    assert int((ids == adapter.answerer.processor.image_token_id).sum()) == 2


def test_no_frames_no_visual_tokens(adapter):
    """An empty stack is not shown to the tower."""
    assert adapter.embed_frames(frames(0)).shape == (0, 6, adapter.width)


def test_visual_tokens_of_another_width_are_refused(adapter):
    """They come from another answerer."""
    with pytest.raises(InputError, match="65 values"):
        adapter.check_width(65)
