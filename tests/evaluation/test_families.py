"""Which arms are compared with which."""

from __future__ import annotations

import pandas as pd

from ntlbg.evaluation.arms import Arm
from ntlbg.evaluation.families import Family, families

FRAMES = [Arm("uniform", 8), Arm("topk_nms", 8), Arm("ntlbg", 8), Arm("blind", 0), Arm("oracle", 8)]
TRAINED = [
    *(Arm("ntlbg", 48, name) for name in ("rich:untrained", "rich:select", "rich:joint", "rich")),
    Arm("uniform", 48, "rich"),
    Arm("ntlbg", 28, "hybrid"),
]
TOKENS = {"uniform-8": 48, "ntlbg-8": 48, "ntlbg-48-rich": 48, "uniform-48-rich": 48, "ntlbg-28-hybrid": 48}


def rows(arms: list[Arm]) -> pd.DataFrame:
    told = [{"arm": a.name, "selector": a.selector, "k": a.k, "presentation": a.presentation} for a in arms]
    return pd.DataFrame(told)


def test_pairs_share_budget_and_leave_out_blind_and_oracle() -> None:
    """Everybody meets uniform at the same k; ntlbg meets every other selector."""
    arms = [*FRAMES, Arm("uniform", 2), Arm("topk_nms", 2), Arm("ntlbg", 2)]
    assert families(rows(arms)) == [
        Family("selectors", (("topk_nms-2", "uniform-2"), ("ntlbg-2", "uniform-2"))),
        Family("rivals", (("ntlbg-2", "topk_nms-2"),)),
        Family("selectors", (("topk_nms-8", "uniform-8"), ("ntlbg-8", "uniform-8"))),
        Family("rivals", (("ntlbg-8", "topk_nms-8"),)),
    ]


def test_trained_arms_ask_four_more_questions() -> None:
    """Picks against picks, stage against stage, against blind and untrained, and presentations at equal tokens."""
    found = families(rows([*FRAMES, *TRAINED]), TOKENS)
    named = {family.name: family.pairs for family in found if family.name not in ("selectors", "rivals")}
    assert Family("selectors", (("uniform-48-rich", "ntlbg-48-rich"),)) not in found
    assert Family("selectors", (("ntlbg-48-rich", "uniform-48-rich"),)) in found
    assert named["stages"] == (
        ("ntlbg-48-rich:select", "ntlbg-48-rich:untrained"),
        ("ntlbg-48-rich:joint", "ntlbg-48-rich:select"),
        ("ntlbg-48-rich", "ntlbg-48-rich:joint"),
    )
    assert named["gains"] == (
        ("ntlbg-48-rich", "blind"),
        ("ntlbg-48-rich", "ntlbg-48-rich:untrained"),
        ("uniform-48-rich", "blind"),
    )
    assert set(named["tokens"]) == {
        ("ntlbg-48-rich", "ntlbg-8"),
        ("ntlbg-28-hybrid", "ntlbg-8"),
        ("ntlbg-28-hybrid", "ntlbg-48-rich"),
        ("uniform-48-rich", "uniform-8"),
    }


def test_frames_are_compared_as_they_were_before_anything_was_trained() -> None:
    """More arms change no family of the frames, and so none of their corrected p values."""
    before = families(rows(FRAMES))
    assert [family for family in families(rows([*FRAMES, *TRAINED]), TOKENS) if family in before] == before


def test_unequal_or_unknown_tokens_are_no_fair_comparison() -> None:
    """A presentation that costs more, or whose cost nobody told, is set against no other."""
    dear = TOKENS | {"ntlbg-48-rich": 96}
    pairs = {p for f in families(rows([*FRAMES, *TRAINED]), dear) if f.name == "tokens" for p in f.pairs}
    assert pairs == {("ntlbg-28-hybrid", "ntlbg-8"), ("uniform-48-rich", "uniform-8")}
    assert all(family.name != "tokens" for family in families(rows([*FRAMES, *TRAINED])))


def test_a_stage_is_compared_with_the_one_before_only() -> None:
    """Without its predecessor a stage has nothing to be compared with: a longer step is another question."""
    arms = [Arm("ntlbg", 48, "rich:untrained"), Arm("ntlbg", 48, "rich:joint"), Arm("ntlbg", 32, "rich:select")]
    assert families(rows(arms)) == []


def test_presentations_of_one_model_ask_once_whether_the_picks_are_better() -> None:
    """Rich and hybrid against uniform's share Holm's correction; frames, and other models, have their own."""
    picks = ("uniform", "ntlbg")
    arms = [Arm(name, k, shown) for shown, k in (("rich", 48), ("hybrid", 28), ("rich:select", 48)) for name in picks]
    found = families(rows([*(Arm(name, 8) for name in picks), *arms]))
    asked = [set(family.pairs) for family in found if family.name == "selectors"]
    assert sorted(map(len, asked)) == [1, 1, 2]
    assert {("ntlbg-48-rich", "uniform-48-rich"), ("ntlbg-28-hybrid", "uniform-28-hybrid")} in asked
