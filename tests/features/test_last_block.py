"""The last block of an encoder, apart: the same numbers, and another encoder once it was trained."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import torch

from ntlbg.errors import InputError
from ntlbg.features.encoders import LAST_BLOCK, encoder_of, load_encoder
from ntlbg.features.last_block import LastBlock, given_to_it, weights_of
from ntlbg.tensors import write_tensors
from tests.features.conftest import noise


@pytest.fixture(params=["clip_folder", "siglip_folder"])
def folder(request: pytest.FixtureRequest) -> Path:
    """Both kinds of vision tower."""
    found: Path = request.getfixturevalue(request.param)
    return found


def test_block_and_frozen_layers_give_the_encoders_features(folder: Path) -> None:
    """What lies before the last block, put through the copy of it, is what the encoder itself gives."""
    encoder = load_encoder(folder)
    frames = noise(6, 32, 48)
    features, _ = encoder.encode_frames(frames)
    with torch.no_grad():
        apart = LastBlock(encoder)(given_to_it(encoder, frames))
    np.testing.assert_allclose(apart.numpy(), features, rtol=1e-4, atol=1e-5)


def test_the_gradient_reaches_the_block_and_nothing_else(folder: Path) -> None:
    """Chunks and recomputed activations give the gradient of the whole; norm and head stay frozen."""
    encoder = load_encoder(folder)
    last = LastBlock(encoder)
    last(given_to_it(encoder, noise(5, 32, 32))).square().sum().backward()
    moved = {name for name, p in last.named_parameters() if p.grad is not None and bool(p.grad.any())}
    assert moved
    assert all(name.startswith("block.") for name in moved)
    assert not any(p.requires_grad for name, p in last.named_parameters() if not name.startswith("block."))


def test_the_block_apart_holds_no_second_encoder(folder: Path) -> None:
    """What the encoder hangs on its own block is not copied with it: with a large one, gigabytes on the GPU."""
    encoder = load_encoder(folder)
    before = towers()
    last = LastBlock(encoder)
    assert towers() == before
    assert given_to_it(encoder, noise(2, 32, 32)).shape[0] == 2, "the encoder's own block is listened to as before"
    assert not last.block._forward_pre_hooks


def towers() -> int:
    """Models with a vision tower that are in memory."""
    gc.collect()
    return sum(hasattr(type(one), "get_image_features") for one in gc.get_objects())


def test_a_trained_block_is_another_encoder_with_the_same_relevance(folder: Path, tmp_path: Path) -> None:
    """Other features and another identity; vectors, texts and what it says of itself stay."""
    frozen = load_encoder(folder)
    last = LastBlock(frozen)
    with torch.no_grad():
        for parameter in last.block.parameters():
            parameter.add_(0.1)
    write_tensors(tmp_path / LAST_BLOCK, weights_of(last))
    trained = encoder_of(tmp_path, frozen)
    frames = noise(4, 32, 32)
    (before, same), (after, vectors) = frozen.encode_frames(frames), trained.encode_frames(frames)
    assert np.abs(before - after).max() > 1e-3
    np.testing.assert_array_equal(same, vectors)
    with torch.no_grad():
        np.testing.assert_allclose(after, last(given_to_it(frozen, frames)).numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(frozen.encode_texts(["a red square"]), trained.encode_texts(["a red square"]))
    assert trained.identity != frozen.identity
    assert (trained.sees, trained.frame_size) == (frozen.sees, frozen.frame_size)
    assert frozen.encode_frames(frames)[0] == pytest.approx(before)


def test_a_model_without_a_trained_block_has_the_frozen_encoder(clip_folder: Path, tmp_path: Path) -> None:
    """Nothing is wrapped where nothing was trained."""
    frozen = load_encoder(clip_folder)
    assert encoder_of(tmp_path, frozen) is frozen


def test_a_block_of_another_encoder_is_refused(clip_folder: Path, siglip2_folder: Path, tmp_path: Path) -> None:
    """By file and tensor; the embedded encoder has no block to train."""
    write_tensors(tmp_path / LAST_BLOCK, {"mlp.fc1.weight": torch.zeros(2, 2)})
    with pytest.raises(InputError, match=LAST_BLOCK):
        encoder_of(tmp_path, load_encoder(clip_folder))
    with pytest.raises(InputError, match="no vision tower"):
        LastBlock(load_encoder("embedded"))
    # SigLIP2's block is told which patches are there; without that its features would be others
    with pytest.raises(InputError, match="no vision tower whose last block is known"):
        LastBlock(load_encoder(siglip2_folder))
