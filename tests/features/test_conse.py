"""The embedded encoder."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.features import conse
from ntlbg.features.conse import ConSE
from ntlbg.features.named import Film
from ntlbg.records.arrays import Array
from tests.features.conftest import noise


@pytest.fixture(scope="module")
def encoder() -> ConSE:
    return ConSE()


def test_shapes_and_norms(encoder: ConSE) -> None:
    """A wide or upright frame has three views, a square one a single view: probabilities of the 1,000 classes. Among
    their names they have unit norm, in 384 dimensions."""
    for (h, w), views in (((256, 456), 3), ((456, 256), 3), ((256, 256), 1), ((96, 160), 3)):
        features, vectors = encoder.encode_frames(noise(2, h, w))
        assert features.shape == (2, 1280)
        assert vectors.shape == (2, views, 1000)
        np.testing.assert_allclose(vectors.sum(axis=-1), 1, atol=1e-5)
        assert encoder.views(vectors).shape == (2, views, 384)
        np.testing.assert_allclose(np.linalg.norm(encoder.views(vectors), axis=-1), 1, atol=1e-5)
    assert encoder.encode_frames(np.zeros((0, 256, 256, 3), np.uint8))[0].shape == (0, 1280)


def test_the_windows_are_left_centre_and_right(encoder: ConSE) -> None:
    """Something at the left edge changes the left view alone."""
    frame = noise(1, 256, 800)
    changed = frame.copy()
    changed[:, :, :100] = 0
    before, after = encoder.encode_frames(frame)[1][0], encoder.encode_frames(changed)[1][0]
    assert not np.allclose(before[0], after[0], atol=1e-4)
    np.testing.assert_allclose(before[1:], after[1:], atol=1e-6)


def test_the_top_classes_are_weighed(encoder: ConSE) -> None:
    """A view is the probability-weighted mean of its ten likeliest classes' centred embeddings (naive reference)."""
    import torch

    frame = noise(1, 256, 256)[0]
    with torch.inference_mode():
        p = encoder._network(encoder._windows(torch.from_numpy(frame))).softmax(1)[0].numpy()
    top = np.argsort(-p)[:10]
    expected = sum(p[i] * encoder._centred[i] for i in top)
    _, vectors = encoder.encode_frames(frame[None])
    np.testing.assert_allclose(vectors[0, 0], p, atol=1e-5)
    np.testing.assert_allclose(encoder.views(vectors)[0, 0], expected / np.linalg.norm(expected), atol=1e-4)


def test_a_class_is_found_by_its_own_name(encoder: ConSE) -> None:
    """The shipped class embeddings are in the network's order: names find their own ImageNet places."""
    centred = encoder._centred / np.linalg.norm(encoder._centred, axis=1, keepdims=True)
    # known places in ILSVRC-2012 order
    known = {"a goldfish": 1, "a picket fence": 716, "an acorn": 988, "a daisy": 985, "an electric guitar": 546}
    for name, place in known.items():
        assert np.argmax(centred @ encoder.encode_texts([name])[0]) == place


def shown(*classes: int) -> Array:
    """Frames of one view that the network takes, with 0.9, for the classes at these places."""
    p = np.full((len(classes), 1, 1000), 0.1 / 999, np.float32)
    p[np.arange(len(classes)), 0, classes] = 0.9
    return p


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("What stands behind the picket fence?", 2),
        ("Which acorn is the bigger one?", 3),
        ("How many goldfish are there?", 1),
        ("What colour is the middle of the daisy?", 4),
    ],
)
def test_a_question_finds_the_frame_that_shows_its_object(encoder: ConSE, question: str, place: int) -> None:
    """Of frames taken for five classes, the one that the question names is the most relevant."""
    vectors = shown(546, 1, 716, 988, 985)  # electric guitar, goldfish, picket fence, acorn, daisy
    assert int(np.argmax(encoder.relevance(question, vectors))) == place


def test_two_things_together_beat_either(encoder: ConSE) -> None:
    """A frame with both things that a question names is before the frames with one of them."""
    vectors = shown(716, 988, 716, 546, 1)
    vectors[2, 0, [716, 988]] = 0.45
    assert int(np.argmax(encoder.relevance("an acorn in front of a picket fence", vectors))) == 2


def test_a_question_of_unnamed_things_still_has_a_curve(encoder: ConSE) -> None:
    """Where no word is like a class, the phrase as a whole speaks alone; the curve is finite."""
    for question in ("Why?", "¿Por qué?", "What happens?"):
        curve = encoder.relevance(question, shown(716, 988, 1))
        assert curve.shape == (3,)
        assert np.isfinite(curve).all()


def test_features_of_another_encoder_are_refused(encoder: ConSE) -> None:
    """Vectors that are no probabilities of the classes are named, with what to do."""
    with pytest.raises(InputError, match=r"shape \(4, 3, 384\)"):
        encoder.relevance("a dog", np.zeros((4, 3, 384), np.float32))


def test_what_a_video_needs_is_computed_once(encoder: ConSE, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second question on the same vectors makes no new tables; other vectors with equal numbers do."""
    made = []
    monkeypatch.setattr(conse, "Film", lambda *a: made.append(1) or Film(*a))
    vectors = shown(716, 988)
    first = encoder.relevance("a fence", vectors)
    np.testing.assert_array_equal(encoder.relevance("a fence", vectors), first)
    assert len(made) == 1
    np.testing.assert_array_equal(encoder.relevance("a fence", vectors.copy()), first)
    assert len(made) == 2


def test_background_queries_are_the_listed_ones(encoder: ConSE) -> None:
    """The shipped background embeddings are those of background.txt, within float16."""
    lines = [q for q in (files("ntlbg.features") / "background.txt").read_text().splitlines() if q]
    assert encoder.background is not None
    np.testing.assert_allclose(encoder.background, encoder.encode_texts(lines), atol=2e-3)


def test_the_tables_are_small() -> None:
    """The shipped file stays under a megabyte."""
    assert len((files("ntlbg.features") / conse.TABLES).read_bytes()) < 1_000_000


def test_it_says_what_it_cannot_see_and_computes_in_float32_only(encoder: ConSE) -> None:
    """The sentence names actions, text, feelings, viewpoint, counts and homonyms; half precision is refused."""
    for word in ("ImageNet", "actions", "text", "feelings", "viewpoint", "counts", "two meanings"):
        assert word in encoder.sees
    with pytest.raises(InputError, match="float32"):
        encoder.compute_in("bfloat16")


def test_threads_do_not_change_a_bit(encoder: ConSE) -> None:
    """One intra-op thread inside, whatever is set outside; the setting is restored."""
    import torch

    before = torch.get_num_threads()
    frames = noise(1, 256, 300)
    try:
        torch.set_num_threads(1)
        one = encoder.encode_frames(frames)
        torch.set_num_threads(2)
        two = encoder.encode_frames(frames)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_changed_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights with another sha256 are not loaded."""
    monkeypatch.setattr(conse, "NETWORK_SHA256", "0" * 64)
    with pytest.raises(InputError, match="not the expected weights"):
        ConSE().encode_frames(noise(1, 256, 256))
