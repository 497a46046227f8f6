"""Which numbers a stage computes in."""

from __future__ import annotations

import pytest

from ntlbg.errors import InputError
from ntlbg.training import precision
from ntlbg.training.precision import capability_of, resolve


@pytest.mark.parametrize(
    ("asked", "capability", "got"),
    [
        ("auto", (7, 0), "float16"),
        ("auto", (8, 0), "bfloat16"),
        ("auto", (9, 0), "bfloat16"),
        ("float16", (9, 0), "float16"),
        ("float32", (7, 0), "float32"),
        ("bfloat16", (8, 6), "bfloat16"),
    ],
)
def test_a_gpu_computes_in_what_it_can(monkeypatch, asked, capability, got):
    """bfloat16 from SM 80; what is asked for wins where it can be had."""
    monkeypatch.setattr(precision, "capability_of", lambda device: capability)
    assert resolve(asked, "cuda") == got


def test_bfloat16_on_an_older_gpu_is_refused(monkeypatch):
    """One sentence with both numbers, not a slow or wrong run."""
    monkeypatch.setattr(precision, "capability_of", lambda device: (7, 0))
    with pytest.raises(InputError, match=r"compute capability is 7\.0; bfloat16 needs 8\.0"):
        resolve("bfloat16", "cuda")


def test_a_cpu_computes_in_float32():
    """bfloat16 works there when asked for; float16 does not train."""
    assert resolve("auto", "cpu") == resolve("float32", "cpu") == "float32"
    assert resolve("bfloat16", "cpu") == "bfloat16"
    with pytest.raises(InputError, match="float16"):
        resolve("float16", "cpu")


def test_a_missing_gpu_is_one_sentence(monkeypatch):
    """The device is named."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="`cuda`, but there is no such device"):
        capability_of("cuda")
