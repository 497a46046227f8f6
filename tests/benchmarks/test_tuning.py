"""Tuning of rivals: on draw 0, for each k its own, published settings among them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from benchmarks.selecting import planted, tuning
from ntlbg.errors import InputError
from ntlbg.selection import registry


def test_every_grid_can_be_made_and_holds_the_published_setting():
    """A tuned rival is never worse on draw 0 than the published one for want of it."""
    for rule, values in tuning.GRIDS.items():
        published = registry.make(rule).parameters
        assert tuning.grid(rule)
        for name, options in values.items():
            assert published[name] in options or rule == "mdp3", (rule, name)
    with pytest.raises(InputError, match="no grid for `uniform`"):
        tuning.grid("uniform")


def test_each_budget_has_its_own_best(tmp_path, monkeypatch):
    """The best mean recall wins; ties go to the setting listed first; other rules stay in the file."""
    best = {(8, 5.0): 0.9, (16, 10.0): 0.9}
    draws = set()

    def measured(cells, arms, *, jobs):
        draws.update(cell.draw for cell in cells)
        facts = {"frames": 300, "level": 0.6, "auc": 0.5, "error_plain": 0.0, "error_tilted": 0.0, "evenness": 0.0}
        return pd.DataFrame(
            facts
            | {"video": kind, "kind": kind, "arm": arm.name, "k": k, "ms": 1.0, "failed": ""}
            | {"recall": best.get((k, arm.settings["window_s"]), 0.5)}
            for kind in ("single", "multi", "whole")
            for arm in arms
            for k in (8, 16, 32)
        )

    monkeypatch.setattr(planted, "measured", measured)
    path = tmp_path / "tuned.json"
    path.write_text(json.dumps({"draw": 0, "settings": {"gift": {"8": {"pool": 0}}}}))
    found = tuning.tune(["topk_nms"], path=path)
    assert [found["topk_nms"][k]["window_s"] for k in (8, 16, 32)] == [5.0, 10.0, 2.0]
    assert draws == {0}
    assert set(json.loads(path.read_text())["settings"]) == {"gift", "topk_nms"}
