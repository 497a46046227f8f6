"""Which questions an update sees, and what the model is given of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ntlbg.modeling.qwen import QwenAdapter
from ntlbg.modeling.visual import VisualTokens
from ntlbg.selection import registry
from ntlbg.training.batches import Batches
from ntlbg.training.picks import Picks
from ntlbg.training.questions import read_exercises


@pytest.fixture
def batches(world, text_encoder, store) -> Batches:
    """Eight questions to train on, eight to watch."""
    visual = VisualTokens.open(
        QwenAdapter.load(world["answerer"]),
        accepted=world["accepted"],
        frames=world["frames"],
        size=(32, 48),
        keep=1,
        store=store,
    )
    train, val = (
        read_exercises(world["accepted"], split, "open", set(visual.videos(split)))[0] for split in ("train", "val")
    )
    picks = Picks(
        registry.make("ntlbg"),
        text_encoder,
        world["features"],
        k=lambda frames: 6,
        perturb=0.2,
        variants=3,
        seed=5,
        store=store,
    )
    return Batches(train, val, picks, visual, 5, "select")


def test_every_question_is_seen_equally_often(batches):
    """Over updates of any size; each epoch in an order of its own."""
    seen = [place for update in range(8) for place in batches.places(update, 3)]
    assert Counter(seen) == Counter((place, epoch) for epoch in range(3) for place in range(8))
    orders = [[place for place, epoch in seen if epoch == e] for e in range(3)]
    assert orders[0] != orders[1] != orders[2]


def test_an_updates_questions_depend_on_its_number_alone(batches):
    """Asked out of turn they are the same: a resumed run needs no memory of the epochs before."""
    assert batches.places(7, 3) == Batches(**vars_of(batches)).places(7, 3)
    assert batches.places(0, 3) == Batches(**vars_of(batches)).places(0, 3)
    other = Batches(**vars_of(batches) | {"stage": "joint"})
    assert [other.places(i, 3) for i in range(4)] != [batches.places(i, 3) for i in range(4)]


def vars_of(batches: Batches) -> dict:
    return {name: getattr(batches, name) for name in ("train", "val", "picks", "visual", "seed", "stage")}


def test_parts_of_an_update_are_its_whole(batches):
    """Accumulated or split over processes: the same samples in the same order."""
    whole = batches.part(1, 0, 1, 6)
    parts = [sample for part in range(3) for sample in batches.part(1, part, 3, 2)]
    for a, b in zip(whole, parts, strict=True):
        assert a.prompt == b.prompt
        assert a.indices.tolist() == b.indices.tolist()


def test_a_sample_holds_what_belongs_to_its_picks(batches):
    """Visual tokens of exactly the picked frames, the question's own curve, and the right option's place."""
    exercise = batches.train[0]
    sample = batches.sample(exercise, 0)
    assert sample.options[sample.answer] == exercise.options[exercise.answer]
    assert np.array_equal(sample.visual, batches.visual.of(exercise.video_id)[sample.indices].astype(np.float32))
    assert np.array_equal(sample.relevance, batches.picks.query(exercise).relevance)
    assert sample.features.shape == (20, 16)
    assert sample.size == (32, 48)


def test_validation_is_split_over_processes_without_loss(batches):
    """Every val question is answered by exactly one process, unperturbed."""
    alone = [s.prompt.user for part in batches.validation(3) for s in part]
    both = [s.prompt.user for rank in range(2) for part in batches.validation(3, rank, 2) for s in part]
    assert sorted(alone) == sorted(both) == sorted(e.text for e in batches.val)
    (first, *_), *_ = batches.validation(3)
    exercise = batches.val[0]
    own = [e for e in batches.val if e.video_id == exercise.video_id]
    assert first.indices.tolist() == batches.picks.of(exercise, own, None).tolist()


def test_videos_are_prepared_once(batches, store):
    """All that the questions are about."""
    batches.prepare()
    assert batches.videos() == ["mlvu_0", "mlvu_1", "mlvu_2", "mlvu_3"]
    assert batches.videos_of("train") == ["mlvu_0", "mlvu_2"]
    assert store.made["visual"] == 4
