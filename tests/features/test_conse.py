"""The embedded encoder."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.features import conse
from ntlbg.features.conse import ConSE
from tests.features.conftest import noise


@pytest.fixture(scope="module")
def encoder() -> ConSE:
    return ConSE()


def test_shapes_and_norms(encoder: ConSE) -> None:
    """A wide or upright frame has three views, a square one a single view; all of unit norm, in 384 dimensions."""
    for (h, w), views in (((256, 456), 3), ((456, 256), 3), ((256, 256), 1), ((96, 160), 3)):
        features, vectors = encoder.encode_frames(noise(2, h, w))
        assert features.shape == (2, 1280)
        assert vectors.shape == (2, views, 384)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, atol=1e-5)
    assert encoder.encode_frames(np.zeros((0, 256, 256, 3), np.uint8))[0].shape == (0, 1280)


def test_the_windows_are_left_centre_and_right(encoder: ConSE) -> None:
    """Something at the left edge changes the left view alone."""
    frame = noise(1, 256, 800)
    changed = frame.copy()
    changed[:, :, :100] = 0
    before, after = encoder.encode_frames(frame)[1][0], encoder.encode_frames(changed)[1][0]
    assert not np.allclose(before[0], after[0], atol=1e-3)
    np.testing.assert_allclose(before[1:], after[1:], atol=1e-6)


def test_the_top_classes_are_weighed(encoder: ConSE) -> None:
    """A view is the probability-weighted mean of its ten likeliest classes' centred embeddings (naive reference)."""
    import torch

    frame = noise(1, 256, 256)[0]
    with torch.inference_mode():
        p = encoder._network(encoder._windows(torch.from_numpy(frame))).softmax(1)[0].numpy()
    top = np.argsort(-p)[:10]
    expected = sum(p[i] * encoder._centred[i] for i in top)
    np.testing.assert_allclose(
        encoder.encode_frames(frame[None])[1][0, 0], expected / np.linalg.norm(expected), atol=1e-4
    )


def test_a_class_is_found_by_its_own_name(encoder: ConSE) -> None:
    """The shipped class embeddings are in the network's order: names find their own ImageNet places."""
    centred = encoder._centred / np.linalg.norm(encoder._centred, axis=1, keepdims=True)
    # known places in ILSVRC-2012 order
    known = {"a goldfish": 1, "a picket fence": 716, "an acorn": 988, "a daisy": 985, "an electric guitar": 546}
    for name, place in known.items():
        assert np.argmax(centred @ encoder.encode_texts([name])[0]) == place


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
