"""Backends by name."""

from __future__ import annotations

from importlib.metadata import version
from typing import get_args

import pytest

from ntlbg.errors import InputError
from ntlbg.video.backends.registry import AUTO, BACKENDS, EXACT, chain, foreign, made_by
from ntlbg.video.params import VideoParams


def test_the_parameter_offers_what_is_registered() -> None:
    """params.yaml can name every backend and nothing else."""
    assert get_args(VideoParams.model_fields["backend"].annotation) == (AUTO, *BACKENDS)


def test_auto_is_a_chain_and_a_name_is_itself_alone() -> None:
    """What was asked for by name is never replaced; the last of the chain refuses nothing."""
    assert chain(AUTO) == EXACT
    assert EXACT[-1].name == "pyav_sequential"
    for name, backend in BACKENDS.items():
        assert chain(name) == (backend,)
        assert backend.name == name
    with pytest.raises(InputError, match="no backend `magic`") as told:
        chain("magic")
    assert "pyav_gated" in str(told.value.hint)


def test_only_pixels_of_their_own_need_a_key_of_their_own() -> None:
    """Those of `auto` and of its chain are equal; of the others, name and version are told, installed or not."""
    assert not any(foreign(name) or made_by(name) for name in (AUTO, *(backend.name for backend in EXACT)))
    for name in BACKENDS.keys() - {backend.name for backend in EXACT}:
        assert foreign(name)
        assert made_by(name)["backend"][0] == name
    assert made_by("decord") == {"backend": ["decord", version("decord")]}
    assert made_by("ffmpeg") == {"backend": ["ffmpeg", version("imageio-ffmpeg")]}
