"""The model with its loss: one forward pass gives every term, so that gradients are shared over processes rightly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from ntlbg.training import losses
from ntlbg.training.reference import Reference
from ntlbg.training.schedule import Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ntlbg.features.last_block import LastBlock
    from ntlbg.modeling.video_qa import Sample


class Objective(nn.Module):
    """model: an NTLBGVideoQA. transition: f_transition. reference: what the language model expects of frames.

    terms: names of the terms that count; all are computed and told. likelihood: its weight. last: the encoder's last
    block, where it is trained.
    """

    def __init__(
        self,
        model: nn.Module,
        transition: losses.Transition,
        reference: Reference,
        *,
        presentation: str,
        points: int,
        terms: Sequence[str],
        target: Literal["median", "argmin"],
        likelihood: float,
        last: LastBlock | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.transition = transition
        self.last = last
        self.reference = reference
        self.presentation, self.points = presentation, points
        self.terms, self.target, self.likelihood = frozenset(terms), target, likelihood

    def forward(
        self, samples: list[Sample], weights: Weights, noise: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """`loss`, the weighted sum of the stage's terms, with its gradient; and every term, without.

        Besides: `contour` (c), `constraint_cv` (coefficient of variation of the picks' distances), `distance` (the
        law's mean squared distance over d, 1 for a law that fits) and `context_spread`.
        """
        out = self.model(self.seen(samples), presentation=self.presentation, points=self.points, noise=noise)
        with torch.autocast(device_type=out.logits.device.type, enabled=False):  # sums of squares need float32
            found = self._terms(out)
        counts = {
            "task": weights.task,
            "constraint": weights.constraint,
            "alignment": weights.alignment,
            "context": weights.context,
            "likelihood": self.likelihood,
        }
        counted = [counts[name] * found[name] for name in sorted(self.terms)]
        loss = torch.stack(counted).sum(0).mean()
        return {"loss": loss, **{name: values.detach().mean() for name, values in found.items()}}

    def seen(self, samples: list[Sample]) -> list[Sample]:
        """The samples as the model is given them: through the encoder's last block, where that is trained."""
        if self.last is None:
            return samples
        from ntlbg.training.unfrozen import seen_through

        return seen_through(self.last, samples)

    def _terms(self, out: Any) -> dict[str, Tensor]:
        """Every term [B]. A term that does not count is computed without a graph."""
        found: dict[str, Tensor] = {"task": losses.task_loss(out.logits, out.labels)}
        indices, present = out.choice.indices, out.choice.present
        with self._counting("constraint", "likelihood"):
            distances = out.law.distances(out.features)
            picked = distances.gather(1, indices)
            c = losses.contour(picked, present, distances, out.weights, self.target)
            found["constraint"], found["constraint_cv"] = losses.constraint_loss(picked, present, c)
            found["likelihood"] = losses.likelihood_loss(out.law, out.features, out.weights)
            found["contour"] = c
            found["distance"] = (out.weights * distances).sum(-1)
        with self._counting("context"):
            visual = out.visual.float().mean(2)
            times = out.times_s.gather(1, indices)
            found["context"] = losses.context_loss(self.transition, out.rich.context, visual, present, times)
        with self._counting("alignment"):
            found["alignment"] = losses.alignment_loss(
                out.rich.embeds, present, self.reference.to(out.rich.embeds.device)
            )
        return found

    def _counting(self, *terms: str) -> Any:
        return torch.set_grad_enabled(torch.is_grad_enabled() and bool(self.terms & set(terms)))
