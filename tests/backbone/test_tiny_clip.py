"""The tiny encoder as a checkpoint."""

from __future__ import annotations

import numpy as np

from ntlbg.backbone import tiny_clip


def test_it_is_loaded_as_any_dual_encoder(tmp_path):
    """The features' own door opens it; vectors have unit length; other texts have other vectors."""
    from ntlbg.features.encoders import load_encoder

    processor = tiny_clip.build_processor()
    tiny_clip.save(tiny_clip.build_model(processor, width=32), processor, tmp_path)
    encoder = load_encoder(tmp_path)
    frames = np.random.default_rng(0).integers(0, 256, (3, 32, 48, 3), dtype=np.uint8)
    _, vectors = encoder.encode_frames(frames)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, atol=1e-5)
    texts = encoder.encode_texts(["What colour is the star in the cave?", "What colour is the moon in the cave?"])
    assert abs(texts[0] - texts[1]).max() > 1e-4


def test_pictures_are_squeezed_not_cropped():
    """The left and right ends of a wide frame are both seen."""
    frame = np.zeros((32, 48, 3), np.uint8)
    frame[:, :6], frame[:, -6:] = 255, 255
    pixels = tiny_clip.build_processor().image_processor(images=[frame], return_tensors="pt")["pixel_values"]
    assert pixels.shape == (1, 3, 32, 32)
    assert pixels[0, :, :, 0].mean() > 0
    assert pixels[0, :, :, -1].mean() > 0
