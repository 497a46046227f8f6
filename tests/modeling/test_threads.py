"""CPU threads of a forward pass."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ntlbg.modeling import threads
from ntlbg.modeling.threads import processes_for, threads_for
from ntlbg.processes import cores


def test_a_tiny_model_computes_on_one_thread_and_gives_the_others_back(answerer):
    """Inside the block one thread; after it, also after an error, as many as before."""
    before = torch.get_num_threads()
    with threads_for(answerer.model):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_a_large_model_keeps_its_threads():
    """Twenty million parameters are no longer tiny."""
    large = torch.nn.Linear(5000, 5000)
    large.device = torch.device("cpu")
    before = torch.get_num_threads()
    with threads_for(large):
        assert torch.get_num_threads() == before


def test_as_many_processes_as_cores_for_a_tiny_model_on_a_cpu(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One alone on a GPU, for a model that takes the cores itself, and where accelerate shares the work."""
    assert processes_for("cpu", checkpoint) == cores()
    assert processes_for("cuda", checkpoint) == 1
    monkeypatch.setattr(threads, "TINY", 10)
    assert processes_for("cpu", checkpoint) == 1
    monkeypatch.undo()
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert processes_for("cpu", checkpoint) == 1
