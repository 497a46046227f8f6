"""Reading params.yaml: typed and frozen, or one sentence per mistake."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from ntlbg.config.document import read_document
from ntlbg.config.explain import explain
from ntlbg.config.schema import Params
from ntlbg.errors import ParamsError


def load_params(path: str | Path = "params.yaml") -> Params:
    """The settings of all tiers, checked.

    Raises ParamsError: one sentence (line) per mistake, each naming the file, the line and the key path.
    """
    document = read_document(Path(path))
    try:
        # by way of JSON, strictly: lists become tuples, but a text never becomes a number
        return Params.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        sentences, hints = explain(error, document, Params)
        raise ParamsError("\n".join(sentences), hint="; ".join(hints) or None) from None
