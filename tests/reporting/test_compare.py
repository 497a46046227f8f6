"""The comparison as a whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.reporting.compare import compare, rounded
from ntlbg.reporting.params import ReportingParams
from tests.evaluation.small_world import World

PARAMS = ReportingParams(examples=8, thumbnail_width=48, bootstrap=200, permutations=500)


def run(world: World, evaluations: dict[str, pd.DataFrame], into: Path) -> dict[str, Any]:
    return compare(evaluations, tier="smoke", seed=7, **world.paths, params=PARAMS, into=into)


def test_the_json_is_the_contracts(world: World, evaluations: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Keys as others read them; what is returned is what is written; answered + errors = questions in every arm."""
    made = run(world, evaluations, tmp_path / "reports")
    assert made == json.loads((tmp_path / "reports" / "comparison.json").read_text())
    assert list(made) == ["schema", "tier", "seed", "benchmarks", "pooled"]
    for figures in made["benchmarks"].values():
        assert list(figures) == ["questions", "videos", "chance", "relevance_auc", "arms", "paired"]
        assert figures["chance"] == 0.25
        assert figures["relevance_auc"] > 0.8
        assert {a["selector"] for a in figures["arms"]} >= {"uniform", "random", "topk_nms", "kmedoids", "ntlbg"}
        assert all(a["answered"] + a["errors"] == figures["questions"] == 18 for a in figures["arms"])
    assert list(made["pooled"]) == ["questions", "videos", "chance", "arms", "paired"]
    assert (made["pooled"]["questions"], made["pooled"]["videos"]) == (36, 6)


def test_the_same_rows_give_the_same_files(world: World, evaluations: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Two runs, three files, equal bytes: no date, no run id, no machine."""
    run(world, evaluations, tmp_path / "a")
    run(world, evaluations, tmp_path / "b")
    for name in ("comparison.json", "comparison.md", "comparison.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_page_loads_nothing_and_runs_nothing(
    world: World, evaluations: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    """A policy forbids all but inline pictures and style; no script, no handler, no address."""
    run(world, evaluations, tmp_path)
    html = (tmp_path / "comparison.html").read_text()
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert "<script" not in html
    assert not re.search(r"<[^>]+\son\w+=", html)
    assert not re.search(r"(src|href)=\"(?!data:)", html)
    assert "http://" not in html
    assert "https://" not in html
    assert "8 questions" in html


@pytest.mark.parametrize(
    "payload",
    [
        "<script>document.title='owned'</script>",
        "<img src=x onerror=document.title='owned'>",
        "{{ 7 * 7 }}",
        "</title><b>",
    ],
)
def test_hostile_text_stays_text(
    world: World, evaluations: dict[str, pd.DataFrame], tmp_path: Path, payload: str
) -> None:
    """Questions, options and errors of a user's file are escaped wherever they are shown."""
    path = world.paths["accepted"] / "questions.parquet"
    table = pd.read_parquet(path)
    table["text"] = payload + table["text"]
    table["options"] = [[payload + str(i) for i in range(4)] for _ in range(len(table))]
    table.to_parquet(path)
    for rows in evaluations.values():
        rows.loc[rows["error"] != "", "error"] = payload
    run(world, evaluations, tmp_path)
    html = (tmp_path / "comparison.html").read_text()
    if "<" in payload:
        assert payload not in html
        assert payload.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in html
    else:
        assert payload in html
    assert not re.search(r"<[^>]+\sonerror=", html)


def test_missing_evidence_is_an_error_and_writes_nothing(
    world: World, evaluations: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    """A comparison without its inputs leaves no half report."""
    (world.root / "evidence.parquet").unlink()
    with pytest.raises(InputError, match=r"evidence.parquet"):
        run(world, evaluations, tmp_path / "reports")
    assert not (tmp_path / "reports").exists()


def test_figures_are_rounded_to_what_can_be_known() -> None:
    """Six significant digits, also of small p values."""
    assert rounded({"a": [0.123456789, 1.23456789e-9], "b": 3, "c": None}) == {
        "a": [0.123457, 1.23457e-09],
        "b": 3,
        "c": None,
    }
