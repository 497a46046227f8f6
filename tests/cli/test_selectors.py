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


def test_ours_come_first_and_folders_stand_together(capsys: pytest.CaptureFixture[str]) -> None:
    """ntlbg, then its ablations, baselines and the rest; a heading says what each group is."""
    lines = printed(capsys, "selectors").splitlines()
    names = [name for line in lines if (name := line.split("  ")[0]) in registry.classes()]
    rooms = [registry.classes()[name].__module__.rpartition(".")[0] for name in names]
    assert names[0] == "ntlbg"
    assert len([1 for i, room in enumerate(rooms) if i == 0 or rooms[i - 1] != room]) == len(set(rooms))
    place = {line.partition(":")[0]: n for n, line in enumerate(lines)}
    assert place["OURS"] < place["ABLATIONS"] < place["BASELINES"]
    assert place["ABLATIONS"] < lines.index("ntlbg_no_contrast") < place["BASELINES"]


def test_an_ablation_shows_what_it_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the parameters that differ from the rule it derives from."""
    lines = printed(capsys, "selectors").splitlines()
    assert "as ntlbg, with contrast=0.0" in lines[lines.index("ntlbg_no_contrast") + 2]
