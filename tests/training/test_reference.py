"""What the language model expects of a frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ntlbg.errors import InputError
from ntlbg.training import reference
from ntlbg.training.reference import load, main, measure, save


def test_the_reference_is_the_law_of_the_embeddings(rng):
    """Mean, leading directions and the rest, equal to numpy's; parts or whole make no difference."""
    x = rng.normal(size=(400, 10)) @ rng.normal(size=(10, 10)) + rng.normal(size=10)
    found = measure([x[:150], x[150:]], rank=4)
    assert np.allclose(found.mean, x.mean(0), atol=1e-5)
    values = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    assert np.allclose(found.variances, values[:4], rtol=1e-4)
    assert float(found.rest) == pytest.approx(values[4:].mean(), rel=1e-4)
    assert torch.allclose(found.basis @ found.basis.T, torch.eye(4), atol=1e-5)
    assert torch.equal(found.basis, measure([x], rank=4).basis)


def test_embeddings_that_do_not_vary_have_a_width():
    """All frames alike: variances are tiny, not zero, so that no logarithm is infinite."""
    found = measure([np.ones((5, 6))], rank=3)
    assert (found.variances > 0).all()
    assert found.rest > 0
    with pytest.raises(InputError, match="1 visual embeddings"):
        measure([np.ones((1, 6))])


def test_what_is_saved_is_loaded(tmp_path, rng):
    """Bit by bit, and equal values give equal bytes; what is no reference is refused by name."""
    found = measure([rng.normal(size=(50, 6))], rank=3)
    save(found, tmp_path / "a.safetensors")
    save(found, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    again = load(tmp_path / "a.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(vars(found).values(), vars(again).values(), strict=True))
    (tmp_path / "a.safetensors").write_bytes(b"nothing of the kind")
    for name in ("a", "missing"):
        with pytest.raises(InputError, match=f"{name}.safetensors: is no reference"):
            load(tmp_path / f"{name}.safetensors")


def test_the_command_measures_the_training_videos(world, tmp_path, monkeypatch, capsys):
    """It writes the reference of the answerer's own embeddings and says how many directions hold how much."""
    monkeypatch.setenv("NTLBG_STORE", str(tmp_path / "store"))
    told = [f"--{name}={world[name]}" for name in ("accepted", "frames", "answerer")]
    main([*told, f"--out={tmp_path / 'reference.safetensors'}"])
    found = load(tmp_path / "reference.safetensors")
    assert found.mean.shape == (32,)
    assert "2 videos, width 32" in capsys.readouterr().out
    assert len(found.variances) <= reference.RANK
