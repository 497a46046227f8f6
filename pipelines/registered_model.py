"""The registered model: `{video, question, options}` → an option. MLflow keeps this file and runs it to load the model.

    model = mlflow.pyfunc.load_model("models:/ntlbg@smoke")
    model.predict([{"video": "film.mp4", "question": "What does the dog ride?", "options": ["a bus", "a skateboard"]}])

Nothing is pickled: the model is this code, the checkpoint folders that lie beside it, and the settings it was
registered with. It needs the package `ntlbg`, as its requirements say. A row that cannot be answered has its reason
under `error` and no answer; none is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

COLUMNS = ("video", "question", "options")


class VideoQuestionAnswering(PythonModel):
    """Selects frames by the question and shows them to the language model, or points made of them to a trained one.

    Output columns: answer (a letter), text (of that option), scores (log-likelihood of each option, in nats), picks_s
    (times of the frames that were shown, in seconds), error ("" where it was answered).
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Open the checkpoints. artifacts: `encoder`, `answerer` and, where the model was trained, `trained`.

        model_config: `settings_of` of pipelines.registry.
        """
        from ntlbg.api import answers_from_frames, answers_from_points
        from ntlbg.evaluation.params import EvaluationParams
        from ntlbg.features.encoders import encoder_of, load_encoder

        config: Mapping[str, Any] = context.model_config
        params = EvaluationParams(**config["evaluation"])
        answerer = Path(context.artifacts["answerer"])
        self.device = str(config["device"])
        self.encoder = load_encoder(Path(context.artifacts["encoder"]), device=self.device)
        if "trained" in context.artifacts:
            from ntlbg.modeling.rich_answerer import RichAnswerer

            shown = dict(config["shown"])
            self.encoder = encoder_of(Path(context.artifacts["trained"]), self.encoder)
            model = RichAnswerer.load(
                Path(context.artifacts["trained"]),
                answerer,
                encoder=self.encoder.identity,
                device=params.device,
                dtype=params.dtype,
                batch=params.batch,
                **{name: shown[name] for name in ("presentation", "points", "full_frames")},
            )
            self.answers = answers_from_points(model, shown, params)
        else:
            self.answers = answers_from_frames(answerer, params, device=self.device)
        self.choice = {
            "selector": config["selector"],
            "k": int(config["k"]),
            "settings": dict(config["settings"]),
            "fps": float(config["fps"]),
            "max_frames": int(config["max_frames"]),
            "size": tuple(config["size"]),
        }

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """One row of answers per row of `model_input`, in its order."""
        frame = model_input if isinstance(model_input, pd.DataFrame) else pd.DataFrame(list(model_input))
        return pd.DataFrame([self._answer(row) for row in frame[list(COLUMNS)].to_dict("records")])

    def _answer(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        from ntlbg.api import ask
        from ntlbg.errors import NTLBGError

        try:
            answered = ask(
                str(row["video"]),
                str(row["question"]),
                [str(option) for option in row["options"]],
                answerer=self.answers,
                encoder=self.encoder,
                device=self.device,
                **self.choice,
            )
        except NTLBGError as error:
            return {"answer": "", "text": "", "scores": [], "picks_s": [], "error": error.sentence}
        return {
            "answer": answered.letter,
            "text": answered.text,
            "scores": list(answered.scores),
            "picks_s": list(answered.picks_s),
            "error": "",
        }


mlflow.models.set_model(VideoQuestionAnswering())
