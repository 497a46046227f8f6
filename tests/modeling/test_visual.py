"""Visual tokens, computed once per video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ntlbg.errors import InputError
from ntlbg.modeling.qwen import QwenAdapter
from ntlbg.modeling.visual import VisualTokens
from tests.training import world as worlds


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Four videos; nobody writes into it."""
    return worlds.make(tmp_path_factory.mktemp("visual"))


@pytest.fixture(scope="module")
def adapter(world) -> QwenAdapter:
    """The world's answerer."""
    return QwenAdapter.load(world["answerer"])


@pytest.fixture
def tokens(world, adapter, store):
    """Makes VisualTokens of the world."""

    def make(keep: int | None = 1, folders: dict[str, Path] = world) -> VisualTokens:
        return VisualTokens.open(
            adapter, accepted=folders["accepted"], frames=folders["frames"], size=(32, 48), keep=keep, store=store
        )

    return make


def test_tokens_are_the_answerers_own(tokens, adapter, world):
    """Of every candidate frame, whole or pooled, to float16."""
    whole = tokens(None).of("mlvu_0")
    frames = np.load(world["frames"] / "mlvu_0.npy")
    with torch.no_grad():
        expected = adapter.embed_frames(frames).numpy()
    assert whole.shape == (20, 6, adapter.width)
    assert np.allclose(whole, expected, rtol=2e-3, atol=2e-3)
    assert np.allclose(tokens(1).of("mlvu_0")[:, 0], expected.mean(1), rtol=2e-3, atol=2e-3)
    assert tokens(2).of("mlvu_0").shape == (20, 2, adapter.width)


def test_tokens_are_computed_once(tokens, store):
    """A second run reads them; other sizes are other values."""
    tokens().prepare(["mlvu_0", "mlvu_1"])
    assert store.made == {"visual": 2}
    tokens().prepare(["mlvu_0", "mlvu_1"])
    assert store.made == {"visual": 2}
    tokens(2).of("mlvu_0")
    assert store.made == {"visual": 3}


def test_the_key_knows_video_frames_and_answerer(tokens):
    """Another file, other times, another size, another answerer, another storage: another key."""
    one = tokens()
    row = dict(one.outcomes["mlvu_0"])
    keys = {one.key_of("mlvu_0"), one.key_of("mlvu_1"), replace(one, size=(64, 48)).key_of("mlvu_0")}
    keys.add(replace(one, identity={"answerer": "another"}).key_of("mlvu_0"))
    for change in ({"source_blake3": "00"}, {"timestamps_s": [0.5, *row["timestamps_s"][1:]]}):
        keys.add(replace(one, outcomes={"mlvu_0": row | change}).key_of("mlvu_0"))
    kept = type("Kept", (), {"made_by": lambda self, video_id: {"storage": {"quality": 95}}})()
    keys.add(replace(one, source=kept).key_of("mlvu_0"))
    assert len(keys) == 7


def test_only_videos_with_frames_count(tokens, tmp_path, store):
    """A broken video is in no split, and asking for it is an error with its name."""
    found = tokens(folders=worlds.make(tmp_path, broken=("mlvu_0",)))
    assert found.videos("train") == ["mlvu_2"]
    assert found.videos("val") == ["mlvu_1", "mlvu_3"]
    with pytest.raises(InputError, match="`mlvu_0` has no frames"):
        found.of("mlvu_0")
    with pytest.raises(InputError, match="`nobody` has no frames"):
        found.of("nobody")


def test_flat_tokens_are_pooled_again(tokens, adapter):
    """For the reference: as many per frame as a point has."""
    whole = tokens(None)
    assert whole.tokens_of("mlvu_0", 6).shape == (120, adapter.width)
    assert np.allclose(whole.tokens_of("mlvu_0", 1), whole.of("mlvu_0").astype(np.float32).mean(1), atol=1e-3)


def test_only_so_many_videos_are_held_open(tokens, monkeypatch):
    """Each is an open file, and a process may have a thousand; what was let go is opened again."""
    monkeypatch.setattr("ntlbg.modeling.visual.OPEN", 2)
    some = tokens()
    videos = ["mlvu_0", "mlvu_1", "mlvu_2"]
    first = [np.array(some.of(video)) for video in videos]
    assert list(some._open) == videos[1:]
    assert np.array_equal(some.of("mlvu_0"), first[0])
    assert list(some._open) == ["mlvu_2", "mlvu_0"]
