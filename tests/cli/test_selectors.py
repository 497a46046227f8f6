"""`ntlbg selectors`."""

from __future__ import annotations

import json

import pytest

from ntlbg.cli.main import run
from ntlbg.selection import registry


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        run(list(arguments))
    assert not ended.value.code
    return capsys.readouterr().out


def test_every_selector_is_listed_with_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON list is the registry: name, parameters, source, deterministic."""
    rows = json.loads(printed(capsys, "selectors", "--json"))
    assert [row["name"] for row in rows] == list(registry.classes())
    assert {"uniform", "random", "topk_nms", "kmedoids", "ntlbg"} <= {row["name"] for row in rows}
    for row in rows:
        assert set(row) == {"name", "parameters", "source", "deterministic"}
        made = registry.make(row["name"]).parameters
        assert row["parameters"] == json.loads(json.dumps(made))


def test_the_list_for_people_names_them_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Each name stands at the start of a line, and what depends on a seed is marked."""
    lines = printed(capsys, "selectors").splitlines()
    for name, cls in registry.classes().items():
        (line,) = [x for x in lines if x.split("  ")[0] == name]
        assert ("seed" in line) != cls.deterministic
