"""The command's page."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.decoding import PAGE, machine, parser, written
from ntlbg.errors import InputError


def test_a_table_replaces_only_what_is_between_its_marks() -> None:
    """What people wrote around it stays."""
    page = "a\n<!-- speed -->\nold\n<!-- /speed -->\nb\n"
    assert written(page, "speed", "new") == "a\n<!-- speed -->\nnew\n<!-- /speed -->\nb\n"
    with pytest.raises(InputError, match="no place for the table `memory`"):
        written(page, "memory", "new")


def test_the_page_has_a_place_for_every_table() -> None:
    """--write of any command finds it."""
    page = Path(__file__).parents[2].joinpath(PAGE).read_text()
    for what in ("accuracy", "speed", "memory", "binding"):
        assert written(page, what, "x") != page
        assert parser().parse_args([what, "--write"]).write


def test_the_machine_is_told_by_kind() -> None:
    """Cores and processor, no name."""
    import platform

    assert "cores" in machine()
    assert not platform.node() or platform.node() not in machine()
