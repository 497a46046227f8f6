"""Picking frames, without evidence in reach."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.evaluation import answering, picking
from ntlbg.evaluation.picking import Videos, by_video
from ntlbg.evaluation.questions import read_questions
from tests.evaluation.small_world import World


def test_no_function_that_picks_or_answers_can_receive_evidence() -> None:
    """Neither name nor module of evidence occurs in the code that picks and answers."""
    for module in (picking, answering):
        names = [line for line in inspect.getsource(module).splitlines() if "evidence" in line.lower()]
        assert all('"""' in line or "without evidence" in line for line in names), names
        assert not any("evidence" in str(value) for value in vars(module) if not value.startswith("__"))


def test_an_unreadable_relevance_is_an_error_row(run: Callable[..., pd.DataFrame], world: World) -> None:
    """A question that cannot be encoded costs one row per arm that looks, and says why."""
    table = world.questions.copy()
    table.loc[0, "text"] = "  "
    table.to_parquet(world.root / "accepted" / "questions.parquet")
    rows = run(evidence=None)
    own = rows[(rows["question_id"] == table.loc[0, "question_id"]) & ~rows["selector"].isin(["blind", "oracle"])]
    assert own["error"].str.startswith("relevance: ").all()
    assert len(own) == 5


def test_an_encoder_that_does_not_load_ends_the_evaluation(
    run: Callable[..., pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no error of a single question, so no table of wrong answers is made of it."""

    def broken(*_: object, **__: object) -> None:
        raise InputError("the encoder cannot be loaded")

    monkeypatch.setattr("ntlbg.features.encoders.load_encoder", broken)
    with pytest.raises(InputError, match="the encoder cannot be loaded"):
        run()


def test_selections_are_kept_in_the_row(run: Callable[..., pd.DataFrame]) -> None:
    """Indices, times, masses and their hash belong together."""
    rows = run()
    chosen = rows[(rows["error"] == "") & (rows["selector"] == "ntlbg")]
    assert all(len(i) == len(t) == len(m) == 4 for i, t, m in chosen[["indices", "timestamps_s", "masses"]].to_numpy())
    assert (chosen["sha256"].str.len() == 64).all()


def test_a_video_that_nobody_decoded_says_so(world: World) -> None:
    """No outcome, no features."""
    videos = Videos.read(world.paths["frames"], world.paths["features"])
    with pytest.raises(InputError, match="it was not decoded"):
        videos.load("elsewhere")
    with pytest.raises(InputError, match="corrupt"):
        videos.load("mlvu_2")


def test_questions_are_grouped_by_video_in_order(world: World) -> None:
    """One video after the other, so that each is loaded once."""
    groups = by_video(read_questions(world.paths["accepted"], "mlvu"))
    assert list(groups) == ["mlvu_0", "mlvu_1", "mlvu_2", "mlvu_3"]
    assert sum(map(len, groups.values())) == 24
