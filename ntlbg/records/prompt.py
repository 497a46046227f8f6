"""Prompt: what a language model is asked, without the frames."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Prompt:
    """system: instruction or "". user: text after the frames. prefill: how the answer already begins, or ""."""

    user: str
    system: str = ""
    prefill: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, ensure_ascii=False).encode()).hexdigest()
