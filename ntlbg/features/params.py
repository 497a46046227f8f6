"""`features` in a tier of params.yaml."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import PositiveInt

from ntlbg.section import Section

Dtype: TypeAlias = Literal["float32", "float16", "bfloat16"]
AUTO: Literal["auto"] = "auto"
BATCH = 32
Batch: TypeAlias = PositiveInt | Literal["auto"]


class FeaturesParams(Section):
    """How candidate frames become features. Nothing is smoothed here: selectors do that, each in its own way."""

    batch: Batch = BATCH  # frames given to the encoder at once; `auto`: as many as free memory holds
    dtype: Dtype = "float32"  # the encoder computes in; files hold float32
