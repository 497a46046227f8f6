"""The optimiser of both tiny models: Muon for matrices inside the network, AdamW for everything else.

Muon (momentum whose matrix is brought near an orthogonal one by five Newton-Schulz steps; Keller Jordan, 2024) needs
about half of AdamW's steps here, and the shapes of the rendered world are hardly learnt in the time without it.
torch's own Muon computes in bfloat16, which is slow on CPUs without it; this one stays in float32.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration
MUON_PER_ADAM = 20 / 3  # learning rate of the matrices, in units of AdamW's


def orthogonal(update: Any) -> Any:
    """A matrix with nearly the singular vectors of `update` and singular values near one."""
    a, b, c = COEFFICIENTS
    tall = update.shape[0] > update.shape[1]
    X = update.T if tall else update
    X = X / (X.norm() + 1e-7)
    for _ in range(5):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X.T if tall else X


class Optimiser:
    """`Optimiser(model.named_parameters(), peak)`; then zero, backward, `step(rate)`.

    rate: learning rate of this step for AdamW's parameters (vectors, embeddings, patches, the answer head).
    """

    def __init__(self, named: Iterable[tuple[str, Any]]) -> None:
        import torch

        self._matrices: list[Any] = []
        others: list[Any] = []
        for name, parameter in named:
            # readers of a few classes and tables of words have no use for orthogonal updates
            inside = parameter.ndim == 2 and min(parameter.shape) > 16 and not _table(name)
            (self._matrices if inside else others).append(parameter)
        self._momenta = [torch.zeros_like(p) for p in self._matrices]
        self._adam = torch.optim.AdamW(others, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0)

    def step(self, rate: float, *, clip: float = 1.0, momentum: float = 0.95, decay: float = 0.01) -> None:
        """Clip the gradients' common norm, then update."""
        import torch

        parameters = [*self._matrices, *self._adam.param_groups[0]["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, clip)
        self._adam.param_groups[0]["lr"] = rate
        self._adam.step()
        with torch.no_grad():
            for matrix, moment in zip(self._matrices, self._momenta, strict=True):
                if matrix.grad is None:
                    continue
                moment.lerp_(matrix.grad, 1 - momentum)
                update = orthogonal(matrix.grad.lerp(moment, momentum))
                matrix.mul_(1 - rate * MUON_PER_ADAM * decay)
                scale = math.sqrt(max(1.0, matrix.shape[0] / matrix.shape[1]))
                matrix.add_(update, alpha=-rate * MUON_PER_ADAM * scale)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in [*self._matrices, *self._adam.param_groups[0]["params"]]:
            parameter.grad = None


def _table(name: str) -> bool:
    return "embed" in name or "lm_head" in name


def rate(step: int, steps: int, peak: float) -> float:
    """Learning rate: linear warm-up over the first 4 %, then a cosine to a twentieth of the peak."""
    warm = max(1, round(0.04 * steps))
    if step < warm:
        return peak * (step + 1) / warm
    return peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm))))
