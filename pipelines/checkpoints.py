"""A checkpoint of a training run as an MLflow LoggedModel: its page shows parameters, metrics and step side by side.

The model's artefact is `checkpoint.json`: where the checkpoint lies and each file's size and blake3. A copy would
double what a long training writes, and a folder of optimiser state is nothing to be served from a tracking store;
the digests say which weights the figures belong to, wherever they have been moved since. Nothing is pickled.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from ntlbg.store import file_digest
from pipelines.tracking import VALUE_CHARACTERS, Point, Tracker

INDEX = "checkpoint.json"
REFUSED = re.compile(r"[/:.%\"']")  # MLflow's, in a model's name


def log_checkpoint(
    tracker: Tracker,
    run: str,
    name: str,
    folder: Path,
    params: dict[str, str],
    metrics: dict[str, float],
    step: int,
) -> str:
    """Record the checkpoint in `folder` as an output of `run` at `step`; returns the model's id.

    Raises TrackingError when the store cannot be used; a model that was begun is then marked as failed, if it can be.
    """
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    files = json.dumps(files_of(folder), indent=2) + "\n"  # before the store is held: gigabytes are read here
    experiment = tracker.experiment
    with tempfile.TemporaryDirectory(prefix="ntlbg-checkpoint-") as scratch, tracker.access():
        index = Path(scratch) / INDEX
        index.write_text(files)
        model = tracker.client.create_logged_model(
            experiment,
            name=REFUSED.sub("-", name),
            source_run_id=run,
            params={key: value[:VALUE_CHARACTERS] for key, value in {**params, "step": str(step)}.items()},
            tags={"folder": str(folder), "level": "checkpoint"},
            model_type="checkpoint",
        )
        status = LoggedModelStatus.FAILED
        try:
            tracker.client.log_model_artifact(model.model_id, str(index))
            tracker.client.log_outputs(run, [LoggedModelOutput(model.model_id, step)])
            status = LoggedModelStatus.READY
        finally:
            tracker.client.finalize_logged_model(model.model_id, status)
    tracker.points(run, [Point(key, float(v), step, model=model.model_id) for key, v in metrics.items()])
    return str(model.model_id)


def files_of(folder: Path) -> dict[str, object]:
    """Where the folder lies, and its files by name with size in bytes and blake3."""
    files = {
        file.relative_to(folder).as_posix(): {"bytes": file.stat().st_size, "blake3": file_digest(file)}
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    return {"folder": str(folder), "files": files}
