"""CPU threads of a forward pass.

A tiny model gains nothing from several threads, and on a busy machine they wait for each other; sums are also the
same to the last bit however many cores there are. A large model takes what it can get. Where one thread computes,
the other cores are free for another process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ntlbg.modeling.checkpoint import locate
from ntlbg.processes import cores

TINY = 20_000_000  # parameters


@contextmanager
def threads_for(model: Any) -> Iterator[None]:
    """One torch thread inside the block when `model` is tiny and runs on a CPU."""
    import torch

    before = torch.get_num_threads()
    if model.device.type != "cpu" or sum(p.numel() for p in model.parameters()) > TINY:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def processes_for(device: str, checkpoint: Path) -> int:
    """Processes that may compute with a checkpoint side by side: one per core where it is tiny and runs on a CPU.

    Raises InputError when the checkpoint is neither a sound folder nor a pinned Hub id.
    """
    place = locate(checkpoint)
    if device != "cpu" or not place.local or "LOCAL_RANK" in os.environ:  # there `accelerate launch` shares the work
        return 1
    # in half precision, two bytes a parameter: what is tiny by its size is so by its parameters
    weights = sum(file.stat().st_size for file in Path(place.source).glob("*.safetensors"))
    return cores() if weights <= TINY * 2 else 1
