"""Frames to patches as the checkpoint's image processor makes them, all frames of one size in one step.

The processor itself walks through a list of images in Python; frames of a selection share one size, so its own two
tensor functions (normalise, patchify) are called once on the stack. The values are the processor's, bit for bit.
Nothing is resized: a size that does not fit the patches is an error, not a blur.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array


def side_factor(image_processor: Any) -> int:
    """Frame height and width must be multiples of this many pixels."""
    return int(image_processor.patch_size) * int(image_processor.merge_size)


def tokens_per_frame(image_processor: Any, height: int, width: int) -> int:
    """Language-model tokens that one frame costs. Raises InputError when the size does not fit the patches."""
    factor = side_factor(image_processor)
    if height % factor or width % factor or not height or not width:
        raise InputError(
            f"frames of {height}x{width} (height x width) do not fit this answerer: both sides must be multiples "
            f"of {factor}",
            hint=f"set evaluation.size to, for example, [{max(1, round(height / factor)) * factor}, "
            f"{max(1, round(width / factor)) * factor}]",
        )
    return (height // factor) * (width // factor)


def patches(image_processor: Any, frames: Array) -> tuple[Any, Any]:
    """frames: uint8 [n, h, w, 3], n > 0.

    Returns pixel_values f32 [n * h/patch * w/patch, 3 * temporal * patch * patch] and image_grid_thw i64 [n, 3].
    """
    import torch

    tokens_per_frame(image_processor, frames.shape[1], frames.shape[2])
    stack = torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2)))
    stack = image_processor.rescale_and_normalize(
        stack,
        image_processor.do_rescale,
        image_processor.rescale_factor,
        image_processor.do_normalize,
        tuple(image_processor.image_mean),
        tuple(image_processor.image_std),
    )
    flat, grid_h, grid_w = image_processor.patchify(
        stack,
        patch_size=image_processor.patch_size,
        merge_size=image_processor.merge_size,
        temporal_patch_size=image_processor.temporal_patch_size,
    )
    grid = torch.tensor([[1, grid_h, grid_w]], dtype=torch.long).expand(len(frames), 3).contiguous()
    return flat.reshape(-1, flat.shape[-1]), grid
