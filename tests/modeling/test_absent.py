"""A folder that says why it holds no model."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntlbg.errors import InputError
from ntlbg.modeling.absent import FILE, read_reason, write_reason


def test_the_reason_is_read_as_it_was_written(tmp_path: Path) -> None:
    """And a folder that says nothing, or is not there, gives none."""
    assert read_reason(tmp_path) is None
    assert read_reason(tmp_path / "nowhere") is None
    write_reason(tmp_path, "no question “of” `train`")
    assert read_reason(tmp_path) == "no question “of” `train`"


@pytest.mark.parametrize("content", ["", "[]", "{}", "null"])
def test_a_damaged_reason_is_no_model_and_no_silence(tmp_path: Path, content: str) -> None:
    """It is named instead."""
    (tmp_path / FILE).write_text(content)
    with pytest.raises(InputError, match=r"not_trained\.json: does not say why"):
        read_reason(tmp_path)
