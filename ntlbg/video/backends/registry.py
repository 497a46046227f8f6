"""Backends by name, and the order in which `auto` tries them."""

from __future__ import annotations

from ntlbg.errors import InputError
from ntlbg.video.backends.contract import Backend
from ntlbg.video.backends.decord_reader import Decord
from ntlbg.video.backends.ffmpeg_program import FFmpegProgram
from ntlbg.video.backends.pyav_gated import PyAVGated
from ntlbg.video.backends.pyav_sequential import PyAVSequential
from ntlbg.video.backends.torchcodec_reader import TorchCodec

AUTO = "auto"
# Equal in every pixel and always right; the second only when the first refuses or breaks off.
EXACT: tuple[Backend, ...] = (PyAVGated(), PyAVSequential())
BACKENDS: dict[str, Backend] = {backend.name: backend for backend in (*EXACT, FFmpegProgram(), Decord(), TorchCodec())}


def after(name: str) -> str | None:
    """The backend to try when one hung or died; None: there is none. What was asked for by name is never replaced."""
    return FFmpegProgram.name if name == AUTO else None


def chain(name: str) -> tuple[Backend, ...]:
    """The backends to try, in order: the named one alone, or those of `auto`. Raises InputError for another name."""
    if name == AUTO:
        return EXACT
    if name not in BACKENDS:
        raise InputError(f"there is no backend `{name}`", hint=f"there are: {', '.join((AUTO, *BACKENDS))}")
    return (BACKENDS[name],)
