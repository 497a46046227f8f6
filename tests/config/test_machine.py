"""`machine` in a tier."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.config.machine import MachineParams


def test_only_known_devices_are_taken():
    """A misspelt device would only fail once the weights are loaded."""
    assert MachineParams(device="cpu", gpu="none", gpu_memory_gb=0).device == "cpu"
    with pytest.raises(ValidationError):
        MachineParams(device="gpu", gpu="none", gpu_memory_gb=0)
