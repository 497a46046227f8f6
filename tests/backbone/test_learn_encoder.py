"""Training the tiny encoder."""

from __future__ import annotations

import numpy as np
import torch

from ntlbg.backbone import learn_encoder, tiny_clip
from ntlbg.backbone.assess import encoder_auc


def test_pictures_are_the_processors_own(scenes):
    """Training prepares a stack as the processor prepares image by image."""
    processor = tiny_clip.build_processor()
    frames = scenes[0].frames[:5]
    own = processor.image_processor(images=list(frames), return_tensors="pt")["pixel_values"]
    assert torch.equal(learn_encoder.pictures(processor.image_processor, frames), own)


def test_it_learns_and_repeats(scenes):
    """A few steps tell evidence from the rest on the videos practised, and the same seed gives the same weights."""

    def trained() -> tuple[object, object]:
        processor = tiny_clip.build_processor()
        model = tiny_clip.build_model(processor, width=32, seed=1)
        learn_encoder.learn(model, processor, scenes, steps=25, batch=96, seed=1)
        return model, processor

    torch.set_num_threads(1)
    model, processor = trained()
    found = encoder_auc(
        lambda frames: learn_encoder.embed(model, processor, frames),
        lambda texts: learn_encoder.embed_texts(model, processor, texts),
        scenes,
    )
    assert found["one_moment"] > 0.7
    again, _ = trained()
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    assert np.isfinite(found["whole_video"])
