"""A benchmark as a command."""

from __future__ import annotations

import pytest

from benchmarks.command import command
from ntlbg.errors import InputError


def test_an_error_is_its_sentence_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback; the hint on a line of its own; without an error the code is main's."""

    def fails() -> int:
        raise InputError("x.mp4: no such file", hint="look for it")

    with pytest.raises(SystemExit) as ended:
        command(fails)
    assert ended.value.code == InputError("").exit_code
    assert capsys.readouterr().err == "error: x.mp4: no such file\nhint: look for it\n"
    with pytest.raises(SystemExit) as ended:
        command(lambda: 0)
    assert ended.value.code == 0
