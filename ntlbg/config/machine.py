"""`machine` in a tier of params.yaml: what the tier is meant to run on."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeInt

from ntlbg.section import Section


class MachineParams(Section):
    """Where the heavy stages run. No result depends on it beyond rounding."""

    device: Literal["cpu", "cuda"]  # where frames are encoded
    gpu: Literal["none", "V100_32GB", "A100_40GB", "A100_80GB"]  # what the numbers of the tier are sized for
    gpu_memory_gb: NonNegativeInt
