"""Backends by name, and the order in which `auto` tries them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

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

PACKAGES = {"ffmpeg": "imageio-ffmpeg"}  # whose version is a backend's, where it has another name


def foreign(name: str) -> bool:
    """Whether a backend's pixels are its own: near those of `auto`, not equal to them."""
    return name != AUTO and name not in {backend.name for backend in EXACT}


def made_by(name: str) -> dict[str, Any]:
    """What frames of a backend depend on besides the sampling, as parts of a store key; none where they are exact."""
    return {"backend": [name, _version(PACKAGES.get(name, name))]} if foreign(name) else {}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""  # it refuses everything then


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
