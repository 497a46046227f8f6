"""The base of every section of params.yaml: typed, frozen, unknown keys refused.

A room keeps its section in its own `params.py`; `ntlbg.config` composes them and turns a mistake into one sentence.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Settings of one room. Values are what the YAML says: no coercion of text to numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, protected_namespaces=())
