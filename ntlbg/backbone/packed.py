"""Several questions about the same frames in one sequence, with exactly the numbers of one sequence each.

Layout: [chat start, frames][question 1][question 2]… A question sees the frames and itself, never another question,
and its positions continue from the frames: mask and positions make it equal to a sequence of its own (tested). The
frames, four fifths of the tokens, are read once for all questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ntlbg.backbone import tokenizer as words
from ntlbg.modeling.vision import embed_frames


@dataclass(frozen=True)
class Layout:
    """What the packed sequences of k frames share. prefix: token ids [P]; positions: [3, P]; after: next position."""

    prefix: Any
    positions: Any
    after: int


def layout(model: Any, processor: Any, k: int, tokens_per_frame: int, grid_row: tuple[int, int, int]) -> Layout:
    """The prefix of every prompt with k frames, as the chat template writes it."""
    import torch

    chat = [{"role": "user", "content": [*[{"type": "image"}] * k, {"type": "text", "text": "?"}]}]
    text = processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    text = text[: text.rindex("?")].replace(words.IMAGE, words.IMAGE * tokens_per_frame)
    ids = torch.tensor([processor.tokenizer(text, add_special_tokens=False)["input_ids"]])
    if not k:
        return Layout(ids[0], torch.arange(ids.shape[1]).expand(3, -1), ids.shape[1])
    positions, _ = model.model.get_rope_index(
        ids,
        mm_token_type_ids=(ids == model.config.image_token_id).long(),
        image_grid_thw=torch.tensor([grid_row] * k),
    )
    # after an image the next text token continues at the larger side of its merged grid; text ended with <vision_end>
    return Layout(ids[0], positions[:, 0], int(positions[0, 0, -1]) + 1)


def packed_logits(
    model: Any, shared: Layout, pixel_values: Any, grid: Any, questions: Any, lengths: Any, *, see: bool = True
) -> Any:
    """Logits [B, Q, V] of the first answer token.

    pixel_values, grid: of B * k frames. questions: ids [B, Q, L], padded on the right; lengths: [B, Q].
    see: whether gradients reach the vision tower.
    """
    import torch

    B, Q, L = questions.shape
    P = shared.prefix.shape[0]
    embed = model.get_input_embeddings()
    prefix = embed(shared.prefix).expand(B, P, -1)
    if pixel_values is not None:
        where = (shared.prefix == model.config.image_token_id)[None, :, None].expand(B, P, prefix.shape[-1])
        with torch.set_grad_enabled(see and torch.is_grad_enabled()):
            pictures = embed_frames(model, pixel_values, grid)
        prefix = prefix.masked_scatter(where, pictures)
    inputs = torch.cat([prefix, embed(questions.reshape(B, Q * L))], dim=1)
    step = shared.after + torch.arange(L).repeat(Q)
    positions = torch.cat([shared.positions, step.expand(3, -1)], dim=1)[:, None].expand(3, B, -1)
    place = torch.arange(P + Q * L)
    block = torch.cat([torch.full((P,), -1), torch.arange(Q).repeat_interleave(L)])
    mask = (place[:, None] >= place[None]) & ((block[None] == -1) | (block[:, None] == block[None]))
    hidden = model.model.language_model(
        inputs_embeds=inputs,
        position_ids=positions,
        attention_mask={"full_attention": mask[None, None].expand(B, 1, -1, -1)},
        use_cache=False,
    ).last_hidden_state[:, P:]
    last = hidden.reshape(B, Q, L, -1).take_along_dim((lengths - 1)[..., None, None], dim=2)[:, :, 0]
    return model.lm_head(last)
