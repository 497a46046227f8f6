"""A tiny model with the interface of the real one, and questions that it can learn; for unit tests only."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntlbg.training.checkpoint import Checkpoints
from tests.evaluation.small_world import TextOnly
from tests.training import world as worlds
from tests.training.tiny import Tiny, tiny_batches


@pytest.fixture
def tiny() -> Tiny:
    """The stand-in model, always with the same weights."""
    return Tiny(seed=3)


@pytest.fixture
def batches(tmp_path: Path):
    """Sixteen questions to train on and eight to watch."""
    return tiny_batches(train=16, val=8)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    """A folder for checkpoints of one run."""
    return Checkpoints(tmp_path / "checkpoints", "one run")


@pytest.fixture
def text_encoder(monkeypatch: pytest.MonkeyPatch) -> TextOnly:
    """The world's encoder, in the place of a checkpoint."""
    encoder = TextOnly()
    monkeypatch.setattr("ntlbg.features.encoders.load_encoder", lambda *a, **k: encoder)
    return encoder


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two videos to train on, two to watch; nobody writes into it."""
    return worlds.make(tmp_path_factory.mktemp("training"))
