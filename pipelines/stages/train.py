"""Stage `train@<stage>`: one stage of training, for each selector whose picks are trained on."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from ntlbg.errors import InputError
from ntlbg.modeling.absent import read_reason, write_reason
from ntlbg.modeling.threads import processes_for
from ntlbg.processes import side_by_side
from ntlbg.selection import registry
from ntlbg.selection.params import SelectionParams
from ntlbg.training.params import STAGES, Stage, TrainingParams
from ntlbg.training.train import TrainReport, train_told
from pipelines import say
from pipelines.stage import Run, stage

ACCEPTED = Path("data/accepted")
MODELS = Path("models")
# outside the output, which DVC and the stage's wrapper clear: from here a killed run is gone on with
CHECKPOINTS = Path(".ntlbg/training")
BASELINE = "uniform"  # every `selection` names it
SHARED = 500  # questions answered in training: for fewer, a process costs more time than it saves


@stage("train", argument="select|joint|full")
def train(run: Run, part: str) -> None:
    """Train on from the stage before, the same way on the picks of every selector."""
    this: Stage = next(name for name in STAGES if name == part)
    before = STAGES[STAGES.index(this) - 1] if this != STAGES[0] else None
    settings = run.params.training
    for selector in settings.selectors:
        run.declared.allow_file(file_of(selector))
    reason = why_not(settings, before)
    with run.folder(MODELS / part) as into:
        if reason is not None:
            say.note(f"{run.stage}: no model is trained: {reason}")
            write_reason(into, reason)
            run.metrics(models=0)
            return
        read(run)
        jobs = [
            {
                "stage": this,
                "accepted": ACCEPTED,
                "frames": Path("data/frames"),
                "features": Path("data/features"),
                "encoder": MODELS / "encoder",
                "answerer": MODELS / "answerer",
                "previous": MODELS / before / selector if before else None,
                "selector": selector,
                "selection": selection_of(selector, settings.points, run.params.selection.settings),
                "modeling": run.params.modeling,
                "params": settings,
                "seed": run.seed,
                "dtype": run.params.features.dtype,
                "store": run.store,
                "into": into / selector,
                "checkpoints": CHECKPOINTS / f"{part}-{selector}",
            }
            for selector in settings.selectors
        ]
        log = logger(run, settings.selectors)
        ended = side_by_side(train_told, jobs, at_once=at_once(settings, this), told=log)
        reports = dict(zip(settings.selectors, ended, strict=True))
    for selector in reports:  # the models are where they belong now
        shutil.rmtree(CHECKPOINTS / f"{part}-{selector}", ignore_errors=True)
    for selector, report in reports.items():
        record_model(run, part, selector, report)
    run.metrics(models=len(reports), gpu_hours=sum(report.gpu_hours for report in reports.values()))


def at_once(settings: TrainingParams, this: Stage) -> int:
    """Models of the stage that are trained side by side."""
    if settings.steps_of(this) * settings.effective_batch_size < SHARED:
        return 1
    return processes_for(settings.device, MODELS / "answerer")


def why_not(settings: TrainingParams, before: Stage | None) -> str | None:
    """Why there is nothing to train, in a sentence; None when there is."""
    if not any(settings.steps_of(name) for name in STAGES):
        return "`training` in params.yaml gives it no steps"
    if before is not None:
        return read_reason(MODELS / before)
    questions = pd.read_parquet(ACCEPTED / "training.parquet", columns=["split"])
    if not (questions["split"] == "train").any():
        return "no training question was accepted"
    return None


def file_of(selector: str) -> str:
    """The file of a rule, as dvc.yaml names it."""
    try:
        rule = registry.classes()[selector]
    except KeyError:
        raise InputError(
            f"training.selectors: there is no selector `{selector}`", hint="there are: " + ", ".join(registry.classes())
        ) from None
    return f"{rule.__module__.replace('.', '/')}.py"


def selection_of(selector: str, points: int, settings: dict[str, dict[str, object]]) -> SelectionParams:
    """What training may know of `selection`: its own rule, so that one more rival retrains nothing."""
    own = {selector: settings[selector]} if selector in settings else {}
    return SelectionParams(k=[points], selectors=list(dict.fromkeys([selector, BASELINE])), settings=own)


def read(run: Run) -> None:
    """Note in MLflow which questions are trained on, and which are watched."""
    path = ACCEPTED / "training.parquet"
    questions = pd.read_parquet(path)
    for split, context in (("train", "training"), ("val", "validation")):
        rows = questions[questions["split"] == split]
        if len(rows):
            run.dataset(rows, split, context, source=path)


def logger(run: Run, selectors: Sequence[str]) -> Callable[[int, tuple[int, dict[str, float]]], None]:
    """Takes (update, every term of the loss) of the nth selector, as curves of the stage's run: `ntlbg.task`."""

    def log(nth: int, told: tuple[int, dict[str, float]]) -> None:
        step, numbers = told
        run.series(step, **{f"{selectors[nth]}.{name}": value for name, value in numbers.items()})

    return log


def record_model(run: Run, part: str, selector: str, report: TrainReport) -> None:
    """One nested run per selector, `joint · ntlbg`, with its last figures; and the model as a checkpoint of its own."""
    figures = {**report.losses, **{f"val.{name}": value for name, value in report.validation.items()}}
    figures |= {"steps": float(report.steps), "gpu_hours": report.gpu_hours}
    figures = {name: float(value) for name, value in figures.items() if math.isfinite(value)}
    training = run.params.training
    params = {
        "stage": part,
        "selector": selector,
        "presentation": training.presentation,
        "points": training.points,
    }
    run.nested(f"{part} · {selector}", params=params, metrics=figures, tags={"level": "model"})
    run.checkpoint(f"{part}-{selector}", MODELS / part / selector, params, figures, report.steps)


if __name__ == "__main__":
    train.main()
