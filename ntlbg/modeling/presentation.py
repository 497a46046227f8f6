"""Presentation `frames`: every selected frame is an image of its own, in time order, then the question.

Images, not one video: Qwen-VL merges a video's frames in pairs, and two selected frames can lie minutes apart; as
an image each frame fills its temporal patch alone. It costs twice the tokens of a paired video, for every arm alike.
Order is the order of the images; seconds are told as text (`<12.3s>`) when `timestamps` is set, since Qwen2-VL
itself knows frame numbers only.
"""

from __future__ import annotations

from typing import Any

from ntlbg.errors import InputError
from ntlbg.modeling.request import Request


def plain(text: str, control: tuple[str, ...]) -> str:
    """`text` with every control token of the model broken up, so that a question cannot speak for the chat.

    Repeats until none is left: taking one apart can join its neighbours into another.
    """
    while any(token in text for token in control):
        for token in control:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def messages(request: Request, *, timestamps: bool, control: tuple[str, ...]) -> list[dict[str, Any]]:
    """The chat of one request: system (when given), then one user turn of images, stamps and the question."""
    content: list[dict[str, Any]] = []
    for second in request.timestamps_s:
        if timestamps:
            content.append({"type": "text", "text": f"<{second:.1f}s>"})
        content.append({"type": "image"})
    content.append({"type": "text", "text": plain(request.prompt.user, control)})
    chat: list[dict[str, Any]] = [{"role": "user", "content": content}]
    if request.prompt.system:
        system = [{"type": "text", "text": plain(request.prompt.system, control)}]
        chat.insert(0, {"role": "system", "content": system})
    return chat


def render(processor: Any, request: Request, *, timestamps: bool, control: tuple[str, ...]) -> str:
    """The prompt as text through the checkpoint's own chat template, one image token per frame, prefill appended."""
    text = processor.apply_chat_template(
        messages(request, timestamps=timestamps, control=control), tokenize=False, add_generation_prompt=True
    )
    if text.count(processor.image_token) != len(request.frames):
        raise InputError(
            f"the chat template wrote {text.count(processor.image_token)} images for {len(request.frames)} frames",
            hint="use a checkpoint with a chat template of the Qwen-VL kind",
        )
    return str(text) + plain(request.prompt.prefill, control)
