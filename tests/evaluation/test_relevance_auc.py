"""AUC of relevance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ntlbg.evaluation.evidence import read_evidence
from ntlbg.evaluation.picking import Videos
from ntlbg.evaluation.questions import read_questions
from ntlbg.evaluation.relevance_auc import auc, relevance_auc
from tests.evaluation.small_world import TextOnly, make_world


def test_auc_is_that_of_scikit_learn(rng: np.random.Generator) -> None:
    """Ties count half."""
    from sklearn.metrics import roc_auc_score

    for _ in range(20):
        scores, marked = rng.integers(0, 6, size=30).astype(float), rng.random(30) < 0.3
        if marked.any() and not marked.all():
            assert auc(scores, marked) == pytest.approx(roc_auc_score(marked, scores))


def test_all_or_nothing_has_no_auc() -> None:
    """A question whose evidence is everywhere or nowhere says nothing."""
    assert auc(np.arange(3.0), np.ones(3, bool)) is None
    assert auc(np.arange(3.0), np.zeros(3, bool)) is None


def test_a_question_without_a_curve_is_left_out(tmp_path: Path) -> None:
    """A text that cannot be encoded has error rows already; the other questions keep their AUC."""
    world = make_world(tmp_path / "world", strength=2.0)
    questions = read_questions(world.paths["accepted"], "mlvu")
    found = relevance_auc(
        [replace(questions[0], text=" "), *questions[1:]],
        read_evidence(world.paths["evidence"]),
        videos=Videos.read(world.paths["frames"], world.paths["features"]),
        encoder=TextOnly(),
    )
    assert found is not None
    assert found > 0.9


def test_relevance_that_finds_evidence_has_a_high_auc(tmp_path: Path) -> None:
    """Strong relevance: near 1. None: near chance. A broken video has no curve and breaks nothing."""
    found = []
    for strength in (0.0, 2.0):
        world = make_world(tmp_path / str(strength), broken=("mlvu_1",), strength=strength, videos=6)
        found.append(
            relevance_auc(
                read_questions(world.paths["accepted"], "mlvu"),
                read_evidence(world.paths["evidence"]),
                videos=Videos.read(world.paths["frames"], world.paths["features"]),
                encoder=TextOnly(),
            )
        )
    assert found[0] == pytest.approx(0.5, abs=0.08)
    assert found[1] is not None
    assert found[1] > 0.95
