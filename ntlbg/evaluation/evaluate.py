"""Evaluate one benchmark: every arm answers every test question; then, and only then, evidence is opened.

Models of billions of parameters do not lie in memory side by side: the arms of the answerer itself come first, then
those of each trained model in turn, and what one has loaded is let go before the next one loads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from ntlbg.evaluation.answering import Answering
from ntlbg.evaluation.arms import ORACLE, Arm, arms_of, selector_of, trained_arms
from ntlbg.evaluation.evidence import read_evidence
from ntlbg.evaluation.params import EvaluationParams
from ntlbg.evaluation.picking import Videos, selected_rows
from ntlbg.evaluation.presented import Models
from ntlbg.evaluation.questions import read_questions
from ntlbg.evaluation.rows import table
from ntlbg.evaluation.scoring import add_recall, oracle_rows
from ntlbg.progress import meter
from ntlbg.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from ntlbg.features.encoders import Encoder
    from ntlbg.modeling.answerer import Answerer
    from ntlbg.modeling.params import ModelingParams
    from ntlbg.modeling.rich_answerer import RichAnswerer
    from ntlbg.selection.params import SelectionParams

Model = TypeVar("Model")


class Loaded(Generic[Model]):
    """A model that is loaded when it is first asked for, and can be let go."""

    def __init__(self, load: Callable[[], Model]) -> None:
        self._load = load
        self._model: list[Model] = []

    def __call__(self) -> Model:
        if not self._model:
            self._model.append(self._load())
        return self._model[0]

    def let_go(self) -> None:
        self._model.clear()


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
    models: Path | None = None,
    modeling: ModelingParams | None = None,
) -> pd.DataFrame:
    """The rows of one benchmark's test questions: every selector at every k, `blind`, the arms of trained models, and
    the oracle at every k.

    accepted: folder of the accepted tables. frames, features: folders of stages `decode` and `features`.
    encoder, answerer: checkpoint folders. evidence: the evidence table, or None to go without (the oracle then has
    nothing to show, and no row has an evidence recall; all else is the same). models: the folder with what each stage
    of training left; modeling: sizes of what is trained. Both serve only the arms of `params.presentations`.
    Returns rows as `rows.SCHEMA`, arm by arm, questions in the table's order.
    Raises InputError when a table cannot be read, a selector or setting is unknown, a checkpoint is unsound, or a
    trained model that is asked for is not there.
    """
    import pandas as pd

    from ntlbg.features.again import Again
    from ntlbg.modeling.checkpoint import locate
    from ntlbg.questions import protocols
    from ntlbg.video.source import FrameSource

    questions = read_questions(accepted, benchmark)
    arms = arms_of(selection.selectors, selection.k, params.presentation)
    oracles = [Arm(ORACLE, int(k), params.presentation) for k in selection.k]
    trained = trained_arms(params.presentations)
    asked = dict.fromkeys([*selection.selectors, *(arm.selector for arm, _ in trained)])
    selectors = {name: selector_of(name, selection.settings.get(name), seed) for name in asked}
    videos = Videos.read(frames, features)
    identity = locate(answerer).identity()

    def open_answerer() -> Answerer:
        from ntlbg.modeling.answerer import Answerer

        return Answerer.load(
            answerer,
            device=params.device,
            dtype=params.dtype,
            timestamps=params.timestamps,
            batch=params.batch,
        )

    load_answerer = Loaded(open_answerer)

    @cache
    def load_text_encoder() -> Encoder:
        from ntlbg.features.encoders import load_encoder

        return load_encoder(encoder, device=params.device)

    shelf = Models(models, answerer, load_text_encoder, features, modeling, params, seed)
    for arm, one in trained:
        shelf.check(one, arm.selector)

    answering = Answering(
        answerer=load_answerer,
        identity=lambda: identity,
        frames=FrameSource(frames, pd.read_parquet(accepted / "videos.parquet")),
        sources=videos.sources,
        protocol=protocols.get("open" if params.protocol == "open" else benchmark),
        params=params,
        store=store,
    )
    total = len(questions) * (len(arms) + len(trained) + len(oracles))
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
        for arm, one in trained:
            load_answerer.let_go()
            told = shelf.identity(one, arm.selector)
            seeing = cache(partial(shelf.seeing, one, arm.selector))
            again = None if seeing() is load_text_encoder() else Again(frames, seeing(), store)
            load_trained: Loaded[RichAnswerer] = Loaded(partial(shelf.load, one, arm.selector))
            rows += selected_rows(
                questions,
                [arm],
                selectors=selectors,
                videos=replace(videos, again=again),
                encoder=seeing,
                answering=replace(
                    answering,
                    answerer=load_trained,
                    identity=partial(dict, told),
                    shown=shelf.shown(one),
                    _raw={},
                ),
                meter=progress,
                proposed=shelf.proposed(one),
            )
            load_trained.let_go()
        known = read_evidence(evidence) if evidence is not None else None
        rows += oracle_rows(questions, oracles, known, videos=videos, answering=answering, meter=progress)
    add_recall(rows, known)
    arm_place = {arm.name: place for place, arm in enumerate([*arms, *(arm for arm, _ in trained), *oracles])}
    question_place = {question.question_id: place for place, question in enumerate(questions)}
    rows.sort(key=lambda row: (arm_place[row.arm], question_place[row.question_id]))
    return table(rows)
