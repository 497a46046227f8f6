"""Arms of the selection bench: what is registered, and named settings of it."""

from __future__ import annotations

import json

import pytest

from benchmarks.selecting import arms
from benchmarks.selecting.arms import OURS, Arm
from ntlbg.errors import InputError
from ntlbg.selection import registry


def test_every_registered_rule_is_an_arm():
    """A new rule is measured because its file exists."""
    found = arms.every()
    assert set(registry.classes()) <= set(found)
    assert next(iter(found)) == OURS
    for arm in found.values():
        assert arm.at(8).name == arm.rule


def test_what_does_not_exist_is_no_arm(monkeypatch):
    """Neither an unknown rule nor an unknown parameter."""
    monkeypatch.setattr(arms, "NAMED", {"a": ("nobody", {}), "b": ("topk_nms", {"x": 1}), "c": ("random", {"seed": 3})})
    found = arms.every()
    assert "c" in found
    assert not {"a", "b"} & set(found)
    with pytest.raises(InputError, match="no arm `a`"):
        arms.chosen(["c", "a"])


def test_tuned_settings_are_those_of_the_budget(tmp_path, monkeypatch):
    """At each k its own; an arm with a plus."""
    path = tmp_path / "tuned.json"
    path.write_text(json.dumps({"draw": 0, "settings": {"topk_nms": {"8": {"window_s": 7.0}}}}))
    monkeypatch.setattr(arms, "TUNED", path)
    arm = arms.every()["topk_nms+"]
    assert [arm.at(k).parameters["window_s"] for k in (8, 16)] == [7.0, 2.0]


def test_tuned_settings_meet_our_inputs():
    """Log-det and MDP3 also run with their tuned settings on the denoised inputs; nothing else differs from `+`."""
    found = arms.every()
    for rule in ("logdet", "mdp3"):
        plain, denoised = found[f"{rule}+"], found[f"{rule}+:denoised"]
        assert denoised.is_denoised
        assert not plain.is_denoised
        assert denoised.code() != plain.code()
        for k in (8, 16, 32, 64):
            assert denoised.at(k).parameters == plain.at(k).parameters | {"denoised": True}
    assert "topk_nms+:denoised" not in found


def test_variants_of_ours_are_told_from_rivals():
    """By the folder that a rule lies in; a rival on our inputs is neither."""
    found = arms.every()
    assert found[OURS].is_ours
    assert not found["uniform"].is_ours
    assert [arm.name for arm in found.values() if arm.is_ours and arm.is_denoised] == []
    assert found["logdet:denoised"].is_denoised
    assert not found["logdet"].is_denoised


def test_the_code_of_an_arm_is_its_settings_and_what_its_rule_imports():
    """A changed setting is another arm; a changed module of the statistics reaches the rules that use it."""
    assert Arm("a", "topk_nms").code() != Arm("a", "topk_nms", {"window_s": 3.0}).code()
    assert Arm("a", "topk_nms").code() == Arm("b", "topk_nms").code()
    reached = arms.imported(registry.classes()[OURS].__module__)
    assert {"ntlbg.selection.tilted", "ntlbg.statistics.points", "ntlbg.records.arrays"} <= set(reached)
    assert "ntlbg.statistics.points" not in arms.imported(registry.classes()["topk_nms"].__module__)
