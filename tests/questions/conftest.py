"""Real annotation files where they lie, and small folders in each layout."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ntlbg.questions.rows import Benchmark

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def annotations() -> Path:
    """The folder of real annotation files: NTLBG_ANNOTATIONS, or shared/annotations beside the checkout."""
    folder = Path(os.environ.get("NTLBG_ANNOTATIONS", REPOSITORY.parent / "shared" / "annotations"))
    if not folder.is_dir():
        pytest.skip("no real annotation files here; NTLBG_ANNOTATIONS names their folder")
    return folder


def without_origin(benchmark: Benchmark) -> Benchmark:
    """The same benchmark, its questions not saying which row they come from."""
    questions = [
        replace(q, metadata={k: v for k, v in q.metadata.items() if k != "origin"}) for q in benchmark.questions
    ]
    return replace(benchmark, questions=questions)
