"""Frames to patches, as the processor makes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ntlbg.errors import InputError
from ntlbg.modeling.images import patches, side_factor, tokens_per_frame


def test_patches_are_the_processors_own(answerer):
    """The stack in one step gives bit for bit what the processor gives image by image."""
    frames = np.random.default_rng(0).integers(0, 256, (5, 32, 48, 3), dtype=np.uint8)
    own = answerer.processor.image_processor(images=list(frames), return_tensors="pt")
    pixels, grid = patches(answerer.processor.image_processor, frames)
    assert torch.equal(pixels, own["pixel_values"])
    assert torch.equal(grid, own["image_grid_thw"])


def test_a_frame_of_the_tiny_model_costs_six_tokens(answerer):
    """32×48 pixels, patches of 8, merged two by two."""
    assert side_factor(answerer.processor.image_processor) == 16
    assert tokens_per_frame(answerer.processor.image_processor, 32, 48) == 6


@pytest.mark.parametrize("size", [(33, 48), (32, 40), (0, 48)])
def test_a_size_that_does_not_fit_is_refused(answerer, size):
    """Nothing is resized in silence: the error names the size and the multiple."""
    with pytest.raises(InputError, match="multiples of 16"):
        tokens_per_frame(answerer.processor.image_processor, *size)
