"""A few short practice videos, drawn once."""

from __future__ import annotations

import pytest

from ntlbg.backbone.practice import Scene, draw, plans
from ntlbg.backbone.tiny_qwen import FRAME


@pytest.fixture(scope="session")
def scenes() -> list[Scene]:
    """Four practice videos of the size the models read."""
    return [draw(plan, FRAME) for plan in plans(5, "tests", 4)]
