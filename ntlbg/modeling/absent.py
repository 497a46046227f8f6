"""What stands in the place of a trained model where none was trained: one sentence that says why.

Whoever is asked for such a model refuses with that sentence; nothing answers in its stead.
"""

from __future__ import annotations

import json
from pathlib import Path

from ntlbg.errors import InputError
from ntlbg.store import write_atomic

FILE = "not_trained.json"


def write_reason(folder: Path, sentence: str) -> None:
    """Say in `folder` why it holds no model."""
    write_atomic(folder / FILE, json.dumps({"reason": sentence}, ensure_ascii=False, indent=2) + "\n")


def read_reason(folder: Path) -> str | None:
    """Why a folder holds no model; None when it does not say so.

    Raises InputError when the file is there and cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["reason"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(f"{path}: does not say why nothing was trained", hint="run stage `train` again") from error
