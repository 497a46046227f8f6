"""Kinds by category."""

from __future__ import annotations

from ntlbg.corpus.layouts import CATEGORIES, KINDS
from ntlbg.corpus.planted import plan_video
from ntlbg.questions import kinds, mlvu
from ntlbg.records.question import Kind


def test_a_planned_kind_survives_every_layout() -> None:
    """The category a form is written as leads back to the planned kind, in each benchmark."""
    for planned in plan_video(1, "test", "videomme", 0).questions:
        for name in ("longvideobench", "videomme", "mlvu"):
            assert KINDS[name][CATEGORIES[name][planned.form]] is planned.kind


def test_tables_name_only_categories_of_the_benchmarks() -> None:
    """17 of LongVideoBench, 12 task types of Video-MME at most, all nine dev tasks of MLVU."""
    assert len(kinds.LONGVIDEOBENCH) == 17
    assert len(kinds.VIDEOMME) == 9
    assert set(mlvu.TASKS) <= set(kinds.MLVU)
    assert {*kinds.LONGVIDEOBENCH.values(), *kinds.VIDEOMME.values(), *kinds.MLVU.values()} == set(Kind)
