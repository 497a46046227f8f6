"""Small untrained answerers, saved and loaded as any checkpoint is, and a model over one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntlbg.backbone import tiny_qwen
from ntlbg.modeling.answerer import Answerer
from ntlbg.modeling.qwen import QwenAdapter
from ntlbg.modeling.video_qa import NTLBGVideoQA
from tests.modeling import tiny_family
from tests.modeling.questions import small_model


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


FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")


@pytest.fixture(scope="session", params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    """A random answerer of each family, loaded as any checkpoint is."""
    folder = tmp_path_factory.mktemp(request.param)
    processor = tiny_qwen.build_processor()
    tiny_qwen.save(tiny_family.build(request.param, processor), processor, folder)
    return Answerer.load(folder)


@pytest.fixture
def adapter(checkpoint: Path) -> QwenAdapter:
    """A fresh adapter: LoRA is added in place."""
    return QwenAdapter.load(checkpoint)


@pytest.fixture
def model(adapter: QwenAdapter) -> NTLBGVideoQA:
    """An untrained model of small sizes, in evaluation mode."""
    return small_model(adapter).eval()
