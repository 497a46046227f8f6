"""Which numbers a stage computes in, by what the device can do."""

from __future__ import annotations

from ntlbg.errors import InputError

BFLOAT16_FROM = (8, 0)  # compute capability: SM 80, an A100
NAMES = {"float32": "no", "float16": "fp16", "bfloat16": "bf16"}  # as accelerate calls mixed precision


def resolve(precision: str, device: str) -> str:
    """`float32`, `float16` or `bfloat16` for `precision` (which may be `auto`) on `device`.

    auto: float32 on a CPU; on a GPU bfloat16 where it has it, else float16.
    Raises InputError when the device is not there or cannot compute so.
    """
    if device == "cpu":
        if precision == "float16":
            raise InputError("training.precision is float16, which a CPU does not train in", hint="set it to float32")
        return "float32" if precision == "auto" else precision
    capability = capability_of(device)
    modern = capability >= BFLOAT16_FROM
    if precision == "auto":
        return "bfloat16" if modern else "float16"
    if precision == "bfloat16" and not modern:
        raise InputError(
            f"training.precision is bfloat16, but the GPU's compute capability is {capability[0]}.{capability[1]}; "
            f"bfloat16 needs {BFLOAT16_FROM[0]}.{BFLOAT16_FROM[1]}",
            hint="set it to float16 or auto",
        )
    return precision


def capability_of(device: str) -> tuple[int, int]:
    """Compute capability of a GPU. Raises InputError when there is none."""
    import torch

    if not torch.cuda.is_available():
        raise InputError(f"training.device is `{device}`, but there is no such device here", hint="set it to `cpu`")
    return torch.cuda.get_device_capability(device)
