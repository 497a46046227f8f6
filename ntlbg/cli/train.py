"""`ntlbg train`: the three training stages, as the pipeline runs them, outside of it.

Reads params.yaml and the folders that earlier stages wrote. With `accelerate launch --multi_gpu -m ntlbg.cli.main
train` it runs in several processes. A run that was killed goes on where it was: the checkpoint of a stage stays beside
its folder until all that was asked for is in place, and one that was finished takes no update again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from ntlbg.cli.text import plain


def command(
    stage: Annotated[
        list[str] | None, typer.Option(help="select, joint or full; again for more [default: all].")
    ] = None,
    selector: Annotated[
        list[str] | None, typer.Option(help="Whose picks to train on [default: training.selectors].")
    ] = None,
    params: Annotated[Path, typer.Option(help="Settings; the active tier counts.")] = Path("params.yaml"),
    data: Annotated[Path, typer.Option(help="Folder with accepted/, frames/ and features/.")] = Path("data"),
    models: Annotated[Path, typer.Option(help="Folder with encoder/ and answerer/.")] = Path("models"),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for STAGE/SELECTOR/ [default: that of the models].", show_default=False),
    ] = None,
) -> None:
    """Train models to read representatives: our modules, then the language model with them, then under all losses."""
    from ntlbg.config.load import load_params
    from ntlbg.errors import InputError
    from ntlbg.store import Store
    from ntlbg.training.checkpoint import scratch
    from ntlbg.training.params import STAGES
    from ntlbg.training.train import train_stage

    wrong = [name for name in stage or () if name not in STAGES]
    if wrong:
        raise InputError(f"there is no stage `{wrong[0]}`", hint=f"there are {', '.join(STAGES)}")
    settings = load_params(params)
    tier = settings.current
    into = out if out is not None else models
    speaks = os.environ.get("RANK", "0") == "0"
    checkpoints = []
    for name in selector or tier.training.selectors:
        for place, one in enumerate(STAGES):
            if stage and one not in stage:
                continue
            checkpoint = scratch(into / one / name)
            checkpoints.append(checkpoint)
            before = _written(checkpoint)
            report = train_stage(
                one,
                accepted=data / "accepted",
                frames=data / "frames",
                features=data / "features",
                encoder=models / "encoder",
                answerer=models / "answerer",
                previous=into / STAGES[place - 1] / name if place else None,
                selector=name,
                selection=tier.selection,
                modeling=tier.modeling,
                params=tier.training,
                seed=settings.seed,
                store=Store.default(),
                into=into / one / name,
                log=_silent,
                checkpoints=checkpoint,
            )
            if speaks:
                # one that is of other settings or unfinished has been written anew
                kept = "was finished, kept: " if before and before == _written(checkpoint) else ""
                typer.echo(plain(f"{into / one / name}: {kept}{report.line()}"))
    if speaks:
        for checkpoint in checkpoints:
            shutil.rmtree(checkpoint, ignore_errors=True)


def _written(checkpoint: Path) -> tuple[int, int] | None:
    """What changes when a checkpoint is written; None where there is none."""
    from ntlbg.training.checkpoint import STATE

    try:
        told = (checkpoint / STATE).stat()
    except FileNotFoundError:
        return None
    return told.st_ino, told.st_mtime_ns


def _silent(step: int, values: dict[str, float]) -> None:
    """The progress line and history.json tell the terms."""
