"""Which parameters each stage trains. All others keep every bit.

select: our own modules, attention and constructor (how representatives are described and weighed);
joint:  these and the language model's LoRA matrices (how it reads them);
full:   the same parameters under all terms of the loss.
The answerer's own weights, vision tower included, are never trained. With `unfreeze_encoder`, stage `select` trains
the last block of the encoder as well: what the seed paper calls visual feature extraction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ntlbg.errors import NTLBGError
from ntlbg.training.params import Stage, TrainingParams

if TYPE_CHECKING:
    from torch import nn

OURS = ("attention", "constructor")  # modules of the model, by their first name
LORA = "lora_"  # part of the name of every matrix that peft adds
TRANSITION = "transition"  # f_transition: of the loss, beside the model
LAST = "last"  # the encoder's last block, with the frozen layers after it

# Terms of the loss by stage; the likelihood goes wherever the constraint goes, since it pins Sigma.
TERMS: dict[Stage, tuple[str, ...]] = {
    "select": ("task", "constraint", "likelihood"),
    "joint": ("task", "constraint", "likelihood", "context"),
    "full": ("task", "constraint", "likelihood", "context", "alignment"),
}


def group_of(name: str) -> str:
    """`ours`, `lora`, `transition`, `encoder` or `base`: what a parameter belongs to, by its name in the objective."""
    parts = name.split(".")
    if parts[0] == TRANSITION:
        return "transition"
    if parts[:2] == [LAST, "block"]:
        return "encoder"
    if any(part.startswith(LORA) for part in parts):
        return "lora"
    inner = parts[1] if parts[0] == "model" and len(parts) > 1 else parts[0]
    return "ours" if inner in OURS else "base"


def groups(stage: Stage, unfreeze_encoder: bool = False) -> tuple[str, ...]:
    """The groups that a stage trains. f_transition learns where its term counts."""
    if stage == "select":
        chosen: tuple[str, ...] = ("ours", "encoder") if unfreeze_encoder else ("ours",)
    else:
        chosen = ("ours", "lora")
    return (*chosen, "transition") if "context" in TERMS[stage] else chosen


def set_trainable(objective: nn.Module, stage: Stage, unfreeze_encoder: bool = False) -> dict[str, nn.Parameter]:
    """Let exactly the stage's parameters learn; they, by name, sorted.

    objective: holds the model as `model`, f_transition as `transition` and, where the encoder's last block is trained,
    that as `last`.
    Raises NTLBGError when a group that the stage trains has no parameters.
    """
    wanted = groups(stage, unfreeze_encoder)
    chosen: dict[str, nn.Parameter] = {}
    for name, parameter in objective.named_parameters():
        learns = group_of(name) in wanted
        parameter.requires_grad_(learns)
        if learns:
            parameter.data = parameter.data.float()  # beside frozen weights in half precision, too
            chosen[name] = parameter
    for group in wanted:
        if not any(group_of(name) == group for name in chosen):
            raise NTLBGError(f"stage `{stage}`: the model has no parameters of the group `{group}` to train")
    return dict(sorted(chosen.items()))


def optimiser_groups(parameters: dict[str, nn.Parameter], params: TrainingParams) -> list[dict[str, object]]:
    """Parameter groups of AdamW: `peak` is each one's highest learning rate; only matrices decay."""
    peaks = {
        "lora": params.lora_learning_rate or params.learning_rate,
        "encoder": params.encoder_learning_rate or params.learning_rate / 10,
    }
    found: list[dict[str, object]] = []
    for kind in ("", *peaks):
        for matrix in (True, False):
            members = [
                p
                for name, p in parameters.items()
                if (group_of(name) if group_of(name) in peaks else "") == kind and (p.ndim > 1) == matrix
            ]
            if members:
                peak, decay = peaks.get(kind, params.learning_rate), params.weight_decay if matrix else 0.0
                found.append({"params": members, "peak": peak, "lr": peak, "weight_decay": decay})
    return found
