"""QwenAdapter: vectors in the place of pictures, for every language model of the Qwen-VL family.

Qwen2-VL, Qwen2.5-VL and Qwen3-VL differ in their vision towers and in what the tower hands to the language model;
from there on they are read the same way. Each picture, a frame or a few vectors that stand for one, is an image of
its own in time order, with explicit positions.

Letters: B prompts, k pictures, n visual tokens of a frame, D language model width, L tokens, A answer tokens, V
vocabulary. Visual tokens have D·(1 + depth) values: Qwen3-VL adds features of `depth` earlier vision layers to the
first layers of the language model ("deepstack"); they ride behind the first D.
"""

from __future__ import annotations

from collections.abc import Sequence as Several
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ntlbg.errors import InputError
from ntlbg.modeling.answerer import Answerer
from ntlbg.modeling.images import patches, side_factor, tokens_per_frame
from ntlbg.modeling.presentation import render
from ntlbg.modeling.request import Request
from ntlbg.modeling.sequence import Blocks, Sequence, lay_out
from ntlbg.modeling.vision import embed_frames, fast
from ntlbg.records.arrays import Array
from ntlbg.records.prompt import Prompt

IGNORED = -100  # label of a token that is no part of the answer
SEEN_AT_ONCE = 256  # frames in one pass of the vision tower
REMEMBERED = 4096  # prompts whose tokens are kept


@dataclass(frozen=True, eq=False)
class Inputs:
    """embeds: [B, L, D]. deep: depth × [n, D], for the places `layout.at`. labels: [B, 1 + A], the answer's tokens with
    IGNORED before them and after; places: [B, 1 + A] where they stand, the first at the prompt's last token.
    """

    layout: Sequence
    embeds: Tensor
    deep: list[Tensor]
    labels: Tensor
    places: Tensor

    @property
    def last(self) -> Tensor:
        """Place of each prompt's last token: [B]."""
        return self.places[:, 0]


class QwenAdapter(nn.Module):
    """answerer: the loaded checkpoint. identity: JSON values that tell its visual tokens apart in cache keys."""

    def __init__(self, answerer: Answerer) -> None:
        super().__init__()
        self.answerer = answerer
        self.model = answerer.model
        config = self.model.config
        self.width = int(config.text_config.hidden_size)
        self.depth = len(getattr(config.vision_config, "deepstack_visual_indexes", None) or ())
        self.identity = {name: answerer.identity[name] for name in ("answerer", "dtype")}
        self._tokens: dict[tuple[Any, ...], Tensor] = {}

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
    ) -> QwenAdapter:
        """As `Answerer.load`, with its errors."""
        return cls(
            Answerer.load(source, revision=revision, device=device, dtype=dtype, timestamps=timestamps, batch=batch)
        )

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def frame_grid(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of a frame's tokens. Raises InputError when the size does not fit the patches."""
        processor = self.answerer.processor.image_processor
        tokens_per_frame(processor, height, width)
        return height // side_factor(processor), width // side_factor(processor)

    def frame_tokens(self, height: int, width: int) -> int:
        """Visual tokens of a frame. Raises InputError when the size does not fit the patches."""
        rows, columns = self.frame_grid(height, width)
        return rows * columns

    def embed_frames(self, frames: Array, see: bool = False) -> Tensor:
        """Visual tokens [n, tokens, D·(1 + depth)] of uint8 frames [n, h, w, 3].

        see: whether gradients reach the vision tower.
        """
        n, height, width, _ = frames.shape
        tokens = self.frame_tokens(height, width)
        if not n:
            return torch.zeros(0, tokens, self.width * (1 + self.depth), device=self.device)
        with torch.set_grad_enabled(see and torch.is_grad_enabled()):
            parts = [self._see(frames[start : start + SEEN_AT_ONCE]) for start in range(0, n, SEEN_AT_ONCE)]
            return torch.cat(parts).view(n, tokens, -1)

    def _see(self, frames: Array) -> Tensor:
        pixels, grid = patches(self.answerer.processor.image_processor, frames)
        pixels, grid = pixels.to(self.device, self.model.dtype), grid.to(self.device)
        if fast(self.model):
            seen: Tensor = embed_frames(self.model, pixels, grid)
            return seen
        out = self.model.model.get_image_features(pixels, grid, return_dict=True)
        deep = [torch.cat(list(layer)) for layer in getattr(out, "deepstack_features", None) or ()]
        return torch.cat([torch.cat(list(out.pooler_output)), *deep], dim=-1)

    def prompt_ids(self, prompt: Prompt, pictures: int, times_s: Several[float] | None = None) -> Tensor:
        """Tokens of a prompt, one image token per picture: [C] long.

        times_s: of the pictures; written before each where the answerer is loaded with `timestamps`.
        """
        told = tuple(times_s) if self.answerer.timestamps and times_s is not None else (0.0,) * pictures
        place = (prompt, told)
        if place not in self._tokens:
            if len(self._tokens) >= REMEMBERED:
                self._tokens.clear()
            frames = np.broadcast_to(np.uint8(0), (pictures, 1, 1, 3))
            answerer = self.answerer
            text = render(
                answerer.processor,
                Request(frames, np.asarray(told), prompt),
                timestamps=answerer.timestamps,
                control=answerer.control,
            )
            ids = answerer.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
            self._tokens[place] = torch.tensor(ids, dtype=torch.long)
        return self._tokens[place]

    def inputs(
        self,
        prompts: Several[Prompt],
        blocks: Blocks,
        *,
        answers: Several[str | None] | None = None,
        times_s: Several[Several[float]] | None = None,
    ) -> Inputs:
        """What the language model reads: prompts, their pictures, and the answers behind them where there are any.

        times_s: of each prompt's pictures, where the answerer tells them.
        """
        B = len(prompts)
        stamps = times_s if times_s is not None else [None] * B
        asked = [self.prompt_ids(p, n, t) for p, n, t in zip(prompts, blocks.count, stamps, strict=True)]
        said = [self._answer(answer) for answer in (answers or [None] * B)]
        processor = self.answerer.processor
        layout = lay_out(
            [torch.cat([prompt, answer]) for prompt, answer in zip(asked, said, strict=True)],
            blocks,
            image=processor.image_token_id,
            pad=processor.tokenizer.pad_token_id,
        )
        tokens = torch.tensor([len(answer) for answer in said], device=self.device)
        steps = torch.arange(int(tokens.max()) + 1, device=self.device)
        last = layout.lengths - 1 - tokens
        places = last[:, None] + steps.clamp(max=tokens[:, None])
        judged = (steps > 0) & (steps <= tokens[:, None])
        labels = layout.ids.gather(1, places).masked_fill(~judged, IGNORED)
        embeds = self.model.get_input_embeddings()(layout.ids)
        vectors = blocks.bank.flatten(0, 1)[layout.source].to(embeds.dtype)
        first, *deep = vectors.split(self.width, dim=-1)
        embeds = embeds.flatten(0, 1).index_copy(0, layout.at, first).view_as(embeds)
        return Inputs(layout, embeds, deep, labels, places)

    def _answer(self, text: str | None) -> Tensor:
        return torch.tensor([] if text is None else self.answerer.option_ids(text), dtype=torch.long)

    def read(self, inputs: Inputs, *, keep: bool = False) -> tuple[Tensor, Any]:
        """(hidden states [B, L, D], keys and values where they are to be kept).

        No mask: padding is on the right, where no real token sees it.
        """
        extra: dict[str, Any] = {}
        if self.depth:
            shown = torch.zeros_like(inputs.layout.mask, dtype=torch.bool)
            shown.view(-1)[inputs.layout.at] = True
            extra = {"visual_pos_masks": shown, "deepstack_visual_embeds": inputs.deep}
        out = self.model.model.language_model(
            inputs_embeds=inputs.embeds, position_ids=inputs.layout.positions, use_cache=keep, **extra
        )
        return out.last_hidden_state, out.past_key_values

    def head(self, hidden: Tensor, places: Tensor) -> Tensor:
        """Logits [B, m, V] of what follows the tokens at `places` [B, m]."""
        picked = hidden.gather(1, places[..., None].expand(-1, -1, hidden.shape[-1]))
        logits: Tensor = self.model.lm_head(picked)
        return logits

    def logits(self, inputs: Inputs) -> Tensor:
        """Logits [B, 1 + A, V] at `inputs.places`: those at one place are judged by the label of the next."""
        return self.head(self.read(inputs)[0], inputs.places)

    def score(self, inputs: Inputs, options: Several[Several[str]]) -> list[list[float]]:
        """Log-likelihood of each prompt's options; the inputs hold no answers."""
        answerer = self.answerer
        ids = [[answerer.option_ids(text) for text in texts] for texts in options]
        hidden, cache = self.read(inputs, keep=any(len(option) > 1 for texts in ids for option in texts))
        told = {"attention_mask": inputs.layout.mask, "position_ids": inputs.layout.positions}
        return answerer.read_options(told, inputs.last, self.head(hidden, inputs.places)[:, 0], cache, ids)

    def write(self, inputs: Inputs, max_new_tokens: int) -> list[str]:
        """The greedy answer to each prompt: at most `max_new_tokens` tokens, special tokens left out."""
        stops = self._stops()
        hidden, cache = self.read(inputs, keep=True)
        mask, last = inputs.layout.mask, inputs.last
        position = inputs.layout.positions.gather(2, last.expand(3, -1)[..., None]).amax(0)  # [B, 1]
        token = self.head(hidden, last[:, None])[:, 0].float().argmax(-1)
        said, done = [token], torch.isin(token, stops)
        while len(said) < max_new_tokens and not bool(done.all()):
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
            position = position + 1
            out = self.model(
                input_ids=token[:, None],
                attention_mask=mask,
                position_ids=position.expand(3, -1, -1),
                past_key_values=cache,
                use_cache=True,
            )
            token = out.logits[:, -1].float().argmax(-1)
            said.append(token)
            done = done | torch.isin(token, stops)
        tokens = torch.stack(said[:max_new_tokens], dim=1)
        over = torch.isin(tokens, stops).cumsum(1) > 0
        tokenizer = self.answerer.processor.tokenizer
        texts = [
            tokenizer.decode(row[: int((~end).sum())], skip_special_tokens=True)
            for row, end in zip(tokens, over, strict=True)
        ]
        return [text.strip() for text in texts]

    def _stops(self) -> Tensor:
        stop = getattr(self.model.generation_config, "eos_token_id", None)
        stop = stop if stop is not None else self.answerer.processor.tokenizer.eos_token_id
        return torch.tensor([stop] if isinstance(stop, int) else list(stop or ()), device=self.device)

    def check_width(self, width: int) -> None:
        """Raises InputError when visual tokens of this many values are another answerer's."""
        expected = self.width * (1 + self.depth)
        if width != expected:
            raise InputError(f"visual tokens have {width} values; this answerer's have {expected}")
