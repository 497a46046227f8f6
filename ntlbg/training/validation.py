"""Watching a stage: the val questions, answered as an evaluation answers them, without noise and perturbation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ntlbg.errors import NTLBGError
from ntlbg.training.params import TrainingParams

if TYPE_CHECKING:
    from accelerate import Accelerator

    from ntlbg.training.batches import Batches


@dataclass(frozen=True)
class Score:
    """step: updates taken before it. loss: mean -log share of the right option among the options (nats); of an open
    question -log P(answer). accuracy: over questions with options, None where there are none.
    """

    step: int
    loss: float
    accuracy: float | None

    def better_than(self, other: Score, watch: Literal["accuracy", "loss"]) -> bool:
        """By what is watched; equal accuracy by loss. Equal in all is not better: the earlier parameters stay."""
        if watch == "accuracy" and self.accuracy is not None and other.accuracy is not None:
            return (-self.accuracy, self.loss) < (-other.accuracy, other.loss)
        return self.loss < other.loss


def marks(scores: list[float], answer: int) -> tuple[float, float | None]:
    """(loss, whether the right option scores highest as 1.0 or 0.0; None for an open question) of one question."""
    if len(scores) == 1:
        return -scores[0], None
    top = max(scores)
    total = top + math.log(sum(math.exp(score - top) for score in scores))
    return total - scores[answer], float(scores.index(top) == answer)


def validate(objective: Any, batches: Batches, params: TrainingParams, accelerator: Accelerator, step: int) -> Score:
    """The score of the objective's model on all val questions, each process taking its part."""
    import torch

    sums = torch.zeros(4, dtype=torch.float64)  # losses, questions, right ones, questions with options
    model = objective.model
    was = objective.training
    objective.eval()  # all of it: the encoder's last block, beside the model, may have dropout of its own
    for samples in batches.validation(2 * params.batch_size, accelerator.process_index, accelerator.num_processes):
        with torch.no_grad(), accelerator.autocast():
            scored = model.score_options(
                objective.seen(samples), presentation=params.presentation, points=params.points
            )
        for sample, scores in zip(samples, scored, strict=True):
            assert sample.answer is not None  # questions without one are left out
            loss, right = marks(scores, sample.answer)
            sums += torch.tensor([loss, 1.0, right or 0.0, float(right is not None)], dtype=torch.float64)
    objective.train(was)
    loss, questions, right, closed = accelerator.reduce(sums.to(accelerator.device), reduction="sum").tolist()
    if not math.isfinite(loss):
        raise NTLBGError(f"validation after {step} updates: a log-likelihood is not a finite number")
    return Score(step, loss / questions, right / closed if closed else None)
