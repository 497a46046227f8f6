"""The vision tower over many frames of one size, in one attention call per layer.

transformers walks over the images of a batch in Python; thousands of tiny frames then cost more in calls than in
arithmetic. Frames of one size have equally many patches, so attention within each frame is one batched call.
The numbers are the tower's own; only Qwen2-VL is treated so, every other model takes its usual way.
"""

from __future__ import annotations

from typing import Any

ATTENTION = "ntlbg_equal_frames"


def _attend(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    patches_per_frame: int = 0,
    **_: Any,
) -> tuple[Any, None]:
    """Attention inside each frame. query, key, value: [1, heads, n * patches, d] -> [1, n * patches, heads, d]."""
    from torch.nn.functional import scaled_dot_product_attention

    _, heads, total, d = query.shape

    def framed(x: Any) -> Any:
        return x.view(heads, total // patches_per_frame, patches_per_frame, d).transpose(0, 1)

    out = scaled_dot_product_attention(framed(query), framed(key), framed(value), scale=scaling)
    return out.transpose(1, 2).reshape(1, total, heads, d), None


def fast(model: Any) -> bool:
    """Whether `embed_frames` knows this model."""
    return str(model.config.model_type) == "qwen2_vl"


def embed_frames(model: Any, pixel_values: Any, grid: Any) -> Any:
    """Image embeddings [n * tokens, D] of n frames that share one grid row; with gradients where they are on."""
    import torch
    from transformers import AttentionInterface
    from transformers.vision_utils import get_vision_position_ids

    AttentionInterface.register(ATTENTION, _attend)
    tower = model.model.visual
    per_frame = int(grid[0].prod())
    total = per_frame * len(grid)
    usual = tower.config._attn_implementation
    tower.config._attn_implementation = ATTENTION
    try:
        out = tower(
            pixel_values.to(tower.dtype),
            grid_thw=grid,
            # one segment: `_attend` itself keeps frames apart
            cu_seqlens=torch.tensor([0, total], dtype=torch.int32),
            position_ids=get_vision_position_ids(grid[:1], tower.spatial_merge_size).repeat(len(grid), 1),
            patches_per_frame=per_frame,
            return_dict=True,
        )
    finally:
        tower.config._attn_implementation = usual
    return out.pooler_output
