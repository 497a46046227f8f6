"""`training` in a tier of params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from ntlbg.section import Section


class TrainingParams(Section):
    """How the trained stages take their steps."""

    batch_size: PositiveInt  # questions per step on one device
    gradient_accumulation: PositiveInt  # steps whose gradients are summed before one update
    learning_rate: PositiveFloat
    max_steps: NonNegativeInt  # updates per stage
    precision: Literal["float32", "float16", "bfloat16"]  # bfloat16 needs an A100 or later

    @property
    def effective_batch_size(self) -> int:
        """Questions that one update has seen, on one device."""
        return self.batch_size * self.gradient_accumulation
