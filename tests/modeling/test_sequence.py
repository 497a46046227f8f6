"""Tokens, places and positions of prompts with pictures."""

from __future__ import annotations

import pytest
import torch

from ntlbg.modeling.sequence import Blocks, lay_out

IMAGE, PAD = 7, 0


def blocks(rows: list[list[int]], columns: list[list[int]], count: list[int]) -> Blocks:
    """Pictures with these grids; their vectors stand one after the other, numbered from 0 in each row."""
    r, c = torch.tensor(rows), torch.tensor(columns)
    takes = r * c
    size = int(takes.sum(1).max())
    bank = torch.arange(len(rows) * size, dtype=torch.float32).view(len(rows), size, 1)
    return Blocks(bank, takes.cumsum(1) - takes, r, c, count)


def test_positions_are_those_of_transformers(family):
    """Guard: for text, points and frames of any grid, positions equal `get_rope_index` of each family."""
    image, merge = family.processor.image_token_id, family.model.config.vision_config.spatial_merge_size
    rows = [[2, 1, 1, 3], [1, 4, 1, 1], [1, 1, 1, 1]]
    columns = [[3, 1, 5, 2], [1, 2, 1, 1], [1, 1, 1, 1]]
    count = [4, 2, 0]
    # a chat parts pictures by text; transformers would take two side by side for one
    texts = [[3, 4, image, 9, image, 5, image, 6, image, 3], [image, 9, image, 4], [8, 3]]
    out = lay_out([torch.tensor(t) for t in texts], blocks(rows, columns, count), image=image, pad=1)
    grids = [[1, merge * r, merge * c] for b in range(3) for r, c in zip(rows[b][: count[b]], columns[b], strict=False)]
    own, _ = family.model.model.get_rope_index(
        out.ids,
        mm_token_type_ids=(out.ids == image).long() * out.mask,
        image_grid_thw=torch.tensor(grids),
        attention_mask=out.mask,
    )
    assert torch.equal(own * out.mask, out.positions)


def test_text_goes_on_after_the_larger_side_of_a_picture():
    """By hand: two words, a picture of 2 rows and 3 columns, a word."""
    out = lay_out([torch.tensor([3, 4, IMAGE, 5])], blocks([[2]], [[3]], [1]), image=IMAGE, pad=PAD)
    assert out.positions[0, 0].tolist() == [0, 1, 2, 2, 2, 2, 2, 2, 5]
    assert out.positions[1, 0].tolist() == [0, 1, 2, 2, 2, 3, 3, 3, 5]
    assert out.positions[2, 0].tolist() == [0, 1, 2, 3, 4, 2, 3, 4, 5]


def test_each_picture_token_takes_its_own_vector():
    """Places and sources pair token and vector, row after row, whatever the grids; padding takes none."""
    out = lay_out(
        [torch.tensor([3, IMAGE, 4, IMAGE]), torch.tensor([IMAGE, 5])],
        blocks([[1, 2], [1, 1]], [[2, 1], [1, 1]], [2, 1]),
        image=IMAGE,
        pad=PAD,
    )
    assert out.ids.tolist() == [[3, 7, 7, 4, 7, 7], [7, 5, 0, 0, 0, 0]]
    assert out.mask.sum(1).tolist() == out.lengths.tolist() == [6, 2]
    assert out.at.tolist() == [1, 2, 4, 5, 6]
    assert out.source.tolist() == [0, 1, 2, 3, 4]


def test_a_batch_is_its_prompts_alone():
    """What stands beside a prompt changes neither tokens nor positions."""
    texts = [torch.tensor([3, IMAGE, 4]), torch.tensor([5, 5, IMAGE, IMAGE, 6, 6, 6])]
    rows, columns, count = [[2, 1], [1, 3]], [[2, 1], [4, 1]], [1, 2]
    both = lay_out(texts, blocks(rows, columns, count), image=IMAGE, pad=PAD)
    for b in range(2):
        alone = lay_out([texts[b]], blocks(rows[b : b + 1], columns[b : b + 1], count[b : b + 1]), image=IMAGE, pad=PAD)
        n = int(alone.lengths)
        assert torch.equal(alone.ids[0], both.ids[b, :n])
        assert torch.equal(alone.positions[:, 0], both.positions[:, b, :n])


def test_pictures_that_do_not_match_the_text_are_refused():
    """A picture is neither left out nor made up."""
    with pytest.raises(ValueError, match="pictures"):
        lay_out([torch.tensor([3, IMAGE])], blocks([[1, 1]], [[1, 1]], [2]), image=IMAGE, pad=PAD)
