"""The base of every section of params.yaml."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.section import Section


class Sample(Section):
    """A section of two settings."""

    fps: float = 1.0
    names: tuple[str, ...] = ()


def test_a_section_cannot_be_changed():
    """Settings that were read are the settings of the whole run."""
    with pytest.raises(ValidationError, match="frozen"):
        Sample().fps = 2.0


def test_an_unknown_key_is_refused():
    """A misspelt setting is a mistake, not a setting that nobody reads."""
    with pytest.raises(ValidationError, match="fsp"):
        Sample.model_validate({"fsp": 2.0})


def test_a_wrong_type_is_refused():
    """Words are no numbers."""
    with pytest.raises(ValidationError, match="fps"):
        Sample.model_validate({"fps": "fast"})
