"""Evaluate one benchmark: every arm answers every test question; of a process's videos evidence is opened after that.

Models of billions of parameters do not lie in memory side by side: the arms of the answerer itself come first, then
those of each trained model in turn, and what one has loaded is let go before the next one loads. Tiny models on a CPU
compute on one thread each, so there the videos are shared among processes; a row does not depend on how many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from ntlbg.evaluation.answering import Answering
from ntlbg.evaluation.arms import ORACLE, Arm, arms_of, selector_of, trained_arms
from ntlbg.evaluation.evidence import read_evidence
from ntlbg.evaluation.params import EvaluationParams, Presented
from ntlbg.evaluation.picking import Advance, Picker, Videos, by_video, selected_rows
from ntlbg.evaluation.presented import Models
from ntlbg.evaluation.questions import read_questions
from ntlbg.evaluation.rows import Row, table
from ntlbg.evaluation.scoring import add_recall, oracle_rows
from ntlbg.features.extract import encoding_processes
from ntlbg.modeling.threads import processes_for
from ntlbg.processes import side_by_side
from ntlbg.progress import meter
from ntlbg.records.question import Question
from ntlbg.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from ntlbg.features.encoders import Encoder
    from ntlbg.features.params import Dtype
    from ntlbg.modeling.answerer import Answerer
    from ntlbg.modeling.params import ModelingParams
    from ntlbg.modeling.rich_answerer import RichAnswerer
    from ntlbg.modeling.visual import VisualTokens
    from ntlbg.selection.contract import Selector
    from ntlbg.selection.params import SelectionParams

VIDEOS = 8  # a process takes some seconds to begin: with fewer videos than this there is none more

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


@dataclass(frozen=True)
class Evaluation:
    """What one benchmark's questions are answered with; the fields are the arguments of `evaluate`."""

    benchmark: str
    accepted: Path
    frames: Path
    features: Path
    encoder: Path
    answerer: Path
    evidence: Path | None
    selection: SelectionParams
    params: EvaluationParams
    seed: int
    store: Store
    models: Path | None
    modeling: ModelingParams | None
    dtype: Dtype = "float32"

    def arms(self) -> tuple[list[Arm], list[tuple[Arm, Presented]], list[Arm]]:
        """(of the answerer itself, of trained models, of the oracle)."""
        selection, params = self.selection, self.params
        own = arms_of(selection.selectors, selection.k, params.presentation)
        return own, trained_arms(params.presentations), [Arm(ORACLE, int(k), params.presentation) for k in selection.k]

    def selectors(self) -> dict[str, Selector]:
        """Every rule of an arm by name. Raises InputError naming an unknown one or an unknown setting."""
        settings = self.selection.settings
        asked = dict.fromkeys([*self.selection.selectors, *(arm.selector for arm, _ in self.arms()[1])])
        return {name: selector_of(name, settings.get(name), self.seed) for name in asked}

    def shelf(self, encoder: Callable[[], Encoder]) -> Models:
        """Where trained models are. encoder: loads the text encoder."""
        return Models(self.models, self.answerer, encoder, self.features, self.modeling, self.params, self.seed)

    def check(self) -> None:
        """Raises InputError as `evaluate` does, before anything is computed."""
        self.selectors()
        Videos.read(self.frames, self.features)
        shelf = self.shelf(self.load_encoder)
        for arm, one in self.arms()[1]:
            shelf.check(one, arm.selector)

    def load_encoder(self) -> Encoder:
        """The encoder of texts."""
        from ntlbg.features.encoders import load_encoder

        return load_encoder(self.encoder, device=self.params.device, dtype=self.dtype)

    def load_answerer(self) -> Answerer:
        """The answerer itself."""
        from ntlbg.modeling.answerer import Answerer

        p = self.params
        return Answerer.load(self.answerer, device=p.device, dtype=p.dtype, timestamps=p.timestamps, batch=p.batch)

    def rows(self, questions: Sequence[Question], advance: Advance) -> list[Row]:
        """The rows of these questions, in no particular order. advance: told of each arm's answers to a video."""
        import pandas as pd

        from ntlbg.features.again import Again
        from ntlbg.modeling.checkpoint import locate
        from ntlbg.questions import protocols
        from ntlbg.video.source import FrameSource

        params, (arms, trained, oracles) = self.params, self.arms()
        videos = Videos.read(self.frames, self.features)
        identity = locate(self.answerer).identity()
        load_answerer, load_text_encoder = Loaded(self.load_answerer), cache(self.load_encoder)
        shelf = self.shelf(load_text_encoder)
        picker = Picker(self.selectors(), videos, load_text_encoder)
        answering = Answering(
            answerer=load_answerer,
            identity=lambda: identity,
            frames=FrameSource(self.frames, pd.read_parquet(self.accepted / "videos.parquet")),
            sources=videos.sources,
            protocol=protocols.get("open" if params.protocol == "open" else self.benchmark),
            params=params,
            store=self.store,
        )
        rows = selected_rows(
            questions,
            arms,
            picker=picker,
            answering=answering,
            advance=advance,
        )
        for arm, one in trained:
            load_answerer.let_go()
            told = shelf.identity(one, arm.selector)
            seeing = cache(partial(shelf.seeing, one, arm.selector))
            own = picker
            if seeing() is not load_text_encoder():  # the model has seen the frames with other eyes
                again = Again(self.frames, seeing(), self.store)
                own = Picker(picker.selectors, replace(videos, again=again), seeing)
            load_trained: Loaded[RichAnswerer] = Loaded(partial(shelf.load, one, arm.selector))
            rows += selected_rows(
                questions,
                [arm],
                picker=own,
                answering=replace(
                    answering,
                    answerer=load_trained,
                    identity=partial(dict, told),
                    shown=shelf.shown(one),
                    visual=self._visual(one, load_trained),
                    _raw={},
                ),
                advance=advance,
                proposed=shelf.proposed(one),
            )
            load_trained.let_go()
        known = read_evidence(self.evidence) if self.evidence is not None else None
        return rows + oracle_rows(questions, oracles, known, videos=videos, answering=answering, advance=advance)

    def _visual(self, one: Presented, load: Loaded[RichAnswerer]) -> Callable[[], VisualTokens] | None:
        """The stored visual tokens of candidate frames, where a model reads no more of a frame than is stored."""
        if one.presentation != "rich":
            return None

        def open_tokens() -> VisualTokens:
            from ntlbg.modeling.visual import VisualTokens

            model = load().model
            return VisualTokens.open(
                model.adapter,
                accepted=self.accepted,
                frames=self.frames,
                size=self.params.size,
                keep=model.settings.tokens_per_point,
                store=self.store,
            )

        return Loaded(open_tokens)


def rows_of(job: tuple[Evaluation, list[Question]], tell: Callable[[tuple[int, str]], None]) -> list[Row]:
    """Work for `processes.side_by_side`; tells how many answers there are more, and what they were about."""
    evaluation, questions = job
    return evaluation.rows(questions, lambda count, now: tell((count, now)))


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
    dtype: Dtype = "float32",
) -> pd.DataFrame:
    """The rows of one benchmark's test questions: every selector at every k, `blind`, the arms of trained models, and
    the oracle at every k.

    accepted: folder of the accepted tables. frames, features: folders of stages `decode` and `features`.
    encoder, answerer: checkpoint folders. evidence: the evidence table, or None to go without (the oracle then has
    nothing to show, and no row has an evidence recall; all else is the same). models: the folder with what each stage
    of training left; modeling: sizes of what is trained. Both serve only the arms of `params.presentations`.
    dtype: what the encoder computes in, as in stage `features`.
    Returns rows as `rows.SCHEMA`, arm by arm, questions in the table's order.
    Raises InputError when a table cannot be read, a selector or setting is unknown, a checkpoint is unsound, or a
    trained model that is asked for is not there.
    """
    evaluation = Evaluation(
        benchmark,
        accepted,
        frames,
        features,
        encoder,
        answerer,
        evidence,
        selection,
        params,
        seed,
        store,
        models,
        modeling,
        dtype,
    )
    questions = read_questions(accepted, benchmark)
    evaluation.check()
    arms, trained, oracles = evaluation.arms()
    asked = by_video(questions)
    # every process holds a text encoder, too
    possible = min(processes_for(params.device, answerer), encoding_processes(params.device, encoder))
    count = max(1, min(possible, len(asked) // VIDEOS))
    parts = [[question for group in list(asked.values())[n::count] for question in group] for n in range(count)]
    total = len(questions) * (len(arms) + len(trained) + len(oracles))
    with meter(f"evaluate {benchmark}", total=total, unit="answers") as progress:
        found = side_by_side(
            rows_of,
            [(evaluation, part) for part in parts],
            at_once=count,
            told=lambda _, told: progress.advance(told[0], now=told[1]),
        )
    rows = [row for part in found for row in part]
    add_recall(rows, read_evidence(evidence) if evidence is not None else None)
    arm_place = {arm.name: place for place, arm in enumerate([*arms, *(arm for arm, _ in trained), *oracles])}
    question_place = {question.question_id: place for place, question in enumerate(questions)}
    rows.sort(key=lambda row: (arm_place[row.arm], question_place[row.question_id]))
    return table(rows)
