"""Stored frames, seen again by another encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.features.again import Again
from ntlbg.features.encoders import load_encoder
from ntlbg.store import Store
from tests.evaluation.small_world import make_world


def test_features_are_those_of_the_encoder_and_are_kept(clip_folder: Path, tmp_path: Path) -> None:
    """Times are the stored ones, features the encoder's, and a second look encodes nothing."""
    world = make_world(tmp_path / "world", videos=1, questions=3, T=12)
    encoder, store = load_encoder(clip_folder), Store(tmp_path / "store")
    again = Again(world.paths["frames"], encoder, store)
    found = again.load("mlvu_0")
    frames = np.load(world.paths["frames"] / "mlvu_0.npy")
    np.testing.assert_allclose(found.index.features, encoder.encode_frames(frames)[0], rtol=1e-5)
    assert found.index.timestamps_s.tolist() == [t + 0.25 for t in range(12)]
    made = dict(store.made)
    again.load("mlvu_0")
    assert store.made == made


def test_a_video_without_frames_is_named(clip_folder: Path, tmp_path: Path) -> None:
    """One that nobody decoded."""
    world = make_world(tmp_path / "world", videos=1, questions=3, T=12)
    with pytest.raises(InputError, match="`mlvu_7` was not decoded"):
        Again(world.paths["frames"], load_encoder(clip_folder), Store(tmp_path / "store")).load("mlvu_7")
