"""How many frames an encoder is given at once: a number, or `auto`, as many as free memory holds.

`auto` guesses from the size of a frame, and halves when the guess was too high. As between fixed numbers, the last bits
of a feature may depend on how many frames went together; nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ntlbg.errors import NTLBGError
from ntlbg.features.encoders import Encoder
from ntlbg.features.params import AUTO, Batch
from ntlbg.records.arrays import Array
from ntlbg.video.storage import Frames

BYTES = 1000  # a pixel of a frame while it is encoded; a ViT-L/14 in float32 takes about a third of that
SHARE = 0.5  # of the free memory: others use it, too
MOST = 256  # more at once make no encoder faster


def encoded(frames: Frames, encoder: Encoder, batch: Batch) -> Iterator[tuple[int, tuple[Array, Array]]]:
    """What `encoder` gives for each run of frames, in order, with how many they were.

    Raises NTLBGError when they do not fit in memory: one frame under `auto`, else `batch` of them.
    """
    size = batch if batch != AUTO else frames_that_fit(frames, encoder)
    start = 0
    while start < len(frames):
        chunk = frames[start : start + size]
        found = _unless_memory_ends(lambda part=chunk: encoder.encode_frames(part))  # type: ignore[misc]
        if found is not None:
            yield len(chunk), found
            start += len(chunk)
        elif batch == AUTO and size > 1:
            size //= 2
            _give_back(encoder.device)
        else:
            raise NTLBGError(
                f"{len(chunk)} frames at once do not fit in the memory of `{encoder.device}`",
                hint="set `features.batch` to `auto` or to a smaller number" if size > 1 else "free some memory",
            )


def frames_that_fit(frames: Frames, encoder: Encoder) -> int:
    """A power of two, so that it does not follow every byte that somebody takes; at least 1."""
    _, h, w, _ = frames[:1].shape
    pixels = max(h * w, encoder.frame_size[0] * encoder.frame_size[1])
    fit = int(SHARE * free_memory(encoder.device)) // (BYTES * pixels)
    return 1 << (min(max(fit, 1), MOST).bit_length() - 1)


def free_memory(device: str) -> int:
    """Bytes that are free on a GPU, or in this machine's memory."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    import psutil

    return int(psutil.virtual_memory().available)


def _unless_memory_ends(work: Callable[[], tuple[Array, Array]]) -> tuple[Array, Array] | None:
    """None when there was too little memory; the error is gone by then, and with it what it held."""
    try:
        return work()
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        if not _is_about_memory(error):
            raise
        return None


def _is_about_memory(error: Exception) -> bool:
    import torch

    # on a CPU torch has no type of its own for it
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "DefaultCPUAllocator" in str(error)


def _give_back(device: str) -> None:
    """Torch keeps blocks of the size that did not fit."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
