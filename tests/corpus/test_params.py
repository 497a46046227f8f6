"""The section `corpus`."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ntlbg.corpus.params import MIX, CorpusParams


def test_a_rendered_corpus_needs_nothing_more() -> None:
    """All settings have defaults, the codecs' shares among them."""
    params = CorpusParams.model_validate({"rendered": {}})
    assert params.rendered is not None
    assert params.rendered.codecs == MIX


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({}, "no source"),
        ({"folders": {}}, "no source"),
        ({"rendered": {}, "folders": {"mlvu": "/data"}}, "not both"),
        ({"rendered": {"codecs": {"av2": 1.0}}}, "no codec `av2`"),
        ({"rendered": {"codecs": {"h264-mp4": 0.0}}}, "share above 0"),
        ({"rendered": {"train": -1}}, "greater than or equal to 0"),
        ({"rendered": {"minutes": 1.0}}, "greater than or equal to 3"),
        ({"own": [{"jsonl": "a", "videos": "b", "split": "dev"}]}, "'train', 'val' or 'test'"),
        ({"folders": {"mvlu": "/data"}}, "not permitted"),
    ],
)
def test_mistakes_are_refused_with_a_reason(wrong: dict[str, Any], reason: str) -> None:
    """Unknown names, numbers out of range, contradicting or missing sources."""
    with pytest.raises(ValidationError, match=reason):
        CorpusParams.model_validate(wrong)
