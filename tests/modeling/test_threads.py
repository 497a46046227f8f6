"""CPU threads of a forward pass."""

from __future__ import annotations

import torch

from ntlbg.modeling.threads import threads_for


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
