"""Trained models as answerers: where the model of an arm lies, what tells it apart, and what it costs.

A model that was not trained is a sentence and the end of the evaluation: no other model answers in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntlbg.errors import InputError
from ntlbg.evaluation.arms import BLIND
from ntlbg.evaluation.params import UNTRAINED, EvaluationParams, Presented, of_name
from ntlbg.store import file_digest, key

if TYPE_CHECKING:
    import pandas as pd

    from ntlbg.features.encoders import Encoder
    from ntlbg.modeling.params import ModelingParams
    from ntlbg.modeling.rich_answerer import RichAnswerer


@dataclass(frozen=True)
class Models:
    """folder: holds `select/`, `joint/` and `full/`, each with a model per selector; None where there are none.

    answerer: the checkpoint folder that they were trained over. encoder: loads the text encoder. features: the folder
    of feature files. sizes: of the untrained one, whose first values are those that training starts from; only where
    no trained model is asked for may they be left out.
    """

    folder: Path | None
    answerer: Path
    encoder: Callable[[], Encoder]
    features: Path
    sizes: ModelingParams | None
    params: EvaluationParams
    seed: int

    @property
    def modeling(self) -> ModelingParams:
        """The sizes, of which `check` has seen that they are given."""
        assert self.sizes is not None
        return self.sizes

    def check(self, one: Presented, selector: str) -> None:
        """Raises InputError when the model that an arm asks for was not trained, with the reason where one is told."""
        from ntlbg.modeling.absent import read_reason

        if self.sizes is None:
            raise InputError("`evaluation.presentations` asks for trained models, and nobody told their sizes")
        if one.model == UNTRAINED:
            return
        hint = "take it out of `evaluation.presentations`, or see to it that stage `train` has something to train on"
        if self.folder is None:
            raise InputError(f"`{one.name}` asks for a trained model, and no folder of models is given", hint=hint)
        reason = read_reason(self.folder / one.model)
        if reason is not None:
            raise InputError(f"`{one.name}` asks for model `{one.model}`, which was not trained: {reason}", hint=hint)
        place = self.place(one, selector)
        if not place.is_dir():
            raise InputError(f"{place}: no model was trained on the picks of `{selector}`", hint=hint)

    def place(self, one: Presented, selector: str) -> Path:
        """The folder of a trained model."""
        assert self.folder is not None  # `check` has seen to it
        return self.folder / one.model / selector

    def identity(self, one: Presented, selector: str) -> dict[str, Any]:
        """What an answer depends on besides the question and what is shown: every file of the model; the answerer."""
        from ntlbg.modeling.checkpoint import locate

        model: Any = {"seed": self.seed, "modeling": self.modeling.model_dump(mode="json")}
        if one.model != UNTRAINED:
            folder = self.place(one, selector)
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            model = key(files=[[path.relative_to(folder).as_posix(), file_digest(path)] for path in files])
        return {"model": model, "answerer": locate(self.answerer).identity()}

    def seeing(self, one: Presented, selector: str) -> Encoder:
        """The encoder of the model, which its training may have changed. Raises InputError when it cannot be read."""
        from ntlbg.features.encoders import encoder_of

        return self.encoder() if one.model == UNTRAINED else encoder_of(self.place(one, selector), self.encoder())

    def load(self, one: Presented, selector: str) -> RichAnswerer:
        """The model, ready to answer.

        Raises InputError when it cannot be read, or was trained with another answerer or encoder.
        """
        from ntlbg.modeling.rich_answerer import RichAnswerer

        told: dict[str, Any] = {
            "device": self.params.device,
            "dtype": self.params.dtype,
            "batch": self.params.batch,
            "presentation": one.presentation,
            "points": one.k,
            "full_frames": one.full_frames,
        }
        if one.model != UNTRAINED:
            return RichAnswerer.load(
                self.place(one, selector), self.answerer, encoder=self.seeing(one, selector).identity, **told
            )
        features, query = self.widths()
        return RichAnswerer.untrained(
            self.answerer,
            features=features,
            query=query,
            modeling=self.modeling,
            seed=self.seed,
            timestamps=self.params.timestamps,
            **told,
        )

    def widths(self) -> tuple[int, int]:
        """Width of a frame's features, and of a question's vector. Raises InputError without a feature file."""
        from ntlbg.features.index import load_features

        found = next(iter(sorted(self.features.glob("*.safetensors"))), None)
        if found is None:
            raise InputError(f"{self.features}: holds no feature file", hint="run stage `features` again")
        features = load_features(found)
        # of a text: some encoders compare frames and texts in a space that is not the frames' own
        return features.index.features.shape[1], self.encoder().encode_texts(["width"]).shape[-1]

    def shown(self, one: Presented) -> dict[str, Any]:
        """How picks become what the language model reads: JSON values, for the keys of answers."""
        return {
            "presentation": one.presentation,
            "points": one.k,
            "full_frames": one.full_frames,
            "pool": self.modeling.pool,
        }

    def proposed(self, one: Presented) -> Callable[[int], int]:
        """Candidate frames of a video → picks that a rule proposes, among which the model keeps k at most."""
        return partial(self.modeling.proposals, one.k)


def visual_tokens(
    rows: pd.DataFrame, *, params: EvaluationParams, sizes: ModelingParams, answerer: Path
) -> dict[str, int]:
    """Arm → visual tokens that the language model reads of a video with enough frames.

    rows: of an evaluation with these settings. Raises InputError when the answerer cannot be read or does not take
    frames of this size.
    """
    from transformers import AutoImageProcessor

    from ntlbg.modeling.checkpoint import locate
    from ntlbg.modeling.images import tokens_per_frame
    from ntlbg.modeling.shown import visual_tokens as cost

    place = locate(answerer)
    try:
        processor = AutoImageProcessor.from_pretrained(
            place.source, revision=place.revision or "main", trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{answerer}: its image processor cannot be read ({error})") from error
    frame = tokens_per_frame(processor, *params.size)
    whole = {(one.name, one.k): one.full_frames for one in params.presentations}
    told = {}
    for arm in rows.drop_duplicates("arm").itertuples(index=False):
        presentation, _ = of_name(str(arm.presentation))
        k = 0 if arm.selector == BLIND else int(arm.k)
        full_frames = whole.get((arm.presentation, k), 0)
        told[str(arm.arm)] = cost(presentation, k, frame, sizes.tokens_per_point, full_frames)
    return told
