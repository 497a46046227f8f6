"""Weights on disk."""

from __future__ import annotations

import pickle
from contextlib import nullcontext

import pytest
import torch
from safetensors.torch import save_file

from ntlbg.errors import InputError
from ntlbg.tensors import check_shapes, read_tensors, write_tensors

SHAPES = {"a": (2, 3), "b": (4,)}


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    return {"b": torch.arange(4.0), "a": torch.randn(3, 2, generator=torch.Generator().manual_seed(0)).mT}


def test_what_is_written_is_read_bit_for_bit(tmp_path, tensors):
    """Strided tensors too; and equal values give equal bytes."""
    write_tensors(tmp_path / "one", tensors)
    write_tensors(tmp_path / "two", dict(reversed(tensors.items())))
    found = read_tensors(tmp_path / "one", SHAPES)
    assert all(torch.equal(found[name], tensors[name]) for name in SHAPES)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_pickle_is_not_opened(tmp_path):
    """A pickle under a safetensors name is refused, and what it would run does not run."""
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    (tmp_path / "w.safetensors").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError, match=r"w\.safetensors: is not a safetensors file"):
        read_tensors(tmp_path / "w.safetensors", SHAPES)
    torch.save({"a": torch.zeros(2, 3)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"w\.safetensors: is not a safetensors file"):
        read_tensors(tmp_path / "w.safetensors", SHAPES)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"a": torch.zeros(2, 3)}, "`b` is missing"),
        ({"a": torch.zeros(2, 3), "b": torch.zeros(4), "c": torch.zeros(1)}, "`c` is not expected"),
        ({"a": torch.zeros(3, 2), "b": torch.zeros(4)}, r"shape \[3, 2\], not \[2, 3\]"),
        ({"a": torch.full((2, 3), torch.nan), "b": torch.zeros(4)}, "finite"),
        ({"a": torch.zeros(2, 3, dtype=torch.long), "b": torch.zeros(4)}, "finite"),
        ({"a": torch.full((2, 3), torch.nan).to(torch.float8_e4m3fn), "b": torch.zeros(4)}, "finite"),
    ],
)
def test_other_tensors_than_expected_are_named(tmp_path, content, says):
    """Names, shapes and values are checked before anything is used."""
    save_file(content, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=says):
        read_tensors(tmp_path / "w.safetensors", SHAPES)
    with nullcontext() if says == "finite" else pytest.raises(InputError, match=says):
        check_shapes(tmp_path / "w.safetensors", SHAPES)  # the header alone


def test_a_cut_or_missing_file_is_named(tmp_path, tensors):
    """At any length."""
    path = tmp_path / "w.safetensors"
    with pytest.raises(InputError, match="is missing"):
        read_tensors(path, SHAPES)
    write_tensors(path, tensors)
    whole = path.read_bytes()
    for length in (0, 4, 20, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is not a safetensors file"):
            read_tensors(path, SHAPES)
