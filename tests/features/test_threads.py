"""Torch's threads."""

from __future__ import annotations

import contextlib

import torch

from ntlbg.features.threads import one_torch_thread


def test_one_thread_inside_and_the_old_number_after() -> None:
    """Also when the block fails."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with contextlib.suppress(RuntimeError), one_torch_thread():
            assert torch.get_num_threads() == 1
            raise RuntimeError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
