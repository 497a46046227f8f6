"""The model in MLflow's registry: code, checkpoint folders and settings; `models:/ntlbg@smoke` is the last of a tier.

A version is a copy, so it answers after the working folder has gone on; a checkpoint that is only a pointer to a Hub
id stays one. What is registered already under the tier's alias is not registered again. (`latest` is no alias: MLflow
keeps the word for `models:/ntlbg/latest`, the newest version of all tiers.)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntlbg.evaluation.params import FULL
from ntlbg.store import file_digest, key
from pipelines.tracking import Tracker

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

    from ntlbg.evaluation.params import EvaluationParams, Presented
    from ntlbg.selection.params import SelectionParams
    from ntlbg.video.params import VideoParams

NAME = "ntlbg"
SCRIPT = Path(__file__).with_name("registered_model.py")
# what answering imports; the rest of the project's packages is orchestration
PACKAGES = ("mlflow", "numpy", "pandas", "pyarrow", "torch", "torchvision", "transformers", "safetensors", "peft", "av")
SELECTOR = "ntlbg"
EXAMPLE = {
    "video": "film.mp4",
    "question": "What colour is the star in the desert?",
    "options": ["red", "blue", "green", "yellow"],
}


def trained(evaluation: EvaluationParams, models: Path) -> tuple[Presented, Path] | None:
    """The fully trained model that the tier compares first, on our selector's picks: how it is shown, and its folder.

    None where the tier compares none.
    """
    for one in evaluation.presentations:
        if one.model == FULL and SELECTOR in one.selectors:
            return one, models / FULL / SELECTOR
    return None


def settings_of(
    selection: SelectionParams,
    video: VideoParams,
    evaluation: EvaluationParams,
    *,
    shown: Presented | None = None,
    pool: float = 1.0,
) -> dict[str, Any]:
    """How a tier answers: candidate frames, our selector and its budget, the way to ask.

    shown: how a trained model reads picks, of which the rule proposes pool × k; without it the language model reads
    frames, at the largest budget.
    """
    settings: dict[str, Any] = {
        "selector": SELECTOR,
        "k": max(selection.k),
        "settings": selection.settings.get(SELECTOR, {}),
        "fps": video.fps,
        "max_frames": video.max_frames,
        "size": list(video.size),
        "device": evaluation.device,
        "evaluation": evaluation.model_dump(mode="json"),
    }
    if shown is not None:
        settings["k"] = max(shown.k, round(shown.k * pool))
        settings["shown"] = {
            "presentation": shown.presentation,
            "points": shown.k,
            "full_frames": shown.full_frames,
            "pool": pool,
        }
    return settings


def register(
    tracker: Tracker,
    run: str,
    *,
    name: str,
    alias: str,
    checkpoints: Mapping[str, Path],
    settings: Mapping[str, Any],
    tags: Mapping[str, str],
) -> str:
    """Register a version of `name` and point `alias` there; returns the version's number.

    checkpoints: folders by the name that `registered_model.py` knows them by.
    Raises TrackingError when the store cannot be used.
    """
    files = {
        f"{place}/{file.relative_to(folder).as_posix()}": file_digest(file)
        for place, folder in sorted(checkpoints.items())
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    content = key(files=files, settings=dict(settings), script=file_digest(SCRIPT))
    experiment = tracker.experiment
    with tempfile.TemporaryDirectory(prefix="ntlbg-model-") as scratch, tracker.access():
        client = tracker.client
        if client.search_registered_models(f"name = '{name}'"):
            latest = client.get_registered_model(name).aliases.get(alias)
            if latest and client.get_model_version(name, latest).tags.get("content") == content:
                return str(latest)
        else:
            client.create_registered_model(name, description="Answers {video, question, options}")
        from mlflow.entities import LoggedModelOutput, LoggedModelStatus

        model = client.create_logged_model(
            experiment, name=name, source_run_id=run, tags=dict(tags), model_type="registered"
        ).model_id
        status = LoggedModelStatus.FAILED
        try:
            save(Path(scratch) / "model", model=model, run=run, checkpoints=checkpoints, settings=settings)
            client.log_model_artifacts(model, str(Path(scratch) / "model"))
            client.log_outputs(run, [LoggedModelOutput(model, 0)])
            status = LoggedModelStatus.READY
        finally:
            client.finalize_logged_model(model, status)
        made = client.create_model_version(
            name, f"models:/{model}", run_id=run, tags={**tags, "content": content}, model_id=model
        )
        client.set_registered_model_alias(name, alias, made.version)
        return str(made.version)


def save(folder: Path, *, model: str, run: str, checkpoints: Mapping[str, Path], settings: Mapping[str, Any]) -> None:
    """Write the model as MLflow's folder: MLmodel, the code, the checkpoints, an example."""
    # the packages of the working folder are not those of the model, whatever lies there
    os.environ["MLFLOW_UV_AUTO_DETECT"] = "false"
    from mlflow.models import Model
    from mlflow.pyfunc import save_model

    save_model(
        folder,
        python_model=str(SCRIPT),
        artifacts={name: str(place.absolute()) for name, place in checkpoints.items()},
        model_config=dict(settings),
        signature=signature(),
        input_example=[EXAMPLE],
        pip_requirements=[f"{package}=={version(package)}" for package in PACKAGES],
        mlflow_model=Model(run_id=run, model_id=model),
    )


def signature() -> ModelSignature:
    """Columns of what the model takes and gives."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import Array

    text, numbers = DataType.string, Array(DataType.double)
    return ModelSignature(
        inputs=Schema([ColSpec(text, "video"), ColSpec(text, "question"), ColSpec(Array(text), "options")]),
        outputs=Schema(
            [
                ColSpec(text, "answer"),
                ColSpec(text, "text"),
                ColSpec(numbers, "scores"),
                ColSpec(numbers, "picks_s"),
                ColSpec(text, "error"),
            ]
        ),
    )
