"""The encoder's last block is trained where a parameter says so, and every later use of the model sees by it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ntlbg.backbone import tiny_clip
from ntlbg.evaluation.evaluate import evaluate
from ntlbg.evaluation.params import EvaluationParams, Presented
from ntlbg.features.again import Again
from ntlbg.features.encoders import LAST_BLOCK, encoder_of, load_encoder
from ntlbg.features.extract import extract_all
from ntlbg.features.last_block import LastBlock, weights_of
from ntlbg.features.params import FeaturesParams
from ntlbg.modeling.sample import Sample
from ntlbg.modeling.video_qa import NTLBGVideoQA
from ntlbg.records.prompt import Prompt
from ntlbg.store import Store
from ntlbg.training.train import train_stage
from ntlbg.training.unfrozen import Hidden, seen_through
from ntlbg.video.storage import shard_writer
from tests.training import world as worlds


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The small world, with an encoder that has a vision tower."""
    root = tmp_path_factory.mktemp("unfrozen")
    paths = worlds.make(root)
    processor = tiny_clip.build_processor()
    tiny_clip.save(tiny_clip.build_model(processor, width=16), processor, paths["encoder"])
    encoder, store = load_encoder(paths["encoder"]), Store(root / "store")
    extract_all(paths["frames"], encoder, FeaturesParams(), store=store, into=paths["features"])
    return paths


@pytest.fixture(scope="module")
def trained(seen: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `select` and `joint` of a model whose encoder was unfrozen in the first."""
    root = tmp_path_factory.mktemp("trained")
    told: dict[str, Any] = {
        "selector": "ntlbg",
        "selection": worlds.selection(),
        "modeling": worlds.modeling(),
        "params": worlds.params(unfreeze_encoder=True, watch="loss"),
        "seed": 5,
        "store": Store(root / "store"),
        "log": lambda step, values: None,
    }
    before = None
    for stage in ("select", "joint"):
        train_stage(stage, **seen, **told, previous=before, into=root / stage / "ntlbg")  # type: ignore[arg-type]
        before = root / stage / "ntlbg"
    return root


def test_the_last_block_learns_and_the_next_stage_keeps_it(seen: dict[str, Path], trained: Path) -> None:
    """Every matrix of it has moved after `select`; `joint` has the same bytes, and both belong to the new encoder."""
    frozen = load_encoder(seen["encoder"])
    before = weights_of(LastBlock(frozen))
    now = encoder_of(trained / "select/ntlbg", frozen)
    after = weights_of(now.last)  # type: ignore[attr-defined]
    assert all(not torch.equal(before[name], after[name]) for name in before if name.endswith("weight"))
    first, second = ((trained / stage / "ntlbg" / LAST_BLOCK).read_bytes() for stage in ("select", "joint"))
    assert first == second
    for stage in ("select", "joint"):
        model = NTLBGVideoQA.load(trained / stage / "ntlbg", seen["answerer"], encoder=now.identity)
        assert model.settings.encoder == json.loads(json.dumps(now.identity))


def test_arms_of_the_model_see_by_its_own_encoder(seen: dict[str, Path], trained: Path, tmp_path: Path) -> None:
    """Its frames are re-encoded under their own key; all other arms keep the features of the stage."""
    store = Store(tmp_path / "store")
    asked = [
        Presented(presentation="rich", model="untrained", k=6, selectors=["ntlbg"]),
        Presented(presentation="rich", model="joint", k=6, selectors=["ntlbg"]),
    ]
    rows = evaluate(
        "mlvu",
        **{name: seen[name] for name in ("accepted", "frames", "features", "encoder", "answerer")},
        evidence=None,
        selection=worlds.selection(),
        params=EvaluationParams(presentations=asked, bootstrap=10, permutations=10),
        seed=5,
        store=store,
        models=trained,
        modeling=worlds.modeling(),
    )
    assert not rows[rows["selector"] != "oracle"]["error"].any()
    assert store.made["features"] == rows["video_id"].nunique()


def test_samples_of_one_video_share_what_the_block_gives(seen: dict[str, Path]) -> None:
    """It is run once for both, and the gradient of either reaches it."""
    last = LastBlock(load_encoder(seen["encoder"]))
    hidden = np.random.default_rng(0).normal(size=(5, 17, 16)).astype(np.float32)
    sample = Sample(
        features=np.zeros((5, 16)),
        timestamps_s=np.arange(5.0),
        duration_s=5.0,
        relevance=np.zeros(5),
        query=None,
        indices=np.array([1]),
        prompt=Prompt(user="what?"),
        visual=np.zeros((1, 1, 4)),
        hidden=hidden,
    )
    one, two = seen_through(last, [sample, sample])
    assert one.features is two.features
    one.features.sum().backward()
    assert all(p.grad is not None for p in last.block.parameters())


def test_what_the_block_is_given_may_come_from_jpeg_frames(seen: dict[str, Path], tmp_path: Path) -> None:
    """As many tokens of as many frames, under a key of their own: the pixels differ a little."""
    store, encoder = Store(tmp_path / "store"), load_encoder(seen["encoder"])
    folder = Path(shutil.copytree(seen["frames"], tmp_path / "frames"))
    pixels = np.load(folder / "mlvu_0.npy")
    (folder / "mlvu_0.npy").unlink()
    with shard_writer(folder / "mlvu_0.jpegs", pixels.shape[1:3]) as out:
        for frame in pixels:
            out.add(frame, 0.0)
    exact, near = (Hidden(Again(place, encoder, store)).of("mlvu_0") for place in (seen["frames"], folder))
    assert store.made == {"hidden": 2}
    assert near.shape == exact.shape
    assert 0 < np.abs(near - exact).mean() < exact.std()


def test_hidden_states_are_kept_under_the_dtype_of_the_encoder(seen: dict[str, Path], tmp_path: Path) -> None:
    """What an encoder in bfloat16 gives the block is no answer for one in float32."""
    store = Store(tmp_path / "store")
    less, exact = (
        Hidden(Again(seen["frames"], load_encoder(seen["encoder"], dtype=dtype), store)).of("mlvu_0")
        for dtype in ("bfloat16", "float32")
    )
    assert store.made["hidden"] == 2
    assert not np.array_equal(less, exact)
