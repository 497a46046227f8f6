"""Evaluate one benchmark: every arm answers every test question; then, and only then, evidence is opened."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ntlbg.evaluation.answering import Answering
from ntlbg.evaluation.arms import ORACLE, Arm, arms_of, selector_of
from ntlbg.evaluation.evidence import read_evidence
from ntlbg.evaluation.params import EvaluationParams
from ntlbg.evaluation.picking import Videos, selected_rows
from ntlbg.evaluation.questions import read_questions
from ntlbg.evaluation.rows import table
from ntlbg.evaluation.scoring import add_recall, oracle_rows
from ntlbg.progress import meter
from ntlbg.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from ntlbg.features.encoders import Encoder
    from ntlbg.modeling.answerer import Answerer
    from ntlbg.selection.params import SelectionParams


def evaluate(
    benchmark: str,
    *,
    accepted: Path,
    frames: Path,
    features: Path,
    encoder: Path,
    answerer: Path,
    evidence: Path | None,
    selection: SelectionParams,
    params: EvaluationParams,
    seed: int,
    store: Store,
) -> pd.DataFrame:
    """The rows of one benchmark's test questions: every selector at every k, `blind`, and the oracle at every k.

    accepted: folder of the accepted tables. frames, features: folders of stages `decode` and `features`.
    encoder, answerer: checkpoint folders. evidence: the evidence table, or None to go without (the oracle then has
    nothing to show, and no row has an evidence recall; all else is the same).
    Returns rows as `rows.SCHEMA`, arm by arm, questions in the table's order.
    Raises InputError when a table cannot be read, a selector or setting is unknown, or a checkpoint is unsound.
    """
    import pandas as pd

    from ntlbg.modeling.checkpoint import locate
    from ntlbg.questions import protocols
    from ntlbg.video.source import FrameSource

    questions = read_questions(accepted, benchmark)
    arms = arms_of(selection.selectors, selection.k, params.presentation)
    oracles = [Arm(ORACLE, int(k), params.presentation) for k in selection.k]
    selectors = {
        name: selector_of(name, selection.settings.get(name), seed) for name in dict.fromkeys(selection.selectors)
    }
    videos = Videos.read(frames, features)
    identity = locate(answerer).identity()

    @cache
    def load_answerer() -> Answerer:
        from ntlbg.modeling.answerer import Answerer

        return Answerer.load(
            answerer,
            device=params.device,
            dtype=params.dtype,
            timestamps=params.timestamps,
            batch=params.batch,
        )

    @cache
    def load_text_encoder() -> Encoder:
        from ntlbg.features.encoders import load_encoder

        return load_encoder(encoder, device=params.device)

    answering = Answering(
        answerer=load_answerer,
        identity=lambda: identity,
        frames=FrameSource(frames, pd.read_parquet(accepted / "videos.parquet")),
        sources=videos.sources,
        protocol=protocols.get("open" if params.protocol == "open" else benchmark),
        params=params,
        store=store,
    )
    total = len(questions) * (len(arms) + len(oracles))
    with meter(f"evaluate {benchmark}", total=total, unit="answers") as progress:
        rows = selected_rows(
            questions,
            arms,
            selectors=selectors,
            videos=videos,
            encoder=load_text_encoder,
            answering=answering,
            meter=progress,
        )
        known = read_evidence(evidence) if evidence is not None else None
        rows += oracle_rows(questions, oracles, known, videos=videos, answering=answering, meter=progress)
    add_recall(rows, known)
    arm_place = {arm.name: place for place, arm in enumerate([*arms, *oracles])}
    question_place = {question.question_id: place for place, question in enumerate(questions)}
    rows.sort(key=lambda row: (arm_place[row.arm], question_place[row.question_id]))
    return table(rows)
