"""Scoring and generating with a small random checkpoint: what holds for any weights."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from ntlbg.errors import InputError
from ntlbg.modeling.answerer import Answerer, Request
from ntlbg.records.prompt import Prompt

OPTIONS = ("red", "the red star", "blue", "blue zebra in the cave", "3")


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    """Requests of unlike lengths, one without frames, one with frames of another size."""
    rng = np.random.default_rng(0)

    def frames(k: int, h: int = 32, w: int = 48) -> np.ndarray:
        return rng.integers(0, 256, (k, h, w, 3), dtype=np.uint8)

    texts = ["What colour is the star in the desert?", "Why?", "Where does most of the video take place, and why so?"]
    out = [
        Request(frames(k), np.arange(k, dtype=float), Prompt(texts[i % 3]), OPTIONS[: 2 + i % 4])
        for i, k in enumerate([8, 8, 3, 0, 8, 1, 0])
    ]
    out.append(Request(frames(2, 48, 32), np.arange(2.0), Prompt(texts[0]), OPTIONS))
    return out


def by_hand(answerer: Answerer, request: Request, option: str) -> float:
    """Log-likelihood the slow way: the processor's own inputs, the whole text in one pass, no cache."""
    processor = answerer.processor
    content = [{"type": "image", "image": Image.fromarray(f)} for f in request.frames]
    chat = [{"role": "user", "content": [*content, {"type": "text", "text": request.prompt.user}]}]
    inputs = processor.apply_chat_template(
        chat,
        tokenize=True,
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
    )
    ids = processor.tokenizer(option, add_special_tokens=False, return_tensors="pt")["input_ids"]
    n = inputs["input_ids"].shape[1]
    inputs["input_ids"] = torch.cat([inputs["input_ids"], ids], 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    inputs["mm_token_type_ids"] = (inputs["input_ids"] == processor.image_token_id).long()
    if not len(request.frames):
        inputs = {k: inputs[k] for k in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        logits = torch.log_softmax(answerer.model(**inputs).logits[0].float(), -1)
    return float(sum(logits[n - 1 + i, token] for i, token in enumerate(ids[0])))


def test_scores_are_those_of_transformers_own_way(answerer, requests):
    """Vectorised patches, padding, shared prompt and cache change nothing: the plain forward pass agrees."""
    scores = answerer.score_options(requests)
    for request, score in zip(requests, scores, strict=True):
        expected = [by_hand(answerer, request, option) for option in request.options]
        np.testing.assert_allclose(score, expected, atol=1e-4)


def test_a_batch_answers_as_its_requests_alone_do(answerer, requests):
    """Scores to 1e-4 and generated texts exactly, whatever stands beside a request."""
    together = answerer.score_options(requests)
    for request, score in zip(requests, together, strict=True):
        np.testing.assert_allclose(answerer.score_options([request])[0], score, atol=1e-4)
    texts = answerer.generate(requests, 5)
    assert texts == [answerer.generate([request], 5)[0] for request in requests]


def test_order_of_requests_is_kept(answerer, requests):
    """Batches are formed by size inside; answers come back in the order asked."""
    forth, back = answerer.score_options(requests), answerer.score_options(requests[::-1])
    for a, b in zip(forth, back[::-1], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_answers_are_deterministic(answerer, requests):
    """Twice the same question, twice the same numbers."""
    assert answerer.score_options(requests) == answerer.score_options(requests)


def test_frames_matter_and_so_does_their_order(answerer, requests):
    """Other pixels or another order of frames give other scores; a blind request ignores timestamps."""
    request = requests[0]
    base = answerer.score_options([request])[0]
    assert answerer.score_options([replace(request, frames=255 - request.frames)])[0] != base
    assert answerer.score_options([replace(request, frames=request.frames[::-1])])[0] != base


def test_timestamps_change_the_prompt_and_the_identity(checkpoint, answerer, requests):
    """With timestamps the model reads more text, and cached answers are kept apart."""
    stamped = Answerer.load(checkpoint, timestamps=True)
    assert stamped.identity != answerer.identity
    assert stamped.score_options([requests[0]]) != answerer.score_options([requests[0]])


def test_generation_ignores_sampling_settings_of_the_checkpoint(checkpoint, tmp_path, answerer, requests):
    """A checkpoint that asks for sampling and penalties still answers greedily."""
    folder = tmp_path / "bold"
    shutil.copytree(checkpoint, folder)
    settings = json.loads((folder / "generation_config.json").read_text())
    settings |= {"do_sample": True, "temperature": 5.0, "repetition_penalty": 1.9, "top_k": 3}
    (folder / "generation_config.json").write_text(json.dumps(settings))
    assert Answerer.load(folder).generate(requests, 5) == answerer.generate(requests, 5)


def test_frames_that_do_not_fit_are_refused(answerer):
    """No silent resizing."""
    odd = Request(np.zeros((1, 30, 48, 3), np.uint8), np.zeros(1), Prompt("?"), ("red",))
    with pytest.raises(InputError, match="30x48"):
        answerer.score_options([odd])


def test_a_request_without_options_cannot_be_scored(answerer, requests):
    """The error names the request."""
    with pytest.raises(InputError, match=r"requests\[1\]"):
        answerer.score_options([requests[0], replace(requests[0], options=())])


def test_no_requests_no_answers(answerer):
    """An empty list is not an error."""
    assert answerer.score_options([]) == []
    assert answerer.generate([], 3) == []


def test_damaged_weights_are_named(checkpoint, tmp_path):
    """A cut file is one sentence naming the folder."""
    folder = tmp_path / "cut"
    shutil.copytree(checkpoint, folder)
    (folder / "model.safetensors").write_bytes((checkpoint / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(InputError, match="cut"):
        Answerer.load(folder)


@pytest.mark.parametrize("device", ["cuda", "cuda:7", "nonsense", "meta"])
def test_a_device_that_is_not_there_is_one_sentence(checkpoint, monkeypatch, device):
    """Nothing is loaded first, and torch's own trace is not shown."""
    if device.startswith("cuda") and torch.cuda.is_available():
        monkeypatch.setattr(torch, "empty", raises(RuntimeError("no CUDA device")))
    with pytest.raises(InputError, match=f"device `{device}` is not there"):
        Answerer.load(checkpoint, device=device)


def raises(error: Exception):
    """A function that raises."""

    def call(*_, **__):
        raise error

    return call


def test_a_missing_weight_is_not_drawn_at_random(checkpoint, tmp_path):
    """A checkpoint without one of its tensors is refused by its name."""
    folder = tmp_path / "holed"
    shutil.copytree(checkpoint, folder)
    weights = load_file(folder / "model.safetensors")
    gone = next(name for name in sorted(weights) if "q_proj.weight" in name)
    del weights[gone]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"holed: 1 of the model's weights are missing .*q_proj\.weight"):
        Answerer.load(folder)


def test_a_weight_of_another_shape_is_refused(checkpoint, tmp_path):
    """It is not replaced by chance either."""
    folder = tmp_path / "bent"
    shutil.copytree(checkpoint, folder)
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in sorted(weights) if "q_proj.weight" in name)
    weights[name] = weights[name][:-1].contiguous()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="bent"):
        Answerer.load(folder)


def test_code_of_a_checkpoint_is_never_run(checkpoint, tmp_path):
    """A configuration that names its own classes is loaded by transformers' classes or not at all."""
    folder = tmp_path / "coded"
    shutil.copytree(checkpoint, folder)
    config = json.loads((folder / "config.json").read_text())
    marker = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\nclass M: pass\n")
    config["auto_map"] = {"AutoModelForImageTextToText": "evil.M", "AutoConfig": "evil.M"}
    (folder / "config.json").write_text(json.dumps(config))
    with suppress(InputError):
        Answerer.load(folder)
    assert not marker.exists()


def test_an_unknown_dtype_is_named(checkpoint):
    """The three that are meant are listed."""
    with pytest.raises(InputError, match="float32, bfloat16, float16"):
        Answerer.load(checkpoint, dtype="int8")


def test_another_kind_of_model_is_refused(tmp_path):
    """A sound checkpoint of another family is not asked to answer."""
    from ntlbg.backbone import tiny_clip

    processor = tiny_clip.build_processor()
    tiny_clip.save(tiny_clip.build_model(processor, width=32), processor, tmp_path)
    with pytest.raises(InputError):
        Answerer.load(tmp_path)
