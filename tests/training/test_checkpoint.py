"""Checkpoints of a stage under way."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ntlbg.training.checkpoint import STATE, Checkpoints, cloned, generators, restore_generators, scratch


def test_what_is_saved_is_loaded(checkpoints):
    """Tensors bit by bit, plain values as they are."""
    weights = torch.randn(3, 4)
    checkpoints.save({"step": 7, "trained": {"a": weights}, "history": [{"loss": 0.25}], "best": None})
    state = checkpoints.load()
    assert torch.equal(state["trained"].pop("a"), weights)
    assert state == {"step": 7, "trained": {}, "history": [{"loss": 0.25}], "best": None}


def test_another_runs_checkpoint_is_thrown_away(checkpoints):
    """A run is continued only where everything that matters is the same."""
    checkpoints.save({"step": 7})
    assert replace(checkpoints, key="another run").load() is None
    assert checkpoints.load() is None


def test_a_damaged_checkpoint_is_thrown_away(checkpoints):
    """The run starts anew instead of ending in a traceback."""
    checkpoints.save({"step": 7})
    file = checkpoints.folder / STATE
    file.write_bytes(file.read_bytes()[:100])
    assert checkpoints.load() is None
    assert not checkpoints.folder.exists()


class Evil:
    """Unpickled, it would touch a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.file,))


def test_nothing_in_a_checkpoint_can_run(checkpoints, tmp_path):
    """Only tensors and plain values are read."""
    checkpoints.folder.mkdir(parents=True)
    torch.save({"key": checkpoints.key, "step": Evil(tmp_path / "touched")}, checkpoints.folder / STATE)
    assert checkpoints.load() is None
    checkpoints.folder.mkdir(parents=True, exist_ok=True)
    (checkpoints.folder / STATE).write_bytes(pickle.dumps(Evil(tmp_path / "touched")))
    assert checkpoints.load() is None
    assert not (tmp_path / "touched").exists()


def test_generators_continue_where_they_were(checkpoints):
    """Python's, numpy's and torch's, through the file."""
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    np.random.normal()
    checkpoints.save({"generators": [generators()]})
    drawn = (random.random(), np.random.normal(), torch.rand(3).tolist())
    random.seed(9)
    torch.manual_seed(9)
    restore_generators(checkpoints.load()["generators"][0])
    assert (random.random(), np.random.normal(), torch.rand(3).tolist()) == drawn


def test_checkpoints_lie_beside_the_output():
    """Clearing or filling the output folder leaves them alone."""
    assert scratch(Path("models/select/ntlbg")) == Path("models/select/.ntlbg.checkpoints")


def test_copies_do_not_follow_the_parameters():
    """The best parameters stay as they were."""
    parameter = torch.nn.Parameter(torch.ones(2))
    copies = cloned({"p": parameter})
    with torch.no_grad():
        parameter.zero_()
    assert copies["p"].tolist() == [1.0, 1.0]
    assert not copies["p"].requires_grad


def test_clear_removes_the_folder(checkpoints):
    """Nothing is left of a run that ended well; clearing twice is no error."""
    checkpoints.save({"step": 1})
    checkpoints.clear()
    checkpoints.clear()
    assert not checkpoints.folder.exists()
    assert Checkpoints(checkpoints.folder, "one run").load() is None
