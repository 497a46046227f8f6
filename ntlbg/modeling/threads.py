"""CPU threads of a forward pass.

A tiny model gains nothing from several threads, and on a busy machine they wait for each other; sums are also the
same to the last bit however many cores there are. A large model takes what it can get.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
