"""`features` in a tier of params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from ntlbg.section import Section


class FeaturesParams(Section):
    """How candidate frames become features. Nothing is smoothed here: selectors do that, each in its own way."""

    batch: PositiveInt = 32  # frames given to the encoder at once
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"  # the encoder computes in; files hold float32
