"""The loop: exact resume, accumulation, processes, precision, early stopping."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ntlbg.errors import NTLBGError
from ntlbg.training.checkpoint import Checkpoints
from ntlbg.training.loop import Fitted, fit
from ntlbg.training.params import TrainingParams
from ntlbg.training.schedule import weights
from tests.training.tiny import POINTS, Tiny, TinyBatches, tiny_batches, tiny_objective, tiny_params, tiny_samples

ROOT = Path(__file__).parents[2]
MODULE = "tests.training.killed_run"


def run(
    folder: Path, params: TrainingParams, *, model: Tiny | None = None, stage="full", batches=None, log=None, **changed
) -> Fitted:
    """A run of its own in `folder`."""
    return fit(
        tiny_objective(model or Tiny(3), stage, **changed),
        batches or tiny_batches(),
        params,
        stage=stage,
        seed=1,
        checkpoints=Checkpoints(folder, "one run"),
        log=log or (lambda step, values: None),
    )


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240
    )


def test_every_term_is_logged_with_its_step(tmp_path):
    """One record per update: each term, each weight, the rate; validation where it is due; the history is the same."""
    told: list[tuple[int, dict[str, float]]] = []
    fitted = run(tmp_path, tiny_params(), log=lambda step, values: told.append((step, values)))
    assert [step for step, _ in told] == list(range(12))
    terms = {"loss", "task", "constraint", "constraint_cv", "likelihood", "context", "alignment", "distance"}
    assert all(terms <= values.keys() and all(map(math.isfinite, values.values())) for _, values in told)
    assert [step for step, values in told if "val_loss" in values] == [3, 7, 11]
    assert fitted.history == [{"step": float(step), **values} for step, values in told]
    for _, values in told:
        expected = weights(values["progress"])
        assert values["weight_constraint"] == expected.constraint
        terms_sum = (
            values["task"]
            + expected.constraint * values["constraint"]
            + expected.alignment * values["alignment"]
            + expected.context * values["context"]
            + values["likelihood"]
        )
        assert values["loss"] == pytest.approx(terms_sum, rel=1e-4)
    assert told[-1][1]["progress"] == 1.0


def test_the_same_seed_gives_the_same_run(tmp_path):
    """Bit by bit, dropout and noise included; another seed gives another."""
    first = run(tmp_path / "a", tiny_params(), model=Tiny(3, dropout=0.2))
    again = run(tmp_path / "b", tiny_params(), model=Tiny(3, dropout=0.2))
    assert first == again
    other = fit(
        tiny_objective(Tiny(3, dropout=0.2)),
        tiny_batches(),
        tiny_params(),
        stage="full",
        seed=2,
        checkpoints=Checkpoints(tmp_path / "c", "one run"),
        log=lambda step, values: None,
    )
    assert other.history != first.history


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_losses_exactly(tmp_path):
    """kill -9 at a random update, then the same call: every logged value equals the uninterrupted run's."""
    kill_at = random.SystemRandom().randint(3, 10)
    whole = process("-m", MODULE, str(tmp_path / "whole"), str(tmp_path / "whole.json"), "-", "4", "0.3")
    assert whole.returncode == 0, whole.stderr
    killed = process("-m", MODULE, str(tmp_path / "cut"), str(tmp_path / "cut.json"), str(kill_at), "4", "0.3")
    assert killed.returncode == -9, killed.stderr
    assert not (tmp_path / "cut.json").exists()
    assert Checkpoints(tmp_path / "cut", "one run").load()["step"] == (kill_at + 1) // 3 * 3, kill_at
    resumed = process("-m", MODULE, str(tmp_path / "cut"), str(tmp_path / "cut.json"), "-", "4", "0.3")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads((tmp_path / "cut.json").read_text()) == json.loads((tmp_path / "whole.json").read_text()), kill_at


class StopRun(Exception):  # noqa: N818  (an end, not an error)
    """Ends a run from inside its log."""


@pytest.mark.parametrize("at", [2, 7, 11])
def test_a_stopped_run_tells_its_earlier_updates_again(tmp_path, at):
    """Whoever listens after a resume has the whole curve, and it is the uninterrupted run's; so are the parameters."""

    def stop(step: int, values: dict[str, float]) -> None:
        if step == at:
            raise StopRun

    whole, resumed = Tiny(3, dropout=0.2), Tiny(3, dropout=0.2)
    expected = run(tmp_path / "whole", tiny_params(), model=whole)
    with pytest.raises(StopRun):
        run(tmp_path / "cut", tiny_params(), model=Tiny(3, dropout=0.2), log=stop)
    told: list[int] = []
    fitted = run(tmp_path / "cut", tiny_params(), model=resumed, log=lambda step, values: told.append(step))
    assert told == list(range(12))
    assert fitted == expected
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


def test_accumulation_of_n_equals_a_batch_of_n(tmp_path):
    """Every term is a mean over questions: four parts of two give the losses and parameters of one of eight."""
    one, parts = Tiny(3), Tiny(3)
    whole = run(tmp_path / "a", tiny_params(batch_size=8), model=one)
    split = run(tmp_path / "b", tiny_params(batch_size=2, gradient_accumulation=4), model=parts)
    for a, b in zip(whole.history, split.history, strict=True):
        assert b == pytest.approx(a, rel=2e-3, abs=1e-4)
    for a, b in zip(one.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=1e-2, atol=2e-3)


@pytest.mark.slow
def test_two_processes_train_to_one_processs_loss(tmp_path):
    """`accelerate launch` with 2 CPU processes: within 1 % at equal global batch."""
    # the launcher's name for several processes; on a machine without GPUs, or with `device: cpu`, they run on CPUs
    launch = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1")
    launch += ("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "--module")
    alone = process("-m", MODULE, str(tmp_path / "one"), str(tmp_path / "one.json"), "-", "8", "0")
    both = process(*launch, MODULE, str(tmp_path / "two"), str(tmp_path / "two.json"), "-", "4", "0")
    assert alone.returncode == 0, alone.stderr
    assert both.returncode == 0, both.stderr
    one, two = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("one", "two"))
    for a, b in zip(one[0], two[0], strict=True):
        assert b["loss"] == pytest.approx(a["loss"], rel=0.01)
        assert b["task"] == pytest.approx(a["task"], rel=0.01)
    assert two[1]["loss"] == pytest.approx(one[1]["loss"], rel=0.01)


def test_float32_and_bfloat16_choose_the_same_frames(tmp_path):
    """At least 95 % of the indices agree after training in each, and no value is lost."""
    chosen = {}
    samples = tiny_samples(40, seed=8, pool=3 * POINTS)
    for precision in ("float32", "bfloat16"):
        model = Tiny(3)
        data = TinyBatches(tiny_samples(16, seed=1, pool=3 * POINTS), [])
        fitted = run(tmp_path / precision, tiny_params(precision=precision), model=model, batches=data)
        assert all(math.isfinite(value) for record in fitted.history for value in record.values())
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            chosen[precision] = model.eval()(samples, presentation="rich", points=POINTS).choice.indices
    pairs = zip(chosen["float32"].tolist(), chosen["bfloat16"].tolist(), strict=True)
    common = sum(len(set(a) & set(b)) for a, b in pairs)
    assert common >= 0.95 * chosen["float32"].numel()


def test_the_gradient_is_clipped(tmp_path):
    """With a tiny norm allowed, what is reported is the norm before clipping; the run itself hardly differs in size."""
    fitted = run(tmp_path, tiny_params(clip=1e-3))
    assert max(record["gradient"] for record in fitted.history) > 1e-2


def test_a_stage_ends_early_and_keeps_its_best_parameters(tmp_path):
    """No better validation for `patience` of them ends it; the parameters are those of the best validation."""
    model = Tiny(3)
    params = tiny_params(max_steps=40, patience=2, learning_rate=0.3, validate_every=2, watch="loss")
    fitted = run(tmp_path, params, model=model)
    assert fitted.ended < 40
    assert fitted.ended == fitted.best.step + 2 * params.validate_every
    watched = [(record["step"] + 1, record["val_loss"]) for record in fitted.history if "val_loss" in record]
    assert fitted.best.loss == min([fitted.start.loss, *(loss for _, loss in watched)])
    from ntlbg.training.loop import accelerator_for
    from ntlbg.training.validation import validate

    now = validate(tiny_objective(model), tiny_batches(), params, accelerator_for(params), 0)
    assert now.loss == pytest.approx(fitted.best.loss, rel=1e-5)


def test_a_stage_that_only_harms_leaves_the_parameters_it_got(tmp_path):
    """What the stage before left is a candidate too."""
    model = Tiny(3)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    samples = tiny_samples(16, seed=1)
    now = [scores.index(max(scores)) for scores in model.score_options(samples, presentation="rich", points=POINTS)]
    right = [replace(sample, answer=answer) for sample, answer in zip(samples, now, strict=True)]
    wrong = [replace(sample, answer=(sample.answer + 1) % 4) for sample in right]
    fitted = run(tmp_path, tiny_params(learning_rate=0.1), model=model, batches=TinyBatches(wrong, right))
    assert fitted.start.accuracy == 1.0
    assert fitted.best == fitted.start
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


def test_without_val_questions_the_last_parameters_stay(tmp_path):
    """No validation, no early end."""
    fitted = run(tmp_path, tiny_params(patience=1), batches=TinyBatches(tiny_samples(16, seed=1), []))
    assert (fitted.best, fitted.ended) == (None, 12)


def test_a_stage_of_no_updates_changes_nothing(tmp_path):
    """`max_steps: 0` is a stage that passes its model on."""
    model = Tiny(3)
    before = [p.detach().clone() for p in model.parameters()]
    fitted = run(tmp_path, tiny_params(max_steps=0), model=model)
    assert fitted.ended == 0
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_loss_that_is_no_number_ends_the_run(tmp_path):
    """One sentence with the update and the term; nothing is saved of it."""
    samples = tiny_samples(16, seed=1)
    samples[5].visual[:] = math.inf
    with pytest.raises(NTLBGError, match=r"at update 1 the .* is not a finite number"):
        run(tmp_path, tiny_params(checkpoint_every=1), batches=TinyBatches(samples, []))


def test_no_gpu_no_gpu_hours(tmp_path):
    """Time on a CPU does not count."""
    assert run(tmp_path, tiny_params(max_steps=2)).gpu_seconds == 0.0
