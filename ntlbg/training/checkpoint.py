"""Checkpoints of a stage under way, for exact resume: a killed run continues as if nothing had happened.

One file, `state.pt`, written whole or not at all: trained parameters, optimiser, scaler, the generators of Python,
numpy and torch of every process, the next step, the history and the best parameters so far. The learning rate, the
loss weights, the order of questions and their noise are functions of seed and step, and need no memory.
The file holds the key of all that the run depends on; a checkpoint of another key is thrown away, never continued.
"""

from __future__ import annotations

import io
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.store import write_atomic

if TYPE_CHECKING:
    from torch import Tensor

STATE = "state.pt"


def scratch(into: Path) -> Path:
    """Where the checkpoints of an output folder lie: beside it, so that filling or clearing the output leaves them."""
    return into.parent / f".{into.name}.checkpoints"


def generators() -> dict[str, Any]:
    """The states of this process's generators, as plain values and tensors."""
    import torch

    version, words, gauss = random.getstate()
    name, keys, place, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(words), gauss],
        "numpy": [str(name), [int(k) for k in keys], int(place), int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() and torch.cuda.is_initialized() else None,
    }


def restore_generators(state: dict[str, Any]) -> None:
    """Set this process's generators to the states that `generators` gave."""
    import torch

    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, place, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), place, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"].cpu())


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoint of one stage in `folder`. key: of everything that the run's numbers depend on."""

    folder: Path
    key: str

    def load(self) -> dict[str, Any] | None:
        """The last state of a run with this key, or None. What belongs to another run, or is damaged, is removed."""
        import torch

        try:
            # tensors and plain values alone: nothing in the file can run
            state = dict(torch.load(self.folder / STATE, map_location="cpu", weights_only=True))
            if state.pop("key") != self.key:
                raise ValueError("a checkpoint of another run")
            return state
        except FileNotFoundError:
            return None
        except Exception:
            self.clear()
            return None

    def save(self, state: dict[str, Any]) -> None:
        """Take the place of the last state, whole or not at all."""
        import torch

        buffer = io.BytesIO()
        torch.save({**state, "key": self.key}, buffer)
        write_atomic(self.folder / STATE, buffer.getvalue())

    def clear(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def cloned(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of parameters on the CPU, free of their graph."""
    return {name: p.detach().to("cpu", copy=True) for name, p in parameters.items()}
