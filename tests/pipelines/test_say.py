"""What a person reads when something went wrong."""

from __future__ import annotations

import pytest

from ntlbg.errors import InputError, ParamsError
from pipelines import say


def test_every_sentence_is_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Several mistakes in one file are several errors; the exit code is the error's."""
    assert say.failure(ParamsError("one is wrong\ntwo is missing", hint="mend both")) == 2
    assert capsys.readouterr().err.splitlines() == ["error: one is wrong", "error: two is missing", "hint: mend both"]


def test_a_refusal_of_the_system_names_who_met_it_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    """With the file where the system names one."""
    assert say.refusal(OSError(28, "No space left on device", "data/a"), "decode") == 1
    assert say.refusal(OSError("strange"), "decode") == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: decode: data/a: no space left on device",
        "error: decode: strange",
    ]


def test_no_name_drives_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names come from files that anybody may have written; letters of any language stay."""
    say.note("decode: größe 犬\x1b[2J\u202e")
    say.failure(InputError("a\x1b[31m", hint="b\x07"))
    said = capsys.readouterr().err
    assert "größe 犬" in said
    assert not {"\x1b", "\u202e", "\x07"} & set(said)
