"""Selectors pick frames, and the language model answers over them. No function here ever receives evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.errors import InputError, NTLBGError
from ntlbg.evaluation.answering import Answering, Ask, Context
from ntlbg.evaluation.arms import BLIND, Arm
from ntlbg.evaluation.rows import Row
from ntlbg.records.arrays import indices_sha256
from ntlbg.records.question import Question
from ntlbg.store import file_stem

if TYPE_CHECKING:
    from ntlbg.features.again import Again
    from ntlbg.features.encoders import Encoder
    from ntlbg.features.index import Features
    from ntlbg.records.query import Query
    from ntlbg.records.selection import Selection
    from ntlbg.selection.contract import Selector

Advance = Callable[[int, str], None]  # so many answers more, and what they were about


@dataclass(frozen=True)
class Videos:
    """What is known of each video without evidence: how decoding ended, and its features on disk."""

    outcomes: Mapping[str, Mapping[str, Any]]
    features: Path
    again: Again | None = None  # sees the frames anew, for a model whose encoder was trained on

    @classmethod
    def read(cls, frames: Path, features: Path) -> Videos:
        """frames: the folder with `outcomes.parquet`. features: the folder of feature files.

        Raises InputError when the outcomes cannot be read.
        """
        from ntlbg.video.outcomes import read_outcomes

        return cls(read_outcomes(frames), features)

    @property
    def sources(self) -> dict[str, str]:
        """video_id → blake3 of the file that its frames came from."""
        return {video: str(row["source_blake3"] or "") for video, row in self.outcomes.items()}

    def load(self, video_id: str) -> Features:
        """Features of a video that has frames.

        Raises InputError saying how decoding ended, or that the feature file is missing or unsound.
        """
        from ntlbg.features.index import load_features

        row = self.outcomes.get(video_id)
        if row is None:
            raise InputError("video: it was not decoded")
        if not row["frames"]:
            raise InputError(f"video: {row['outcome']}" + (f" ({row['detail']})" if row["detail"] else ""))
        if self.again is not None:
            return self.again.load(video_id)
        path = self.features / f"{file_stem(video_id)}.safetensors"
        if not path.is_file():
            raise InputError(f"features: {path.name} is missing")
        return load_features(path)


def by_video(questions: Sequence[Question]) -> dict[str, list[Question]]:
    """Questions of each video, videos in order of their first question."""
    found: dict[str, list[Question]] = {}
    for question in questions:
        found.setdefault(question.video_id, []).append(question)
    return found


def new_row(question: Question, arm: Arm, *, error: str = "") -> Row:
    """A row without selection or answer. An error row is wrong where the right answer is known."""
    return Row(
        question_id=question.question_id,
        video_id=question.video_id,
        arm=arm.name,
        selector=arm.selector,
        k=arm.k,
        presentation=arm.presentation,
        kind=question.kind or "",
        error=error,
        correct=False if error and question.answer is not None else None,
    )


def answer_rows(
    pairs: Sequence[tuple[Row, Question]], answering: Answering, contexts: Mapping[str, Context] | None = None
) -> None:
    """Fill answers into rows whose frames are chosen (none for `blind`). Error rows are left as they are.

    contexts: question_id → what a trained model is given besides; None where the answerer itself reads the frames.
    """
    from ntlbg.evaluation.questions import letter

    asked = [(row, question) for row, question in pairs if not row.error]
    asks = [
        Ask(
            question,
            tuple(row.indices),
            tuple(row.timestamps_s),
            None if contexts is None else contexts[question.question_id],
        )
        for row, question in asked
    ]
    for (row, question), reply in zip(asked, answering.answer(asks), strict=True):
        row.raw, row.parsed, row.error = reply.raw, reply.parsed, reply.error
        row.prompt_sha256 = reply.prompt_sha256
        if reply.kept is not None:
            _keep(row, reply.kept)
        if question.answer is not None:
            row.correct = not reply.error and reply.parsed == letter(question.answer)


def _keep(row: Row, kept: tuple[int, ...]) -> None:
    """Of the picks that a rule proposed, those that a trained model showed; what the rule said was of all of them."""
    time_of = dict(zip(row.indices, row.timestamps_s, strict=True))
    row.indices, row.timestamps_s = list(kept), [time_of[i] for i in kept]
    row.sha256 = indices_sha256(np.asarray(kept)) if kept else ""
    row.masses, row.explained, row.trust = [], None, None


@dataclass
class Picker:
    """What rules pick for each question, worked out once however many arms show the picks.

    selectors: by name. encoder: loads the text encoder when it is first needed.
    """

    selectors: Mapping[str, Selector]
    videos: Videos
    encoder: Callable[[], Encoder]
    _queries: dict[str, Query | str] = field(default_factory=dict, repr=False)
    _chosen: dict[tuple[str, str, int], Selection | str] = field(default_factory=dict, repr=False)

    def queries(self, group: Sequence[Question], features: Features) -> dict[str, Query | str]:
        """question_id → its Query, or the sentence of the error that kept it from being one."""
        from ntlbg.features.relevance import make_query

        text_encoder = self.encoder()  # one that does not load is no error of a question: it ends the evaluation
        for question in group:
            if question.question_id not in self._queries:
                try:
                    made: Query | str = make_query(question.text, features, text_encoder)
                except NTLBGError as error:
                    made = f"relevance: {error.sentence}"
                self._queries[question.question_id] = made
        return {question.question_id: self._queries[question.question_id] for question in group}

    def choose(self, selector: str, question: Question, features: Features, query: Query, k: int) -> Selection | str:
        """The picks, or the sentence of the error that kept the rule from picking."""
        place = (selector, question.question_id, k)
        if place not in self._chosen:
            try:
                self._chosen[place] = self.selectors[selector].select(features.index, query, k)
            except NTLBGError as error:
                self._chosen[place] = f"selection: {error.sentence}"
        return self._chosen[place]


def selected_rows(
    questions: Sequence[Question],
    arms: Sequence[Arm],
    *,
    picker: Picker,
    answering: Answering,
    advance: Advance,
    proposed: Callable[[int], int] | None = None,
) -> list[Row]:
    """Rows of all arms but the oracle: error rows + answers = questions × arms.

    answering: of the answerer itself, or of the trained model that all of these arms ask; proposed: how many picks a
    video of so many candidate frames is given for it, of which it keeps k at most.
    """
    rows: list[Row] = []
    for video_id, group in by_video(questions).items():
        try:
            features, broken = picker.videos.load(video_id), ""
        except NTLBGError as error:
            features, broken = None, error.sentence
        queries = picker.queries(group, features) if features is not None else {}
        contexts = _contexts(features, queries)
        for arm in arms:
            pairs = []
            for question in group:
                if arm.selector == BLIND:
                    row = new_row(question, arm)
                elif features is None:
                    row = new_row(question, arm, error=broken)
                else:
                    k = arm.k if proposed is None else proposed(len(features.index))
                    row = _picked_row(question, arm, picker, features, queries[question.question_id], k)
                pairs.append((row, question))
            answer_rows(pairs, answering, contexts if answering.shown is not None else None)
            rows += [row for row, _ in pairs]
            advance(len(pairs), f"{video_id} · {arm.name}")
    return rows


def _contexts(features: Features | None, queries: Mapping[str, Query | str]) -> dict[str, Context]:
    """question_id → its Context, for the questions that have a query."""
    if features is None:
        return {}
    return {name: Context(features.index, query) for name, query in queries.items() if not isinstance(query, str)}


def _picked_row(question: Question, arm: Arm, picker: Picker, features: Features, query: Query | str, k: int) -> Row:
    if isinstance(query, str):
        return new_row(question, arm, error=query)
    chosen = picker.choose(arm.selector, question, features, query, k)
    if isinstance(chosen, str):
        return new_row(question, arm, error=chosen)
    row = new_row(question, arm)
    row.indices = [int(i) for i in chosen.indices]
    row.timestamps_s = [float(t) for t in chosen.timestamps_s]
    row.sha256 = indices_sha256(chosen.indices)
    row.masses = [float(m) for m in chosen.masses]
    row.explained, row.trust = chosen.explained, chosen.trust
    return row
