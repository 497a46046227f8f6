"""The whole of an evaluation, on a small world."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.evaluation.evaluate import evaluate
from ntlbg.evaluation.params import EvaluationParams
from ntlbg.evaluation.rows import SCHEMA, to_bytes
from ntlbg.selection.params import SelectionParams
from ntlbg.store import Store
from tests.evaluation.small_world import Reader, TextOnly, World

Run = Callable[..., pd.DataFrame]
SHOWN = ["question_id", "arm", "indices", "sha256", "raw", "parsed", "error"]


def without_oracle(rows: pd.DataFrame) -> list[tuple]:
    part = rows[rows["selector"] != "oracle"][SHOWN]
    return [tuple(map(str, row)) for row in part.itertuples(index=False)]


def test_every_arm_has_a_row_for_every_question(run: Run, world: World) -> None:
    """Error rows + answers = questions, in every arm, and the columns are the contract's."""
    rows = run()
    assert list(rows.columns) == SCHEMA.names
    names = list(dict.fromkeys(rows["arm"]))
    assert names == ["uniform-4", "random-4", "topk_nms-4", "kmedoids-4", "ntlbg-4", "blind", "oracle-4"]
    for _, part in rows.groupby("arm"):
        assert list(part["question_id"]) == list(world.questions["question_id"])
        answered, errors = part["parsed"] != "", part["error"] != ""
        assert (answered ^ errors).all()


def test_a_video_without_frames_is_wrong_for_all_but_blind(run: Run) -> None:
    """What cannot be decoded is an error row that names the outcome: wrong, a miss, never a guess."""
    rows = run()
    broken = rows[rows["video_id"] == "mlvu_2"]
    seeing = broken[broken["selector"] != "blind"]
    assert (seeing["error"] == "video: corrupt (no packet decodes)").all()
    assert not seeing["correct"].astype(bool).any()
    assert (seeing["evidence_recall"] == 0).all()
    assert (seeing["parsed"] == "").all()
    blind = broken[broken["selector"] == "blind"]
    assert (blind["error"] == "").all()
    assert (blind["parsed"] != "").all()


def test_a_damaged_feature_file_is_an_error_row(run: Run, world: World) -> None:
    """One unreadable feature file costs the questions of its video and no others."""
    (world.root / "features" / "mlvu_1.safetensors").write_bytes(b"not a feature file")
    rows = run()
    part = rows[(rows["video_id"] == "mlvu_1") & (rows["selector"] == "ntlbg")]
    assert part["error"].str.contains("mlvu_1.safetensors").all()
    assert (rows[(rows["video_id"] == "mlvu_0")]["error"] == "").all()


def test_pixels_that_cannot_be_read_are_an_error_row(run: Run) -> None:
    """The frames' size is not stored and there is no video file: an error, never a black frame."""
    rows = run(params=EvaluationParams(size=(64, 96)))
    seeing = rows[(rows["selector"] != "blind") & (rows["video_id"] != "mlvu_2")]
    assert (seeing["error"] != "").all()
    assert not seeing["correct"].astype(bool).any()
    assert (seeing["sha256"] != "").all()


def test_without_evidence_picks_and_answers_are_the_same(run: Run, tmp_path: Path) -> None:
    """Evidence is opened by scoring and the oracle only."""
    with_evidence = run()
    without = run(evidence=None, store=Store(tmp_path / "other"))
    assert without_oracle(with_evidence) == without_oracle(without)
    assert without["evidence_recall"].isna().all()
    oracle = without[without["selector"] == "oracle"]
    assert "mlvu_2" in set(oracle["video_id"])  # broken, and yet not a wrong answer of an oracle that was never asked
    assert (oracle["error"] == "no evidence").all()
    assert oracle["correct"].isna().all()


def test_the_oracle_sees_the_evidence(run: Run) -> None:
    """Its evidence recall is 1 and this answerer, shown the evidence, is right."""
    rows = run()
    oracle = rows[(rows["selector"] == "oracle") & (rows["video_id"] != "mlvu_2")]
    assert (oracle["evidence_recall"] == 1).all()
    assert oracle["correct"].astype(bool).all()
    assert all(len(indices) == 4 for indices in oracle["indices"])


def test_blind_sees_no_frame(run: Run, reader: Reader) -> None:
    """Blind requests carry no pixels, and its recall is unknown rather than 0."""
    rows = run()
    blind = rows[rows["selector"] == "blind"]
    assert all(len(i) == 0 for i in blind["indices"])
    assert blind["evidence_recall"].isna().all()
    assert sum(len(r.frames) == 0 for r in reader.requests) == len(blind)


def test_all_arms_get_the_same_prompt(run: Run) -> None:
    """One prompt per question, whatever the arm."""
    rows = run()
    asked = rows[rows["prompt_sha256"] != ""]
    assert (asked.groupby("question_id")["prompt_sha256"].nunique() == 1).all()


def test_a_second_run_asks_nothing_and_gives_the_same_bytes(run: Run, reader: Reader) -> None:
    """All answers are in the store; rows are a function of the inputs."""
    first = to_bytes(run())
    asked = len(reader.requests)
    second = to_bytes(run())
    assert asked > 0
    assert len(reader.requests) == asked
    assert first == second


def test_a_killed_run_resumes_to_the_same_bytes(run: Run, reader: Reader, tmp_path: Path) -> None:
    """Answers given before the kill are kept; the rest is asked; the file is the one of an undisturbed run."""
    whole = to_bytes(run(store=Store(tmp_path / "undisturbed")))
    total = len(reader.requests)
    reader.requests.clear()
    score = reader.score_options

    def dies(requests: list) -> list:
        if len(reader.requests) >= 20:
            raise KeyboardInterrupt
        return score(requests)

    reader.score_options = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        run()
    before = len(reader.requests)
    reader.score_options = score  # type: ignore[method-assign]
    assert to_bytes(run()) == whole
    assert before >= 20
    assert len(reader.requests) == total


def test_one_more_arm_asks_only_its_own_questions(run: Run, reader: Reader) -> None:
    """A rival costs the answers over its own picks."""
    run(selection=SelectionParams(k=[4], selectors=["uniform", "ntlbg"]))
    before = len(reader.requests)
    rows = run(selection=SelectionParams(k=[4], selectors=["uniform", "topk_nms", "ntlbg"]))
    new = rows[(rows["selector"] == "topk_nms") & (rows["error"] == "")]
    assert 0 < len(reader.requests) - before <= len(new)


def test_equal_picks_are_answered_once(run: Run, reader: Reader) -> None:
    """With as many frames as candidates every selector picks all of them: one answer serves all arms."""
    rows = run(selection=SelectionParams(k=[40], selectors=["uniform", "random", "ntlbg"]))
    seeing = [r for r in reader.requests if len(r.frames)]
    assert len(seeing) == 18
    same = rows[(rows["error"] == "") & (rows["selector"] != "blind")]
    assert (same.groupby("question_id")["raw"].nunique() == 1).all()


@pytest.mark.parametrize(
    "changed",
    [
        {"batch": 4, "timestamps": True},
        {"batch": 4, "dtype": "bfloat16"},
        {"batch": 4, "protocol": "official"},
        {"batch": 4, "scoring": "generate", "protocol": "official"},
    ],
    ids=["timestamps", "dtype", "protocol", "scoring"],
)
def test_whatever_can_change_an_answer_is_in_its_key(run: Run, reader: Reader, changed: dict) -> None:
    """Another dtype, protocol, scoring or clock asks again."""
    run()
    before = len(reader.requests)
    run(params=EvaluationParams(size=(32, 48), **changed))
    assert len(reader.requests) == 2 * before


def test_another_answerer_or_another_file_asks_again(run: Run, reader: Reader, world: World) -> None:
    """Weights and the video's own bytes are in the key; the place of the checkpoint is not."""
    run()
    before = len(reader.requests)
    (world.root / "answerer" / "model.safetensors").write_bytes(b"other weights")
    run()
    assert len(reader.requests) == 2 * before


def test_a_corrected_answer_asks_nothing(run: Run, reader: Reader, world: World) -> None:
    """The right answer is not part of a request: correcting one re-scores and asks nothing."""
    first = run()
    before = len(reader.requests)
    table = world.questions.copy()
    table.loc[0, "answer"] = (table.loc[0, "answer"] + 1) % 4
    table.to_parquet(world.root / "accepted" / "questions.parquet")
    second = run()
    assert len(reader.requests) == before
    own = first["question_id"] == table.loc[0, "question_id"]
    oracle = own & (first["selector"] == "oracle")
    assert bool(first[oracle]["correct"].iloc[0])
    assert not bool(second[oracle]["correct"].iloc[0])
    assert list(first["raw"]) == list(second["raw"])


def test_the_benchmark_must_have_questions(run: Run, world: World) -> None:
    """An empty benchmark is a sentence, not an empty table."""
    world.questions[:0].to_parquet(world.root / "accepted" / "questions.parquet")
    with pytest.raises(InputError, match="no test question of `mlvu`"):
        run()


def test_only_test_questions_are_asked(run: Run, world: World) -> None:
    """Training and validation questions never enter a comparison."""
    table = world.questions.copy()
    table.loc[:5, "split"] = "val"
    table.to_parquet(world.root / "accepted" / "questions.parquet")
    assert run()["question_id"].nunique() == len(table) - 6


def test_hidden_answers_are_neither_right_nor_wrong(run: Run, world: World) -> None:
    """A question whose answer is hidden gets an answer and no mark."""
    table = world.questions.copy()
    table.loc[0, "answer"] = -1
    table.to_parquet(world.root / "accepted" / "questions.parquet")
    rows = run()
    own = rows[rows["question_id"] == table.loc[0, "question_id"]]
    assert own["correct"].isna().all()
    assert (own["parsed"] != "").all()


def test_nothing_is_left_half_written(run: Run, store: Store) -> None:
    """The store holds whole entries only."""
    run()
    assert not any((store.root / ".partial").iterdir())
    assert all("entry.json" in files for _, dirs, files in os.walk(store.root / "answers") if not dirs)


def test_shared_among_processes_it_is_the_same_evaluation(
    run: Run, reader: Reader, world: World, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three parts give the bytes of one, also of a model whose numbers depend on what else it is asked in a batch, and
    where a question stands twice. Each video is in one part with all its questions.
    """
    table = world.questions.copy()
    of = {video: rows.index for video, rows in table.groupby("video_id")}
    for column in ("text", "options", "answer"):
        table[column] = table[column].astype(object)
        table.at[of["mlvu_1"][0], column] = table.at[of["mlvu_0"][0], column]
    table["answer"] = table["answer"].astype("int64")
    table.to_parquet(world.root / "accepted" / "questions.parquet")
    score = reader.score_options

    def uneasy(requests: list[Any]) -> list[list[float]]:
        return [[value - len(requests) / 1000 for value in values] for values in score(requests)]

    reader.score_options = uneasy  # type: ignore[method-assign]
    alone = run()
    parts: list[list[str]] = []

    def one_after_another(work: Any, jobs: list[Any], *, at_once: int, told: Any) -> list[Any]:
        parts.extend([question.video_id for question in questions] for _, questions in jobs)
        assert at_once == len(jobs)
        return [work(pickle.loads(pickle.dumps(job)), lambda message: told(0, message)) for job in jobs]

    module = sys.modules[evaluate.__module__]
    monkeypatch.setattr(module, "VIDEOS", 1)
    monkeypatch.setattr(module, "processes_for", lambda device, checkpoint: 3)
    monkeypatch.setattr(module, "encoding_processes", lambda device, checkpoint: 3)
    monkeypatch.setattr(module, "side_by_side", one_after_another)
    for kept in (store, Store(tmp_path / "other")):
        parts.clear()
        assert to_bytes(run(store=kept)) == to_bytes(alone)
        assert [sorted(set(part)) for part in parts] == [["mlvu_0", "mlvu_3"], ["mlvu_1"], ["mlvu_2"]]


def test_the_encoder_computes_as_the_features_did(
    run: Callable[..., pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dtype of stage `features` reaches the encoder of texts, which may also see frames again."""
    told: list[dict[str, object]] = []
    monkeypatch.setattr("ntlbg.features.encoders.load_encoder", lambda *a, **k: told.append(k) or TextOnly())
    run(dtype="bfloat16")
    assert {k["dtype"] for k in told} == {"bfloat16"}
