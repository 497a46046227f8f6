"""Any Hugging Face dual encoder: CLIP, SigLIP, or another with `get_image_features` and `get_text_features`.

Only safetensors are read and no code of the checkpoint's is ever run. The checkpoint's own processor prepares the
pictures, its own tokenizer the texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.features.encoders import Encoder
from ntlbg.features.threads import one_torch_thread
from ntlbg.features.windows import mean_of_windows, windows
from ntlbg.records.arrays import Array
from ntlbg.store import file_digest

READ = (".safetensors", ".json", ".txt", ".model")  # the files of a checkpoint that can change a vector
TOGETHER = 32  # windows of a long text that are read at once


class DualEncoder(Encoder):
    """features: the vision tower's pooled output [n, d]. vectors: the projected image embedding [n, e].

    A model without a `vision_model` of its own gives the embedding before normalisation as features.
    """

    sees = "it sees what its training pictures and captions showed; it reads a frame alone, so no motion and no sound"

    def __init__(self, source: str | Path, *, revision: str | None = None, device: str = "cpu") -> None:
        import torch
        import transformers
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoProcessor

        if isinstance(source, Path):
            self._files(source)
        options: dict[str, Any] = {"trust_remote_code": False, "revision": revision or "main"}
        loading: dict[str, Any] = {"use_safetensors": True, "dtype": torch.float32, "output_loading_info": True}
        try:
            with _quiet(isinstance(source, Path)):
                model, told = AutoModel.from_pretrained(source, **loading, **options)
                self._processor = AutoProcessor.from_pretrained(source, **options)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, SafetensorError) as error:
            raise InputError(
                f"{source}: cannot be loaded as an encoder: {_first_line(error)}",
                hint="a checkpoint in safetensors with its processor is needed; no code of its own is run",
            ) from error
        made_up = sorted(map(str, (*told.get("missing_keys", ()), *told.get("mismatched_keys", ()))))
        if made_up:
            # the library fills them with random numbers and goes on
            raise InputError(
                f"{source}: lacks {len(made_up)} weights that a {type(model).__name__} needs, such as `{made_up[0]}`",
                hint="take the whole checkpoint; an encoder with random weights would see nothing",
            )
        for method in ("get_image_features", "get_text_features"):
            if not hasattr(model, method):
                raise InputError(
                    f"{source}: a {type(model).__name__} has no `{method}`", hint="name a CLIP or SigLIP checkpoint"
                )
        if not (hasattr(self._processor, "image_processor") and hasattr(self._processor, "tokenizer")):
            raise InputError(f"{source}: its processor does not prepare both pictures and texts")
        self._model = model.eval().requires_grad_(False).to(device)
        self.device, self._dtype = device, torch.float32
        self._pooled: list[Any] = []
        self._given: list[Any] | None = None  # what the last block is given, where somebody asks
        if hasattr(model, "vision_model"):
            # CLIP overwrites the pooled output with its projection, so it is caught on the way
            model.vision_model.register_forward_hook(lambda _m, _i, out: self._pooled.append(out.pooler_output.clone()))
        if has_blocks(model):
            model.vision_model.encoder.layers[-1].register_forward_pre_hook(self._listen, with_kwargs=True)
        self.frame_size = _side(self._processor.image_processor)
        self.name = f"{source}" + (f"@{revision[:8]}" if revision else "")
        self.identity = {
            "encoder": type(model).__name__,
            "source": self._digests(source) if isinstance(source, Path) else [str(source), revision],
            # preprocessing is the library's, and changes with it
            "libraries": {"transformers": transformers.__version__, "torch": torch.__version__.partition("+")[0]},
            "version": 1,
        }

    @staticmethod
    def _files(folder: Path) -> None:
        if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
            raise InputError(
                f"{folder}: holds no checkpoint (config.json and weights in safetensors)",
                hint="weights in a pickle (.bin, .pt) are not read: a pickle can run code",
            )

    @staticmethod
    def _digests(folder: Path) -> list[list[str]]:
        found = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix in READ)
        return [[p.name, file_digest(p)] for p in found]

    @property
    def dtype(self) -> str:
        return str(self._dtype).removeprefix("torch.")

    def compute_in(self, dtype: str) -> None:
        import torch

        self._dtype = getattr(torch, dtype)
        self._model.to(self._dtype)

    @property
    def vision_tower(self) -> Any:
        """The tower with its `encoder.layers`, `post_layernorm` and, where there is one, `head`.

        Raises InputError when the checkpoint is of another kind than CLIP and SigLIP.
        """
        if not has_blocks(self._model):
            raise InputError(
                f"{self.name}: a {type(self._model).__name__} has no vision tower whose last block is known",
                hint="set `training.unfreeze_encoder` to false, or take a CLIP or SigLIP checkpoint",
            )
        return self._model.vision_model

    def before_last_block(self, frames: Array) -> tuple[Any, Array]:
        """(a tensor [n, p, w]: what the vision tower's last block is given for p tokens a frame; the frames' vectors).

        Raises InputError as `vision_tower` does.
        """
        assert self.vision_tower is not None
        self._given = []
        try:
            _, vectors = self.encode_frames(frames)
            (hidden,) = self._given
        finally:
            self._given = None
        return hidden.float().clone(), vectors  # one made for inference takes part in no gradient

    def _listen(self, _block: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._given is not None:
            self._given.append((args[0] if args else kwargs["hidden_states"]).clone())

    def encode_frames(self, frames: Array) -> tuple[Array, Array]:
        import torch

        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
            raise InputError(f"frames have shape {frames.shape} and type {frames.dtype}; uint8 [n, h, w, 3] is needed")
        inputs = self._processor.image_processor(images=[np.array(f) for f in frames], return_tensors="pt")
        pixels = {
            name: value.to(self.device, self._dtype if value.is_floating_point() else None)
            for name, value in inputs.items()
        }
        self._pooled.clear()
        with one_torch_thread(), torch.inference_mode():
            embedded = _tensor(self._model.get_image_features(**pixels))
        pooled = self._pooled.pop() if self._pooled else embedded
        self._pooled.clear()
        return pooled.float().cpu().numpy(), _unit(embedded)

    def encode_texts(self, texts: list[str]) -> Array:
        """A text longer than the model reads is the mean of its windows of tokens, weighted by their lengths."""
        tokenizer, limit = self._processor.tokenizer, self._longest
        inputs = tokenizer(texts, padding=self._padding, truncation=True, max_length=limit, return_tensors="pt")
        vectors = self._read(inputs)
        for i, text in enumerate(texts):
            whole = tokenizer(text, truncation=False, verbose=False)["input_ids"]
            if len(whole) > limit:
                vectors[i] = self._in_windows(text, whole)
        return vectors

    @property
    def _longest(self) -> int:
        """Tokens that the text tower reads at once, special ones among them."""
        told = getattr(getattr(self._model.config, "text_config", None), "max_position_embeddings", None)
        return int(told or self._processor.tokenizer.model_max_length)

    @property
    def _padding(self) -> str | bool:
        # SigLIP was trained on texts padded to its full length and reads the last position
        return "max_length" if "siglip" in self._model.config.model_type else True

    def _in_windows(self, text: str, whole: list[int]) -> Array:
        """[e]. whole: the tokens of the text, special ones among them: every window gets those of its two ends."""
        tokenizer = self._processor.tokenizer
        bare = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        start = next((i for i in range(len(whole) - len(bare) + 1) if whole[i : i + len(bare)] == bare), None)
        if start is None:
            raise InputError(f"{self.name}: its tokenizer marks more than the ends of a text: long ones cannot be cut")
        head, tail = whole[:start], whole[start + len(bare) :]
        parts = windows(bare, self._longest - len(head) - len(tail))
        found = []
        for first in range(0, len(parts), TOGETHER):
            rows = {"input_ids": [head + part + tail for part in parts[first : first + TOGETHER]]}
            padded = tokenizer.pad(
                rows, padding=self._padding, max_length=self._longest, return_tensors="pt", verbose=False
            )
            found.append(self._read(padded))
        return mean_of_windows(np.concatenate(found), [len(part) for part in parts])

    def _read(self, inputs: Any) -> Array:
        """inputs: what the tokenizer gives for n texts. Returns [n, e] float32, unit norm."""
        import torch

        known = {k: v.to(self.device) for k, v in inputs.items() if k in ("input_ids", "attention_mask")}
        with one_torch_thread(), torch.inference_mode():
            return _unit(_tensor(self._model.get_text_features(**known)))


def has_blocks(model: Any) -> bool:
    """Whether a model's vision tower is built as CLIP's and SigLIP's are. SigLIP2's is not where it takes pictures of
    many shapes: its blocks are also told which patches are there.
    """
    tower = getattr(model, "vision_model", None)
    if "pixel_attention_mask" in signature(model.get_image_features).parameters:
        return False
    return hasattr(getattr(tower, "encoder", None), "layers") and hasattr(tower, "post_layernorm")


@contextmanager
def _quiet(yes: bool) -> Iterator[None]:
    """Without transformers' progress bars: a local folder is read in a moment; a download may show its own."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    if yes:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if yes and shown:
            logging.enable_progress_bar()


def _tensor(output: Any) -> Any:
    """transformers 5 returns an output object whose pooled field is the projection; older versions the tensor."""
    return getattr(output, "pooler_output", output)


def _unit(x: Any) -> Array:
    x = x.float()
    return (x / x.norm(dim=-1, keepdim=True).clamp_min(1e-12)).cpu().numpy()


def _side(processor: Any) -> tuple[int, int]:
    """(h, w) that the image processor brings pictures to."""
    for setting in ("crop_size", "size"):
        value = getattr(processor, setting, None)
        if value is None or (setting == "crop_size" and not getattr(processor, "do_center_crop", False)):
            continue
        if isinstance(value, int):
            return value, value
        found = {k: value[k] for k in ("height", "width", "shortest_edge") if value.get(k)}
        if "height" in found and "width" in found:
            return int(found["height"]), int(found["width"])
        if "shortest_edge" in found:
            return int(found["shortest_edge"]), int(found["shortest_edge"])
    return 224, 224


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
