"""A small untrained answerer, saved and loaded as any checkpoint is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntlbg.backbone import tiny_qwen
from ntlbg.modeling.answerer import Answerer


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen2-VL checkpoint folder with random weights."""
    folder = tmp_path_factory.mktemp("answerer")
    processor = tiny_qwen.build_processor()
    tiny_qwen.save(tiny_qwen.build_model(processor, width=64, layers=2, seed=3), processor, folder)
    return folder


@pytest.fixture(scope="session")
def answerer(checkpoint: Path) -> Answerer:
    """The checkpoint, loaded."""
    return Answerer.load(checkpoint)
