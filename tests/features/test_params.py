"""The section `features` of params.yaml."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.features.params import FeaturesParams


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"batch": "all"}, {"dtype": "int8"}, {"smoothing_s": 0.7}])
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    """No empty batches, no unknown dtypes, and no smoothing: that belongs to the selectors."""
    with pytest.raises(ValidationError):
        FeaturesParams.model_validate(wrong)
