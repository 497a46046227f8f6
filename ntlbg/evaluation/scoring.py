"""Where evidence is opened: the oracle's rows, and the evidence recall of everybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ntlbg.errors import NTLBGError
from ntlbg.evaluation.answering import Answering
from ntlbg.evaluation.arms import BLIND, Arm, oracle_picks
from ntlbg.evaluation.evidence import Items, items_of, recall
from ntlbg.evaluation.picking import Advance, Videos, answer_rows, by_video, new_row
from ntlbg.evaluation.rows import Row
from ntlbg.records.arrays import indices_sha256
from ntlbg.records.question import Question

NO_EVIDENCE = "no evidence"


def oracle_rows(
    questions: Sequence[Question],
    arms: Sequence[Arm],
    evidence: Mapping[str, Items] | None,
    *,
    videos: Videos,
    answering: Answering,
    advance: Advance,
) -> list[Row]:
    """One row per question and oracle arm.

    A question without evidence, or whose evidence no candidate frame shows, gives an error row that is neither right
    nor wrong: the oracle was not asked.
    """
    rows: list[Row] = []
    for video_id, group in by_video(questions).items():
        try:
            times, broken = videos.load(video_id).index.timestamps_s, ""
        except NTLBGError as error:
            times, broken = None, error.sentence
        for arm in arms:
            pairs = []
            for question in group:
                items = items_of(evidence, question.question_id)
                row = new_row(question, arm)
                if not items:
                    row.error = NO_EVIDENCE
                elif times is None:
                    row = new_row(question, arm, error=broken)
                else:
                    row.indices = oracle_picks(items, times, arm.k)
                    row.timestamps_s = [float(times[i]) for i in row.indices]
                    if row.indices:
                        row.sha256 = indices_sha256(np.asarray(row.indices))
                        row.masses = [1 / len(row.indices)] * len(row.indices)
                    else:
                        row.error = "no candidate frame shows the evidence"
                pairs.append((row, question))
            answer_rows(pairs, answering)
            rows += [row for row, _ in pairs]
            advance(len(pairs), f"{video_id} · {arm.name}")
    return rows


def add_recall(rows: Sequence[Row], evidence: Mapping[str, Items] | None) -> None:
    """Fill `evidence_recall`. A row that chose nothing misses all; `blind` does not look and has none."""
    for row in rows:
        if row.selector != BLIND:
            row.evidence_recall = recall(items_of(evidence, row.question_id), row.timestamps_s)
