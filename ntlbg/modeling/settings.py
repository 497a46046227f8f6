"""Settings of a trained model: all that is needed to build it anew, and what it belongs to. Saved as `ntlbg.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError

from ntlbg.errors import InputError
from ntlbg.modeling.lora import Lora
from ntlbg.modeling.params import ModelingParams
from ntlbg.modeling.shown import Presentation
from ntlbg.section import Section
from ntlbg.store import write_atomic

FILE = "ntlbg.json"
SIZES = ("rank", "hidden", "context", "temporal", "window", "tokens_per_point", "pool")  # of ModelingParams

Stage = Literal["untrained", "select", "joint", "full"]


class Settings(Section):
    """features: width of a video's features. query: of a question's vector. width: of the language model."""

    format: Literal[1] = 1
    stage: Stage = "untrained"
    features: PositiveInt
    query: PositiveInt
    width: PositiveInt

    rank: PositiveInt
    hidden: PositiveInt
    context: PositiveInt
    temporal: PositiveInt
    window: PositiveInt
    tokens_per_point: PositiveInt
    pool: PositiveFloat

    presentation: Presentation = "rich"
    points: PositiveInt = 48  # picks that are shown
    full_frames: NonNegativeInt = 4  # of them as whole frames, in `hybrid`
    size: tuple[PositiveInt, PositiveInt] = (32, 48)  # [height, width] of the frames
    timestamps: bool = False  # whether the prompt tells when each picture is

    selector: str = ""  # whose picks it was made for
    selector_settings: dict[str, Any] = Field(default_factory=dict)
    lora: Lora | None = None
    answerer: dict[str, Any]  # identity of the checkpoint whose pictures and words it knows
    encoder: dict[str, Any] = Field(default_factory=dict)  # of the features; empty where it was not told
    seed: NonNegativeInt = 0  # of the first weights
    files: dict[str, str] = Field(default_factory=dict)  # blake3 of each file of weights

    @staticmethod
    def sizes(modeling: ModelingParams) -> dict[str, Any]:
        """The fields that a tier's `modeling` section decides."""
        return {name: getattr(modeling, name) for name in SIZES}


def write_settings(folder: Path, settings: Settings) -> None:
    """Write `ntlbg.json`, whole or not at all."""
    write_atomic(folder / FILE, json.dumps(settings.model_dump(mode="json"), indent=2, sort_keys=True) + "\n")


def read_settings(folder: Path) -> Settings:
    """Read `ntlbg.json`. Raises InputError naming it when it is missing or not what `write_settings` wrote."""
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{path}: is missing, so this is no folder of a trained model", hint="run the training stage")
    try:
        return Settings.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise InputError(f"{path}: `{where}`: {first['msg']}", hint="take the folder as training wrote it") from error
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON", hint="take the folder as training wrote it") from error
