"""LoRA on the projections of the language model, by peft: added, saved and read back.

The saved folder is an ordinary peft adapter of the checkpoint; peft loads it as well. What it says of itself is
never trusted here: rank and targets come from the model's own settings, and every tensor is checked by name and shape.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveFloat, PositiveInt
from torch import nn

from ntlbg.errors import InputError
from ntlbg.section import Section
from ntlbg.store import write_atomic
from ntlbg.tensors import check_shapes, read_tensors, write_tensors

# of the language model alone: Qwen2.5-VL's vision tower has projections of the same names
TARGETS = r".*language_model\.layers\.\d+\.(self_attn|mlp)\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
NAME = "default"
PREFIX = "base_model.model."  # peft's, before the checkpoint's own names
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


class Lora(Section):
    """rank: of each pair of matrices. alpha: their product counts alpha / rank times."""

    rank: PositiveInt
    alpha: PositiveFloat
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


def add_lora(model: nn.Module, lora: Lora, seed: int) -> None:
    """Add fresh matrices to a transformers model, in place: the second of each pair is zero, so that no number changes
    yet.
    """
    import torch
    from peft import inject_adapter_in_model

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(_config(lora), model, adapter_name=NAME)
    for parameter in _matrices(model).values():
        parameter.data = parameter.data.float()  # beside half-precision weights too: small steps must not be lost
        parameter.requires_grad_(True)


def has_lora(model: nn.Module) -> bool:
    """Whether matrices were added."""
    return any(_is_lora(name) for name, _ in model.named_parameters())


def save_lora(model: nn.Module, lora: Lora, folder: Path) -> None:
    """Write the adapter's weights and configuration into `folder`."""
    write_tensors(folder / WEIGHTS, {_saved_name(name): p.detach() for name, p in _matrices(model).items()})
    told = {k: sorted(v) if isinstance(v, set) else v for k, v in _config(lora).to_dict().items()}
    write_atomic(folder / CONFIG, json.dumps(told, indent=2, sort_keys=True, default=str) + "\n")


def check_lora(model: nn.Module, lora: Lora, folder: Path) -> None:
    """Raises InputError when the file's matrices are not those that `add_lora` would make; none is made."""
    shapes = {}
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear) and re.fullmatch(TARGETS, name):
            shapes[f"{PREFIX}{name}.lora_A.weight"] = (lora.rank, layer.in_features)
            shapes[f"{PREFIX}{name}.lora_B.weight"] = (layer.out_features, lora.rank)
    check_shapes(folder / WEIGHTS, shapes)


def load_lora(model: nn.Module, folder: Path) -> None:
    """Fill the matrices that `add_lora` made. Raises InputError when the file's are not exactly these."""
    import torch

    matrices = _matrices(model)
    found = read_tensors(folder / WEIGHTS, {_saved_name(name): p.shape for name, p in matrices.items()})
    with torch.no_grad():
        for name, parameter in matrices.items():
            parameter.copy_(found[_saved_name(name)])


def _config(lora: Lora) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # declared an integer, used as a number
        lora_dropout=lora.dropout,
        target_modules=TARGETS,
        inference_mode=True,
    )


def _is_lora(name: str) -> bool:
    return ".lora_A." in name or ".lora_B." in name


def _matrices(model: nn.Module) -> dict[str, nn.Parameter]:
    found = {name: p for name, p in model.named_parameters() if _is_lora(name)}
    if not found:
        raise InputError("the language model has no LoRA matrices")
    return found


def _saved_name(name: str) -> str:
    return PREFIX + name.replace(f".{NAME}.", ".")
