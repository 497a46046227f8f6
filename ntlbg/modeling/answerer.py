"""Answerer: a Qwen-VL checkpoint that scores options or writes an answer, from frames and a prompt.

The tiny answerer trained here and Qwen2-VL-7B load and run through the same lines. Answers are deterministic: greedy,
no sampling, and a batch gives what its requests give one by one (to rounding; padding is masked exactly).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.modeling.checkpoint import Checkpoint, locate
from ntlbg.modeling.images import patches, tokens_per_frame
from ntlbg.modeling.presentation import render
from ntlbg.modeling.request import Request
from ntlbg.modeling.threads import threads_for
from ntlbg.modeling.vision import embed_frames, fast

__all__ = ["Answerer", "Request"]

DTYPES = ("float32", "bfloat16", "float16")


@dataclass
class Answerer:
    """model, processor: as `from_pretrained` gives them. identity: JSON values for cache keys.

    timestamps: write `<12.3s>` before each image. batch: requests per forward pass (memory, never the answer).
    """

    model: Any
    processor: Any
    identity: dict[str, Any]
    timestamps: bool = False
    batch: int = 32
    _option_ids: dict[str, list[int]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(
        cls,
        source: str | Path,
        *,
        revision: str | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        timestamps: bool = False,
        batch: int = 32,
    ) -> Answerer:
        """source: a checkpoint folder, a folder with pointer.json, or a Hub id with `revision`.

        Raises InputError when nothing sound lies there, a weight is missing, the model is not of the Qwen-VL family,
        or the device is not there.
        """
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        if dtype not in DTYPES:
            raise InputError(f"dtype `{dtype}` is not one of {', '.join(DTYPES)}")
        _check_device(device)
        place = locate(source, revision)
        model, loading = _opened(
            place,
            lambda: AutoModelForImageTextToText.from_pretrained(
                place.source,
                revision=place.revision or "main",
                dtype=getattr(torch, dtype),
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            ),
        )
        _check_weights(source, loading)
        processor = _opened(
            place,
            lambda: AutoProcessor.from_pretrained(
                place.source, revision=place.revision or "main", trust_remote_code=False
            ),
        )
        if not hasattr(model.model, "get_rope_index") or not hasattr(
            getattr(processor, "image_processor", None), "patchify"
        ):
            raise InputError(
                f"{source}: a `{model.config.model_type}` is not a Qwen-VL model", hint="use a Qwen2-VL checkpoint"
            )
        identity = {
            "answerer": place.identity(),
            "dtype": dtype,
            "presentation": "frames",
            "timestamps": timestamps,
        }
        return cls(model.eval().to(device), processor, identity, timestamps=timestamps, batch=batch)

    def score_options(self, requests: Sequence[Request]) -> list[list[float]]:
        """For each request the log-likelihood (sum over tokens, nats) of each option text as the whole answer so far.

        The prompt is read once for all options; options of one token cost nothing more.
        """
        import torch

        for place, request in enumerate(requests):
            if not request.options:
                raise InputError(f"requests[{place}] has no options to score")
        scores: list[list[float]] = [[] for _ in requests]
        with torch.inference_mode(), threads_for(self.model):
            for places in self._batches(requests):
                for place, score in zip(places, self._score([requests[p] for p in places]), strict=True):
                    scores[place] = score
        return scores

    def generate(self, requests: Sequence[Request], max_new_tokens: int) -> list[str]:
        """The greedy answer to each request: at most `max_new_tokens` tokens, special tokens left out."""
        import torch
        from transformers import GenerationConfig

        stop = getattr(self.model.generation_config, "eos_token_id", None)
        tokenizer = self.processor.tokenizer
        config = GenerationConfig(
            do_sample=False,
            num_beams=1,
            temperature=1.0,
            top_p=1.0,
            top_k=50,
            repetition_penalty=1.0,  # a checkpoint's own generation settings must not bend a greedy answer
            max_new_tokens=max_new_tokens,
            eos_token_id=stop if stop is not None else tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        answers = [""] * len(requests)
        with torch.inference_mode(), threads_for(self.model):
            for places in self._batches(requests):
                inputs = self._inputs([requests[p] for p in places], left=True)
                inputs.pop("position_ids")  # generate derives and extends them itself
                out = self.model.generate(**inputs, generation_config=config)
                texts = tokenizer.batch_decode(out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
                for place, text in zip(places, texts, strict=True):
                    answers[place] = text.strip()
        return answers

    @property
    def device(self) -> Any:
        return self.model.device

    @property
    def control(self) -> tuple[str, ...]:
        """Control tokens of the model: what a question may not say."""
        return tuple(t for t in self.processor.tokenizer.get_added_vocab() if len(t) > 1)

    def option_ids(self, text: str) -> list[int]:
        """Token ids of an option as the answer. Raises InputError when it has none."""
        if text not in self._option_ids:
            ids = list(self.processor.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])
            if not ids:
                raise InputError(f"option `{text}` has no tokens for this answerer")
            self._option_ids[text] = ids
        return self._option_ids[text]

    def read_options(
        self, inputs: dict[str, Any], last: Any, logits: Any, cache: Any, options: list[list[list[int]]]
    ) -> list[list[float]]:
        """Log-likelihood of each row's options, given prompts that the model has read.

        inputs: their attention_mask [B, L] and position_ids [3, B, L], padded on the right. last: [B] places of the
        prompts' last tokens. logits: [B, V] there. cache: keys and values; needed where an option has several tokens.
        options: token ids.
        """
        import torch

        several = [(row, place) for row, texts in enumerate(options) for place, ids in enumerate(texts) if len(ids) > 1]
        first = torch.log_softmax(logits.float(), dim=-1).cpu()
        scores = [[float(first[row, ids[0]]) for ids in texts] for row, texts in enumerate(options)]
        for start in range(0, len(several), self.batch):
            part = several[start : start + self.batch]
            more = self._continue(inputs, last, cache, part, options)
            for (row, place), extra in zip(part, more, strict=True):
                scores[row][place] += extra
        return scores

    # --- inside ---------------------------------------------------------------------------------------------------

    def _batches(self, requests: Sequence[Request]) -> Iterator[list[int]]:
        """Places of requests, batch by batch; requests with equally many frames of one size go together."""
        order = sorted(range(len(requests)), key=lambda p: (requests[p].frames.shape, p))
        for start in range(0, len(order), self.batch):
            yield order[start : start + self.batch]

    def _ids(self, request: Request) -> list[int]:
        """Token ids of the prompt, with as many image tokens per frame as the model will fill."""
        text = render(self.processor, request, timestamps=self.timestamps, control=self.control)
        if len(request.frames):
            _, h, w, _ = request.frames.shape
            image = self.processor.image_token
            text = text.replace(image, image * tokens_per_frame(self.processor.image_processor, h, w))
        return list(self.processor.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _inputs(self, requests: Sequence[Request], *, left: bool) -> dict[str, Any]:
        """Model inputs of a batch, padded on one side; position ids (mrope) are always explicit."""
        import torch

        ids = [self._ids(r) for r in requests]
        longest = max(map(len, ids))
        pad = self.processor.tokenizer.pad_token_id
        input_ids = torch.full((len(ids), longest), pad, dtype=torch.long)
        mask = torch.zeros_like(input_ids)
        for row, tokens in enumerate(ids):
            span = slice(longest - len(tokens), longest) if left else slice(0, len(tokens))
            input_ids[row, span] = torch.tensor(tokens, dtype=torch.long)
            mask[row, span] = 1
        inputs: dict[str, Any] = {"input_ids": input_ids, "attention_mask": mask}
        pixels, grids = [], []
        for shape, group in _runs(requests):
            if shape[0]:
                values, grid = patches(self.processor.image_processor, np.concatenate([r.frames for r in group]))
                pixels.append(values)
                grids.append(grid)
        if pixels:
            kinds = (input_ids == self.processor.image_token_id).long() * mask
            inputs["mm_token_type_ids"] = kinds
            inputs["pixel_values"] = torch.cat(pixels).to(self.model.dtype)
            inputs["image_grid_thw"] = torch.cat(grids)
            positions, _ = self.model.model.get_rope_index(
                input_ids, mm_token_type_ids=kinds, image_grid_thw=inputs["image_grid_thw"], attention_mask=mask
            )
        else:
            positions = (mask.cumsum(-1) - 1).clamp(min=0).expand(3, -1, -1)
        inputs["position_ids"] = positions
        return {name: tensor.to(self.device) for name, tensor in inputs.items()}

    def _score(self, requests: list[Request]) -> list[list[float]]:
        """Scores of one batch. Padding is on the right: no real token can see it, so it changes nothing."""
        options = [[self.option_ids(text) for text in r.options] for r in requests]
        inputs = self._inputs(requests, left=False)
        last = inputs["attention_mask"].sum(-1) - 1
        grid = inputs.get("image_grid_thw")
        if grid is not None and fast(self.model) and bool((grid == grid[0]).all()):
            from transformers.modeling_outputs import BaseModelOutputWithPooling

            seen: Any = (embed_frames(self.model, inputs.pop("pixel_values"), grid),)
            inputs["mm_encoder_outputs"] = {"image": BaseModelOutputWithPooling(pooler_output=seen)}
        several = any(len(ids) > 1 for texts in options for ids in texts)
        out = self.model(**inputs, use_cache=several, logits_to_keep=last[:, None])
        return self.read_options(inputs, last, out.logits[:, 0], out.past_key_values, options)

    def _continue(
        self,
        inputs: dict[str, Any],
        last: Any,
        cache: Any,
        pairs: list[tuple[int, int]],
        options: list[list[list[int]]],
    ) -> list[float]:
        """Log-likelihood of all tokens but the first of each (row, option) pair, over a copy of the prompt's cache."""
        import torch

        texts = [options[row][place] for row, place in pairs]
        rows = torch.tensor([row for row, _ in pairs], device=self.device)
        longest = max(map(len, texts)) - 1
        ids = torch.zeros(len(texts), longest, dtype=torch.long)
        targets = torch.zeros_like(ids)
        real = torch.zeros_like(ids)
        for i, text in enumerate(texts):
            n = len(text) - 1
            ids[i, :n], targets[i, :n], real[i, :n] = torch.tensor(text[:-1]), torch.tensor(text[1:]), 1
        ids, targets, real = (t.to(self.device) for t in (ids, targets, real))
        after = inputs["position_ids"][:, rows, last[rows]].amax(0) + 1
        positions = (after[:, None] + torch.arange(longest, device=self.device)).expand(3, -1, -1)
        past = copy.deepcopy(cache)
        past.batch_select_indices(rows)
        out = self.model(
            input_ids=ids,
            attention_mask=torch.cat([inputs["attention_mask"][rows], real], dim=1),
            position_ids=positions,
            past_key_values=past,
            use_cache=True,
        )
        chosen = torch.log_softmax(out.logits.float(), dim=-1).gather(-1, targets[..., None])[..., 0]
        return [float(total) for total in (chosen * real).sum(-1)]


def _check_device(device: str) -> None:
    """Raises InputError when torch does not know the device or this machine has none."""
    import torch

    try:
        there = torch.empty(0, device=device).device.type != "meta"  # which holds no numbers
    except (RuntimeError, AssertionError, NotImplementedError):  # torch without CUDA asserts
        there = False
    if not there:
        raise InputError(f"device `{device}` is not there on this machine", hint="set device to `cpu`")


def _check_weights(source: str | Path, loading: dict[str, Any]) -> None:
    """Raises InputError when the checkpoint left a weight to chance, or told of it in another shape."""
    wrong = [*loading["mismatched_keys"], *loading["error_msgs"]]
    missing = sorted(loading["missing_keys"]) or [str(w[0] if isinstance(w, tuple) else w) for w in wrong]
    if missing:
        raise InputError(
            f"{source}: {len(missing)} of the model's weights are missing (the first is `{missing[0]}`)",
            hint="download the checkpoint again; a weight that is not there would be drawn at random",
        )


def _opened(place: Checkpoint, load: Callable[[], Any]) -> Any:
    """What `load` gives; what goes wrong inside transformers becomes one sentence naming the checkpoint."""
    from safetensors import SafetensorError
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        return load()
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        ImportError,
        AttributeError,
        SafetensorError,
    ) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        at = f" at {place.revision}" if place.revision else ""
        raise InputError(
            f"{place.source}{at}: cannot be loaded as an answerer ({first[:200]})",
            hint="the Hub must be reachable or the checkpoint downloaded; it needs safetensors and no code of its own",
        ) from error
    finally:
        if shown:
            logging.enable_progress_bar()


def _runs(requests: Sequence[Request]) -> Iterator[tuple[tuple[int, ...], list[Request]]]:
    """Neighbouring requests whose frames have one size, so that they are stacked and patched in one step."""
    group: list[Request] = []
    for request in requests:
        if group and group[-1].frames.shape[1:] != request.frames.shape[1:]:
            yield (sum(len(r.frames) for r in group), *group[0].frames.shape[1:]), group
            group = []
        group.append(request)
    if group:
        yield (sum(len(r.frames) for r in group), *group[0].frames.shape[1:]), group
