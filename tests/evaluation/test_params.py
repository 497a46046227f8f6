"""The section `evaluation`."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.evaluation.params import EvaluationParams


def test_generation_needs_a_prompt_with_options() -> None:
    """The open prompt shows no options, so no letter could be read: refused before anything runs."""
    with pytest.raises(ValidationError, match="needs protocol `official`"):
        EvaluationParams(scoring="generate", protocol="open")
    assert EvaluationParams(scoring="generate", protocol="official").max_new_tokens == 16


def test_unknown_keys_are_refused() -> None:
    """A misspelt setting is no silent default."""
    with pytest.raises(ValidationError):
        EvaluationParams(bach=3)  # type: ignore[call-arg]
