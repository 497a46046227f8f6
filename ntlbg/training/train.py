"""One stage of training, from the folders that earlier stages wrote to a folder of its own.

What is trained for one selector's picks is trained identically for any other's: the selector's name is an argument
and nothing here looks at it. Evidence is not among the arguments.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntlbg.errors import InputError
from ntlbg.store import Store, file_digest, file_stem, folder_atomic, key, write_atomic
from ntlbg.training.params import STAGES, Stage, TrainingParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from ntlbg.features.params import Dtype
    from ntlbg.modeling.params import ModelingParams
    from ntlbg.modeling.qwen import QwenAdapter
    from ntlbg.modeling.video_qa import NTLBGVideoQA
    from ntlbg.modeling.visual import VisualTokens
    from ntlbg.selection.contract import Selector
    from ntlbg.selection.params import SelectionParams
    from ntlbg.training.batches import Batches
    from ntlbg.training.losses import Transition
    from ntlbg.training.questions import Exercise
    from ntlbg.training.validation import Score

HISTORY, TRANSITION = "history.json", "transition.safetensors"


@dataclass(frozen=True)
class TrainReport:
    """steps: updates taken. losses: the means of every term over the last tenth of them. validation: `start_…` and
    `best_…` loss and accuracy, and `best_step`. gpu_hours: of all GPUs, resumes included; 0 on a CPU. questions:
    trained on, watched, left out.
    """

    steps: int
    losses: dict[str, float]
    validation: dict[str, float]
    gpu_hours: float
    questions: dict[str, int]

    def line(self) -> str:
        """The stage in one line, for people."""
        told = f"{self.steps} updates on {self.questions['train']} questions"
        v = self.validation
        if "best_accuracy" in v:
            told += f"; val accuracy {v['start_accuracy']:.1%} → {v['best_accuracy']:.1%}"
        if "best_loss" in v:
            told += f"; val loss {v['start_loss']:.3f} → {v['best_loss']:.3f} (best after {v['best_step']:.0f})"
        return told + f"; {self.gpu_hours:.2f} GPU hours"


def train_stage(
    stage: Stage,
    *,
    accepted: Path,
    frames: Path,
    features: Path,
    encoder: Path,
    answerer: Path,
    previous: Path | None,
    selector: str,
    selection: SelectionParams,
    modeling: ModelingParams,
    params: TrainingParams,
    seed: int,
    store: Store,
    into: Path,
    log: Callable[[int, dict[str, float]], None],
    checkpoints: Path | None = None,
    dtype: Dtype = "float32",
) -> TrainReport:
    """Train `stage` on the picks of `selector` and write the model into `into`, with `history.json`.

    accepted, frames, features: folders of the stages before. encoder, answerer: checkpoint folders. previous: the
    folder of the stage before for the same selector; None starts afresh (stage `select`). checkpoints: where a
    killed run is resumed from; by default beside `into`. log: told every term of each update, with its number.
    dtype: what the encoder computes in, as in stage `features`.
    Raises InputError when a table or checkpoint cannot be read, there is nothing to train on, the selector is
    unknown, or the stage before is missing.
    """
    from ntlbg.features.again import Again
    from ntlbg.features.encoders import LAST_BLOCK, encoder_of, load_encoder
    from ntlbg.modeling.qwen import QwenAdapter
    from ntlbg.modeling.video_qa import NTLBGVideoQA
    from ntlbg.modeling.visual import VisualTokens
    from ntlbg.tensors import write_tensors
    from ntlbg.training.batches import Batches
    from ntlbg.training.checkpoint import Checkpoints, scratch
    from ntlbg.training.loop import accelerator_for, fit
    from ntlbg.training.objective import Objective
    from ntlbg.training.picks import Picks, code_of_rules
    from ntlbg.training.precision import resolve
    from ntlbg.training.reference import measure
    from ntlbg.training.trainable import TERMS, groups
    from ntlbg.training.unfrozen import Hidden

    if (previous is None) != (stage == STAGES[0]):
        before = "none" if stage == STAGES[0] else STAGES[STAGES.index(stage) - 1]
        raise InputError(f"stage `{stage}` continues from stage `{before}`, which is not what it was given")
    accelerator = accelerator_for(params)
    rule = selector_of(selector, selection, seed)
    adapter = QwenAdapter.load(
        answerer,
        device=str(accelerator.device),
        dtype="float32" if params.device == "cpu" else resolve(params.precision, params.device),
        timestamps=params.timestamps,
        batch=2 * params.batch_size,
    )
    visual = VisualTokens.open(
        adapter,
        accepted=accepted,
        frames=frames,
        size=params.size,
        keep=modeling.tokens_per_point if params.presentation == "rich" else None,
        store=store,
    )
    exercises, left_out = _exercises(accepted, params, visual)
    frozen = load_encoder(encoder, device=params.device, dtype=dtype)
    seeing = frozen if previous is None else encoder_of(previous, frozen)
    picks = Picks(
        rule,
        seeing,
        features,
        k=partial(modeling.proposals, params.points),
        perturb=params.perturb,
        variants=params.variants,
        seed=seed,
        store=store,
        again=None if seeing is frozen else Again(frames, seeing, store),
    )
    batches = Batches(exercises["train"], exercises["val"], picks, visual, seed, stage)
    last = None
    if stage == STAGES[0] and params.unfreeze_encoder:
        from ntlbg.features.last_block import LastBlock, weights_of

        last, batches.hidden = LastBlock(frozen), Hidden(Again(frames, frozen, store))
    if previous is None:
        model = _fresh(adapter, batches, rule, modeling, params, seed)
    else:
        model = NTLBGVideoQA.load(previous, adapter, encoder=picks.encoder.identity)
    if "lora" in groups(stage) and model.settings.lora is None:
        model.add_lora(params.lora_rank, params.lora_alpha, params.lora_dropout)
    with accelerator.main_process_first():  # the others find in the store what the first one computed
        batches.prepare()
        reference = measure(visual.tokens_of(video, modeling.tokens_per_point) for video in batches.videos_of("train"))
    objective = Objective(
        model,
        _transition(previous, modeling.context, adapter.width, seed),
        reference,
        presentation=params.presentation,
        points=params.points,
        terms=TERMS[stage],
        target=params.constraint_target,
        likelihood=params.likelihood,
        last=last,
    ).to(accelerator.device)
    run = key(
        stage=stage,
        selector=[rule.name, json.loads(json.dumps(rule.parameters))],
        modeling=modeling.model_dump(mode="json"),
        params=params.model_dump(mode="json"),
        seed=seed,
        processes=accelerator.num_processes,
        answerer=adapter.identity,
        encoder=picks.encoder.computing,
        previous=None if previous is None else folder_digest(previous),
        questions=[asdict(e) for e in [*batches.train, *batches.val]],
        features={v: file_digest(features / f"{file_stem(v)}.safetensors") for v in batches.videos()},
        visual={v: visual.key_of(v) for v in batches.videos()},
        code=[code_digest(), code_of_rules()],
        libraries={name: version(name) for name in ("torch", "transformers", "peft", "accelerate", "numpy")},
    )
    kept = Checkpoints(checkpoints or scratch(into), run)
    fitted = fit(
        objective,
        batches,
        params,
        stage=stage,
        seed=seed,
        checkpoints=kept,
        log=log,
        what=f"train {stage} {selector}",
    )
    questions = {split: len(found) for split, found in exercises.items()} | {"left_out": left_out}
    validation = _told(fitted.start, "start") | _told(fitted.best, "best")
    if accelerator.is_main_process:
        with folder_atomic(into) as folder:
            if last is not None:
                write_tensors(folder / LAST_BLOCK, weights_of(last))
                told = {"encoder": encoder_of(folder, frozen).identity}
                model.settings = model.settings.model_copy(update=told)
            elif previous is not None and seeing is not frozen:
                shutil.copyfile(previous / LAST_BLOCK, folder / LAST_BLOCK)
            model.save(folder, stage=stage)
            write_tensors(folder / TRANSITION, dict(objective.transition.state_dict()))
            story = {
                "stage": stage,
                "selector": selector,
                "updates": fitted.ended,
                "questions": questions,
                "validation": validation,
                "history": fitted.history,
            }
            write_atomic(folder / HISTORY, json.dumps(story, indent=1) + "\n")
        if checkpoints is None:  # else its owner says when the model is where it belongs
            kept.clear()
    accelerator.wait_for_everyone()
    latest = fitted.history[-max(1, len(fitted.history) // 10) :]
    names = [n for n in (latest[-1] if latest else {}) if n != "step" and not n.startswith("val_")]
    losses = {name: sum(record[name] for record in latest) / len(latest) for name in names}
    return TrainReport(fitted.ended, losses, validation, fitted.gpu_seconds / 3600, questions)


def train_told(arguments: dict[str, Any], tell: Callable[[tuple[int, dict[str, float]]], None]) -> TrainReport:
    """`train_stage(**arguments)` as work for `processes.side_by_side`: each update is told as (number, terms)."""
    return train_stage(**arguments, log=lambda step, numbers: tell((step, numbers)))


def _exercises(accepted: Path, params: TrainingParams, visual: VisualTokens) -> tuple[dict[str, list[Exercise]], int]:
    """({`train`, `val`: questions}, how many were left out). Raises InputError when there is nothing to train on."""
    from ntlbg.training.questions import QUESTIONS, read_exercises

    found, left_out = {}, 0
    for split in ("train", "val"):
        found[split], without = read_exercises(accepted, split, params.protocol, set(visual.videos(split)))
        left_out += without
    if not found["train"]:
        raise InputError(
            f"{accepted / QUESTIONS}: no training question has a known answer and a video with frames",
            hint="add questions of the split `train`; reports/validation says what was set aside, and why",
        )
    return found, left_out


def _fresh(
    adapter: QwenAdapter, batches: Batches, rule: Selector, modeling: ModelingParams, params: TrainingParams, seed: int
) -> NTLBGVideoQA:
    """The model before its first stage, as an evaluation of the untrained one makes it."""
    from ntlbg.modeling.video_qa import NTLBGVideoQA

    features, query = batches.picks.widths(batches.train[0])
    return NTLBGVideoQA.fresh(
        adapter,
        features=features,
        query=query,
        modeling=modeling,
        seed=seed,
        presentation=params.presentation,
        points=params.points,
        full_frames=params.full_frames,
        size=params.size,
        selector=rule.name,
        selector_settings=json.loads(json.dumps(rule.parameters)),
        encoder=batches.picks.encoder.identity,
    )


def _transition(previous: Path | None, context: int, width: int, seed: int) -> Transition:
    """f_transition as the stage before left it, or afresh. Raises InputError when its file is not sound."""
    import torch

    from ntlbg.tensors import read_tensors
    from ntlbg.training.losses import Transition

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transition = Transition(context, width)
    if previous is not None:
        shapes = {name: tuple(t.shape) for name, t in transition.state_dict().items()}
        transition.load_state_dict(read_tensors(previous / TRANSITION, shapes))
    return transition


def _told(score: Score | None, name: str) -> dict[str, float]:
    """A validation as numbers with `name` before them."""
    if score is None:
        return {}
    told = {f"{name}_step": float(score.step), f"{name}_loss": score.loss}
    return told | ({} if score.accuracy is None else {f"{name}_accuracy": score.accuracy})


def selector_of(name: str, selection: SelectionParams, seed: int) -> Selector:
    """The rule with the settings of the comparison; one that draws at random gets the run's seed, as it does there.

    Raises InputError naming an unknown selector or setting.
    """
    import inspect

    from ntlbg.selection import registry

    settings = dict(selection.settings.get(name, {}))
    cls = registry.classes().get(name)
    if cls is not None and "seed" in inspect.signature(cls).parameters:
        settings.setdefault("seed", seed)
    return registry.make(name, **settings)


def folder_digest(folder: Path) -> str:
    """Digest of every file below a folder, by name."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return key(files=[[p.relative_to(folder).as_posix(), file_digest(p)] for p in files])


def code_digest() -> str:
    """Digest of the code that trains: a run is not continued by other code."""
    import ntlbg.modeling as modeling
    import ntlbg.training as training

    sources = [p for room in (modeling, training) for p in sorted(Path(room.__path__[0]).glob("*.py"))]
    return key(files=[[p.name, file_digest(p)] for p in sources])
