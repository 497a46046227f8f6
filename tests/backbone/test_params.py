"""`backbone` in params.yaml."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.backbone.params import BackboneParams


def test_the_default_is_what_is_shipped():
    """With nothing said, both models come with the package."""
    assert BackboneParams().encoder.source == BackboneParams().answerer.source == "shipped"


@pytest.mark.parametrize(
    "wrong",
    [{"width": 100}, {"revision": "main"}, {"steps": 0}, {"learning_rate": -1.0}, {"colour": "red"}],
)
def test_a_wrong_value_is_refused(wrong):
    """Widths that heads do not divide, moving revisions, and unknown keys."""
    with pytest.raises(ValidationError):
        BackboneParams.model_validate({"answerer": wrong})
