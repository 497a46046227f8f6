"""The section `reporting`."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.reporting.params import ReportingParams


def test_defaults_show_ten_questions() -> None:
    """And a misspelt or senseless setting is refused."""
    assert ReportingParams().examples == 10
    for wrong in ({"examples": -1}, {"thumbnail_width": 5000}, {"exmples": 3}):
        with pytest.raises(ValidationError):
            ReportingParams(**wrong)  # type: ignore[arg-type]
