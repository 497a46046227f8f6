"""Settings of a trained model: all that is needed to build it anew, and what it belongs to. Saved as `ntlbg.json`.

The file may come from anybody. What it asks for is bounded here, and what remains is compared with the tensors beside
it before anything is built. It holds a digest of itself, because not every setting shows in a shape: a law of rank 9
has the tensors of one of rank 8, and answers otherwise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, ValidationError

from ntlbg.errors import InputError
from ntlbg.modeling.lora import Lora
from ntlbg.modeling.params import ModelingParams
from ntlbg.modeling.shown import Presentation
from ntlbg.section import Section
from ntlbg.store import key, write_atomic
from ntlbg.tensors import HINT

FILE, DIGEST = "ntlbg.json", "digest"
LONGEST = 2**20  # bytes; a real one has a few thousand
SIZES = ("rank", "hidden", "context", "temporal", "window", "tokens_per_point", "pool")  # of ModelingParams

Stage = Literal["untrained", "select", "joint", "full"]
# Far above every use: what lies beyond can only be a mistake, or meant to fill the memory.
Width = Annotated[int, Field(gt=0, le=2**17)]  # of a layer
Count = Annotated[int, Field(gt=0, le=2**16)]  # of picks
Side = Annotated[int, Field(gt=0, le=2**13)]  # of a frame, in pixels
Reach = Annotated[int, Field(gt=0, le=2**10)]  # of a window, in frames
Pool = Annotated[float, Field(gt=0, le=2**10)]


class Settings(Section):
    """features: width of a video's features. query: of a question's vector. width: of the language model."""

    format: Literal[1] = 1
    stage: Stage = "untrained"
    features: Width
    query: Width
    width: Width

    rank: Width
    hidden: Width
    context: Width
    temporal: Width
    window: Reach
    tokens_per_point: Count
    pool: Pool

    presentation: Presentation = "rich"
    points: Count = 48  # picks that are shown
    full_frames: NonNegativeInt = 4  # of them as whole frames, in `hybrid`
    size: tuple[Side, Side] = (32, 48)  # [height, width] of the frames
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
    content = settings.model_dump(mode="json")
    content[DIGEST] = key(**content)
    write_atomic(folder / FILE, json.dumps(content, indent=2, sort_keys=True) + "\n")


def read_settings(folder: Path) -> Settings:
    """Read `ntlbg.json`. Raises InputError naming it when it is missing or not what `write_settings` wrote."""
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{path}: is missing, so this is no folder of a trained model", hint="run the training stage")
    if path.stat().st_size > LONGEST:
        raise InputError(f"{path}: is longer than {LONGEST} bytes", hint=HINT)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        told = content.pop(DIGEST, None) if isinstance(content, dict) else None
        settings = Settings.model_validate(content)
        made = key(**content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise InputError(f"{path}: `{where}`: {first['msg']}", hint=HINT) from error
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON", hint=HINT) from error
    if told != made:
        raise InputError(f"{path}: is not as it was saved: its `{DIGEST}` is of other settings", hint=HINT)
    return settings
