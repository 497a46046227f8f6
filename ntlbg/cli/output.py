"""The folder of a selection: frames, contact sheet, timeline, and the JSON object beside them.

Other files in the folder are left alone; the pictures of an earlier selection there are replaced, none is left over.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ntlbg.errors import InputError
from ntlbg.store import write_atomic

if TYPE_CHECKING:
    from ntlbg.api import Chosen

SELECTION = "selection.json"
SHEET, TIMELINE = "contact_sheet.png", "timeline.png"
_FRAME = re.compile(r"\d{2,}_\d{5,}\.\d{3}s\.png")


def frame_name(rank: int, time_s: float, count: int) -> str:
    """`03_00446.000s.png`: place in time order, then seconds; names sort as the frames do."""
    return f"{rank:0{max(2, len(str(count)))}d}_{time_s:09.3f}s.png"


def write(chosen: Chosen, folder: Path) -> None:
    """Write everything into `folder`; an earlier selection there is touched when all of the new one is on the disk.

    Raises InputError when it cannot be written.
    """
    from ntlbg.cli.contact_sheet import contact_sheet
    from ntlbg.cli.timeline import timeline

    times = chosen.selection.timestamps_s
    files = {frame_name(i + 1, float(times[i]), len(times)): frame for i, frame in enumerate(chosen.pictures())}
    try:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: is not a folder", hint="name another one with --out")
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", suffix=".partial", dir=folder) as waiting:
            new = Path(waiting)
            for name, pixels in files.items():
                write_atomic(new / name, png(pixels))
            write_atomic(new / SHEET, png(contact_sheet(chosen)))
            write_atomic(new / TIMELINE, timeline(chosen))
            told = {**chosen.as_json(), "frames": list(files)}
            write_atomic(new / SELECTION, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
            for name in (*files, SHEET, TIMELINE, SELECTION):
                (new / name).replace(folder / name)
        for old in folder.iterdir():
            if _FRAME.fullmatch(old.name) and old.name not in files and not old.is_symlink():
                old.unlink()
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({(error.strerror or str(error)).lower()})",
            hint="name another folder with --out",
        ) from error


def png(picture: Any) -> bytes:
    """PNG bytes of a uint8 [h, w, 3] array or a Pillow image."""
    from PIL import Image

    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
