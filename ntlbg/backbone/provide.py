"""Puts the encoder or the answerer of a run into a folder: shipped, trained here, or a pointer to one elsewhere."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from ntlbg.backbone.params import COMMIT, SHIPPED, TRAIN, BackboneParams, ModelParams
from ntlbg.errors import InputError
from ntlbg.modeling.checkpoint import locate, write_pointer

SHIPPED_FOLDER = Path(__file__).parent / "shipped"
MANIFEST = "manifest.json"  # part -> file name -> sha256, and how the part was made


def provide_encoder(params: BackboneParams, into: Path) -> None:
    """Fill the folder `into` with the tier's encoder, loadable by `ntlbg.features.encoders.load_encoder`."""
    if params.encoder.source == TRAIN:
        from ntlbg.backbone.train import train_encoder

        into.mkdir(parents=True, exist_ok=True)
        train_encoder(params.encoder, into)
        return
    _ready_made("encoder", params.encoder, into)


def provide_answerer(params: BackboneParams, into: Path) -> None:
    """Fill the folder `into` with the tier's answerer, loadable by `ntlbg.modeling.answerer.Answerer.load`."""
    if params.answerer.source == TRAIN:
        from ntlbg.backbone.train import train_answerer

        into.mkdir(parents=True, exist_ok=True)
        train_answerer(params.answerer, into)
        return
    _ready_made("answerer", params.answerer, into)


def _ready_made(part: str, params: ModelParams, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    if params.source == SHIPPED:
        copy_shipped(part, into)
        return
    if Path(params.source).expanduser().exists():
        if params.revision is not None:
            raise InputError(
                f"backbone.{part}: `{params.source}` is a folder, so `revision` has no meaning",
                hint="leave `revision` out; a folder's files are known by their digests",
            )
    elif params.revision is None or not COMMIT.fullmatch(params.revision):
        raise InputError(
            f"backbone.{part}: `{params.source}` is no folder, and as a Hub id it has no pinned revision",
            hint="give `revision`: the 40 hex digits of a commit; branches and tags move",
        )
    write_pointer(into, locate(params.source, params.revision))


def copy_shipped(part: str, into: Path, *, folder: Path = SHIPPED_FOLDER) -> None:
    """Copy a shipped checkpoint after checking every file's sha256 against the manifest."""
    files = manifest(folder)[part]["files"]
    for name, expected in files.items():
        source = folder / part / name
        data = source.read_bytes() if source.is_file() else None
        if data is None or hashlib.sha256(data).hexdigest() != expected:
            raise InputError(
                f"{source}: {'is missing' if data is None else 'is not the file that was shipped'}",
                hint=f"install the package again, or set `backbone.{part}.source: {TRAIN}`",
            )
    for name in files:
        shutil.copyfile(folder / part / name, into / name)


def manifest(folder: Path = SHIPPED_FOLDER) -> dict[str, Any]:
    """What is shipped. Raises InputError when the manifest cannot be read."""
    try:
        return dict(json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / MANIFEST}: cannot be read", hint="install the package again") from error
