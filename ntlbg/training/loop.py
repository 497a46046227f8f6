"""The training loop of one stage, on accelerate: any number of processes, any precision, resumed exactly.

An update sees batch_size × gradient_accumulation × processes questions. Its questions, picks, noise, learning rate and
loss weights are functions of (seed, stage, update); the rest of the state is in the checkpoint.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ntlbg.errors import NTLBGError
from ntlbg.modeling.threads import TINY
from ntlbg.progress import Meter, meter
from ntlbg.training import schedule
from ntlbg.training.checkpoint import Checkpoints, cloned, generators, restore_generators
from ntlbg.training.params import Stage, TrainingParams
from ntlbg.training.picks import draw
from ntlbg.training.precision import NAMES, resolve
from ntlbg.training.trainable import optimiser_groups, set_trainable
from ntlbg.training.validation import Score, validate

if TYPE_CHECKING:
    from accelerate import Accelerator

    from ntlbg.training.batches import Batches
    from ntlbg.training.objective import Objective

Log = Callable[[int, dict[str, float]], None]
BETAS = (0.9, 0.98)


@dataclass
class Fitted:
    """history: every logged value by update. start: the validation before the first update. best: the one whose
    parameters were kept; both None without val questions. ended: updates taken. gpu_seconds: of all processes, over
    all resumes.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    start: Score | None = None
    best: Score | None = None
    ended: int = 0
    gpu_seconds: float = 0.0


@dataclass
class State:
    """What a checkpoint holds besides parameters and optimiser. stale: validations since the best one."""

    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    start: Score | None = None
    best: Score | None = None
    best_parameters: dict[str, Any] = field(default_factory=dict)
    stale: int = 0
    gpu_seconds: float = 0.0


def accelerator_for(params: TrainingParams) -> Accelerator:
    """The accelerator of this process, alone or one of several that `accelerate launch` started.

    Raises InputError when the device is not there or cannot compute in the precision asked for.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedDataParallelKwargs

    precision = resolve(params.precision, params.device)
    # accelerate keeps one state per process; a second stage in the same process may ask for another precision
    AcceleratorState._reset_state(reset_partial_state="LOCAL_RANK" not in os.environ)
    return Accelerator(
        cpu=params.device == "cpu",
        mixed_precision=NAMES[precision],
        # a stage's terms need not reach every parameter that it may train
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )


def fit(
    objective: Objective,
    batches: Batches,
    params: TrainingParams,
    *,
    stage: Stage,
    seed: int,
    checkpoints: Checkpoints,
    log: Log,
    what: str = "train",
) -> Fitted:
    """Take the updates of `stage`; the objective ends with the best parameters (the last, without val questions).

    log: called on the main process with (update, values); after a resume the earlier updates are told again first.
    what: names the work in the progress line.
    Raises NTLBGError when the loss stops being a number.
    """
    accelerator = accelerator_for(params)
    with _threads(objective, accelerator):
        return _Loop(accelerator, objective, batches, params, stage, seed, checkpoints, log, what).run()


class _Loop:
    def __init__(
        self,
        accelerator: Accelerator,
        objective: Objective,
        batches: Batches,
        params: TrainingParams,
        stage: Stage,
        seed: int,
        checkpoints: Checkpoints,
        log: Log,
        what: str,
    ) -> None:
        import torch
        from accelerate.utils import set_seed

        self.accelerator, self.objective, self.batches, self.params = accelerator, objective, batches, params
        self.stage, self.seed, self.checkpoints, self.what = stage, seed, checkpoints, what
        self.steps = params.steps_of(stage)
        self.before, self.total = params.span(stage)
        self._log = log if accelerator.is_main_process else _silent
        set_seed(int(draw("torch", seed, stage, accelerator.process_index).integers(2**31)))
        self.trained = set_trainable(objective, stage, params.unfreeze_encoder)
        self.wrapped: Any = accelerator.prepare_model(objective)
        groups = optimiser_groups(self.trained, params)
        self.optimiser: Any = accelerator.prepare_optimizer(torch.optim.AdamW(groups, lr=0.0, betas=BETAS))
        self.state = State()

    def run(self) -> Fitted:
        self._resume()
        state, p = self.state, self.params
        for record in state.history:
            self._log(int(record["step"]), {name: value for name, value in record.items() if name != "step"})
        began, first = time.monotonic(), state.step
        with self._meter() as m:
            m.advance(first)
            if first == 0:
                self._validate(0)  # what the stage before left is a candidate too
                state.start = state.best
            while state.step < self.steps and not (p.patience and state.stale >= p.patience):
                started = time.monotonic()
                record = self._update(state.step)
                state.step += 1
                if state.step == self.steps or state.step % p.validate_every == 0:
                    record |= self._validate(state.step)
                state.gpu_seconds += self._gpu_time(time.monotonic() - started)
                state.history.append({"step": float(state.step - 1), **record})
                if state.step < self.steps and state.step % p.checkpoint_every == 0:
                    self._save()
                self._log(state.step - 1, record)
                pace = (time.monotonic() - began) / (state.step - first)
                m.advance(now=_told(record, pace * (self.steps - state.step)))
        if state.step > first:
            self._save()  # a finished one is taken up at its end, should what comes after it fail
        if state.best_parameters:
            self._put(state.best_parameters)
        return Fitted(state.history, state.start, state.best, state.step, state.gpu_seconds)

    def _meter(self) -> AbstractContextManager[Meter]:
        """Of the main process; the others count in silence."""
        if self.accelerator.is_main_process:
            return meter(self.what, total=self.steps, unit="steps")
        return nullcontext(Meter(self.what, self.steps, "steps", _printed=math.inf))

    def _update(self, step: int) -> dict[str, float]:
        """One update; every term, the weights and the gradient's norm."""
        import torch

        p, accelerator = self.params, self.accelerator
        progress = schedule.progress(self.before + step, self.total)
        weights = schedule.weights(progress)
        factor = schedule.rate(step, self.steps, 1.0, p.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = factor * group["peak"]
        self.wrapped.train()
        ranks, parts = accelerator.num_processes, p.gradient_accumulation
        sums: dict[str, Any] = {}
        for part in range(parts):
            place = part * ranks + accelerator.process_index
            samples = self.batches.part(step, place, parts * ranks, p.batch_size)
            noise_seed = draw("choice", self.seed, self.stage, step, place).integers(2**62)
            noise = torch.Generator().manual_seed(int(noise_seed))
            apart = nullcontext() if part == parts - 1 else accelerator.no_sync(self.wrapped)
            with apart:
                try:
                    values = self.wrapped(samples, weights, noise)
                except torch.linalg.LinAlgError:  # of a matrix that holds no numbers any more
                    raise self._lost(step, "covariance") from None
                accelerator.backward(values["loss"] / parts)
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + value.detach().float() / parts
        names = sorted(sums)
        means = accelerator.reduce(torch.stack([sums[name] for name in names]), reduction="mean").tolist()
        record = dict(zip(names, means, strict=True))
        wrong = [name for name in names if not math.isfinite(record[name])]
        if wrong:
            raise self._lost(step, wrong[0])
        norm = float(accelerator.clip_grad_norm_(list(self.trained.values()), p.clip))
        self.optimiser.step()
        self.optimiser.zero_grad()
        told = {f"weight_{name}": value for name, value in vars(weights).items()}
        return record | told | {"progress": progress, "learning_rate": factor * p.learning_rate, "gradient": norm}

    def _lost(self, step: int, name: str) -> NTLBGError:
        return NTLBGError(
            f"{self.what}: at update {step} the {name} is not a finite number",
            hint="lower `training.learning_rate`, or compute in float32",
        )

    def _validate(self, step: int) -> dict[str, float]:
        """Watch the val questions; keep the parameters when they are the best so far."""
        if not self.batches.val:
            return {}
        score = validate(self.objective, self.batches, self.params, self.accelerator, step)
        state = self.state
        if state.best is None or score.better_than(state.best, self.params.watch):
            state.best, state.stale, state.best_parameters = score, 0, cloned(self.trained)
        else:
            state.stale += 1
        return {"val_loss": score.loss} | ({} if score.accuracy is None else {"val_accuracy": score.accuracy})

    def _gpu_time(self, seconds: float) -> float:
        return seconds * self.accelerator.num_processes if self.accelerator.device.type == "cuda" else 0.0

    def _put(self, parameters: dict[str, Any]) -> None:
        import torch

        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(parameters[name])

    def _save(self) -> None:
        """Write the checkpoint, once for all processes."""
        from accelerate.utils import gather_object

        rngs = gather_object([generators()])
        if self.accelerator.is_main_process:
            state, scaler = self.state, self.accelerator.scaler
            self.checkpoints.save(
                {
                    "step": state.step,
                    "history": state.history,
                    "start": None if state.start is None else vars(state.start),
                    "best": None if state.best is None else vars(state.best),
                    "best_parameters": state.best_parameters,
                    "stale": state.stale,
                    "gpu_seconds": state.gpu_seconds,
                    "trained": cloned(self.trained),
                    "optimiser": self.optimiser.state_dict(),
                    "scaler": None if scaler is None else scaler.state_dict(),
                    "generators": rngs,
                }
            )
        self.accelerator.wait_for_everyone()

    def _resume(self) -> None:
        found = self.checkpoints.load()
        if found is None:
            return
        self._put(found["trained"])
        self.optimiser.load_state_dict(found["optimiser"])
        if self.accelerator.scaler is not None and found["scaler"] is not None:
            self.accelerator.scaler.load_state_dict(found["scaler"])
        restore_generators(found["generators"][self.accelerator.process_index])
        self.state = State(
            found["step"],
            found["history"],
            None if found["start"] is None else Score(**found["start"]),
            None if found["best"] is None else Score(**found["best"]),
            found["best_parameters"],
            found["stale"],
            found["gpu_seconds"],
        )


def _silent(step: int, values: dict[str, float]) -> None:
    """What the other processes say."""


def _told(record: dict[str, float], left_s: float) -> str:
    """Loss, its terms and the time left, in few words."""
    terms = "  ".join(
        f"{name} {record[name]:.3f}" for name in ("loss", "task", "constraint", "likelihood", "context", "alignment")
    )
    watched = f"  val {record['val_accuracy']:.1%}" if "val_accuracy" in record else ""
    minutes, seconds = divmod(round(left_s), 60)
    return f"{terms}{watched}  {minutes}:{seconds:02d} left"


@contextmanager
def _threads(objective: Objective, accelerator: Accelerator) -> Iterator[None]:
    """One thread for a tiny model on a CPU: faster there, and equal to the last bit however many cores there are."""
    import torch

    before = torch.get_num_threads()
    if accelerator.device.type == "cpu" and sum(p.numel() for p in objective.parameters()) <= TINY:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
