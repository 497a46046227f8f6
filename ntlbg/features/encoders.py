"""What an encoder is, and how one is loaded.

Letters: n frames or texts, h×w pixels, d visual features, v views of a frame, e the space that text is compared in.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

EMBEDDED = "embedded"
POINTER = "pointer.json"
LAST_BLOCK = "encoder.safetensors"  # in the folder of a trained model: the encoder's last block, where it was trained
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


class Encoder(ABC):
    """Frames and texts to vectors. An encoder knows nothing of selectors and keeps no state between calls."""

    name: str  # for people
    identity: dict[str, Any]  # for keys: everything that can change a vector, JSON types only
    sees: str  # one honest sentence: what it can see and what it cannot
    frame_size: tuple[int, int]  # (h, w) of a square-ish frame that it reads
    device: str = "cpu"  # where it computes, as torch names it
    background: Array | None = None  # [q, e]: other queries, whose mean score is taken off a frame's (hubness)
    alike_from: float | None = None  # below this cosine no picture shows what was asked for, where that is known

    @property
    def dtype(self) -> str:
        """What it computes in now, as torch names it."""
        return "float32"

    @property
    def computing(self) -> dict[str, Any]:
        """For keys of what it computed: its identity, with the dtype where that is not float32."""
        return self.identity if self.dtype == "float32" else {**self.identity, "dtype": self.dtype}

    @abstractmethod
    def encode_frames(self, frames: Array) -> tuple[Array, Array]:
        """uint8 [n, h, w, 3] RGB → features [n, d] float32 and vectors [n, v, e] or [n, e] float32, unit norm.

        Where `views` is its own, vectors may be something else than unit rows of e numbers.
        """

    @abstractmethod
    def encode_texts(self, texts: list[str]) -> Array:
        """[n, e] float32, unit norm."""

    def phrase(self, question: str) -> str:
        """The text to compare with pictures: the question as it stands, unless the encoder reads phrases better."""
        return question

    def views(self, vectors: Array) -> Array:
        """The vectors of a video in the space that text is compared in: [T, v, e] or [T, e], unit norm."""
        return vectors

    def relevance(self, question: str, vectors: Array) -> Array | None:
        """The curve [T] of `question` on the vectors of a video, where the encoder has a way of its own; else None."""
        return None

    def compute_in(self, dtype: str) -> None:
        """Compute in this dtype from now on. Raises InputError when the encoder cannot."""
        if dtype != "float32":
            raise InputError(
                f"the encoder `{self.name}` computes in float32, not {dtype}", hint="set `features.dtype` to float32"
            )

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """(h, w) to decode a video of this size to: its own shape, the shorter side as long as the encoder reads.

        Very long pictures are squeezed to 4:1.
        """
        short = min(self.frame_size)
        scale = short / max(min(width, height), 1)
        w, h = (min(max(round(side * scale / 2) * 2, short), 4 * short) for side in (width, height))
        return h, w


def load_encoder(
    source: str | Path, *, revision: str | None = None, device: str = "cpu", dtype: str = "float32"
) -> Encoder:
    """The encoder that `source` names.

    source: `embedded` (needs no download); a folder with a checkpoint of CLIP, SigLIP or another model with
    `get_image_features` and `get_text_features`; a folder with a `pointer.json` {source, revision}; or a Hub id.
    revision: the full commit of a Hub id, required for one: a branch's content changes under the same name.
    device: as torch names it. Raises InputError naming the source when it is none of these, or the device when this
    machine lacks it.
    """
    check_device(device)
    folder = Path(source)
    if (folder / POINTER).is_file():
        target, revision = _pointer(folder / POINTER)
        if Path(target, POINTER).is_file():
            raise InputError(f"{folder / POINTER}: points to another pointer")
        return load_encoder(target, revision=revision, device=device, dtype=dtype)
    if str(source) == EMBEDDED:
        from ntlbg.features.conse import ConSE

        encoder: Encoder = ConSE(device)
    elif folder.is_dir():
        from ntlbg.features.dual import DualEncoder

        encoder = DualEncoder(folder, device=device)
    else:
        encoder = _from_hub(str(source), revision, device)
    encoder.compute_in(dtype)
    return encoder


def encoder_of(model: Path, frozen: Encoder) -> Encoder:
    """The encoder of a trained model: `frozen` itself, or with the last block that training left in the model's folder.

    Raises InputError when that file does not hold a block of this encoder.
    """
    if not (model / LAST_BLOCK).is_file():
        return frozen
    from ntlbg.features.last_block import Retrained

    return Retrained(frozen, model / LAST_BLOCK)


def check_device(device: str) -> None:
    """Raises InputError when torch cannot compute on `device` here. The CPU is always there, and asks for no torch."""
    if device == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"the device `{device}` cannot be used here: {lines[0][:200]}",
            hint="set `device` to `cpu`, or run where there is such a device",
        ) from None


def _pointer(path: Path) -> tuple[str, str | None]:
    try:
        found = json.loads(path.read_text())
        source, revision = found["source"], found.get("revision")
    except (ValueError, KeyError, TypeError, AttributeError):
        source, revision = None, None
    if not isinstance(source, str) or not isinstance(revision, str | None):
        raise InputError(f"{path}: holds no {{source, revision}}", hint="run the stage `backbone@encoder` again")
    return source, revision


def _from_hub(source: str, revision: str | None, device: str) -> Encoder:
    if not _HUB_ID.fullmatch(source):
        raise InputError(
            f"there is no encoder `{source}`",
            hint=f"name `{EMBEDDED}`, a folder with a checkpoint, or a Hub id such as google/siglip-base-patch16-224",
        )
    if revision is None or not _COMMIT.fullmatch(revision):
        raise InputError(
            f"encoder `{source}`: revision {'is missing' if revision is None else f'`{revision}` is not a commit'}",
            hint="give the 40 hex digits of a commit (in the command line: ID@COMMIT); branches and tags move",
        )
    from ntlbg.features.dual import DualEncoder

    return DualEncoder(source, revision=revision, device=device)
