"""Which parameters each stage trains. All others keep every bit.

select: our own modules, attention and constructor (how representatives are described and weighed);
joint:  these and the language model's LoRA matrices (how it reads them);
full:   the same parameters under all terms of the loss.
The answerer's own weights, vision tower included, are never trained.
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

# Terms of the loss by stage; the likelihood goes wherever the constraint goes, since it pins Sigma.
TERMS: dict[Stage, tuple[str, ...]] = {
    "select": ("task", "constraint", "likelihood"),
    "joint": ("task", "constraint", "likelihood", "context"),
    "full": ("task", "constraint", "likelihood", "context", "alignment"),
}


def group_of(name: str) -> str:
    """`ours`, `lora`, `transition` or `base`: what a parameter of the objective belongs to, by its dotted name."""
    parts = name.split(".")
    if parts[0] == TRANSITION:
        return "transition"
    if any(part.startswith(LORA) for part in parts):
        return "lora"
    inner = parts[1] if parts[0] == "model" and len(parts) > 1 else parts[0]
    return "ours" if inner in OURS else "base"


def groups(stage: Stage) -> tuple[str, ...]:
    """The groups that a stage trains. f_transition learns where its term counts."""
    chosen = ("ours",) if stage == "select" else ("ours", "lora")
    return (*chosen, "transition") if "context" in TERMS[stage] else chosen


def set_trainable(objective: nn.Module, stage: Stage) -> dict[str, nn.Parameter]:
    """Let exactly the stage's parameters learn; they, by name, sorted.

    objective: holds the model as `model` and f_transition as `transition`.
    Raises NTLBGError when a group that the stage trains has no parameters.
    """
    wanted = groups(stage)
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
    found: list[dict[str, object]] = []
    for lora in (False, True):
        peak = (params.lora_learning_rate if lora else None) or params.learning_rate
        for matrix in (True, False):
            members = [
                p for name, p in parameters.items() if (group_of(name) == "lora") == lora and (p.ndim > 1) == matrix
            ]
            if members:
                decay = params.weight_decay if matrix else 0.0
                found.append({"params": members, "peak": peak, "lr": peak, "weight_decay": decay})
    return found
