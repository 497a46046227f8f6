"""Decoders compared: which frames they get right, what they cost, and whether decoding or encoding binds.

    python -m benchmarks.decoding accuracy [--backends auto,decord] [--clips h264] [--write]
    python -m benchmarks.decoding speed [--anew] [--rounds 3] [--arms full,auto] [--clips h264_g250.mp4] [--write]
    python -m benchmarks.decoding memory [--write]
    python -m benchmarks.decoding binding [--encoder embedded] [--device cpu] [--write]

`accuracy` reads footage whose frames carry their numbers (tests/video/footage.py). `speed` times one minute of every
codec at 640x360 and the first two minutes of footage/big_buck_bunny.mp4 (`make footage`) at 1 frame per second and
224x224, each arm in a process of its own on one thread, arms taking turns. `memory` compares videos of 10 and of 30
minutes. `speed` keeps what it measured in .ntlbg/bench/decoding until it is done: one that was stopped goes on there
with the same code, --anew forgets it. --write puts the table into docs/video.md. Run it on a quiet machine: CPU-seconds
move with load too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.command import command
from ntlbg.errors import InputError
from ntlbg.store import file_digest, key, write_atomic

PAGE = Path("docs/video.md")
FILM_NAME = "film, first 2 min (720p)"
NO_FILM = "footage/big_buck_bunny.mp4 was not there (`make footage`): the film was not measured."


def accuracy_command(options: argparse.Namespace) -> str:
    from benchmarks.decoders import accuracy
    from benchmarks.decoders.clips import FOLDER

    names = [name for name in accuracy.FOOTAGE if not options.clips or any(part in name for part in options.clips)]
    found = accuracy.measured(FOLDER / "footage", names, options.backends or accuracy.BACKENDS)
    return accuracy.table(found)


def speed_command(options: argparse.Namespace) -> str:
    from benchmarks.decoders import clips, speed
    from ntlbg import video
    from ntlbg.video.probe import probe

    arms = options.arms or list(speed.ARMS)
    names = options.clips or [*clips.CODECS, FILM_NAME]
    paths = {name: clips.film() if name == FILM_NAME else clips.clip(name) for name in names}
    present = {path: name for name, path in paths.items() if path is not None}
    cells: speed.Cells = {name: {arm: [] for arm in arms} for name in present.values()}
    sources = sorted(Path(video.__path__[0]).rglob("*.py"))
    code = key(files=[[file.name, file_digest(file)] for file in sources])
    kept = clips.FOLDER / f"speed-{code[:12]}.jsonl"  # of other code other figures
    if options.anew:
        kept.unlink(missing_ok=True)
    for path, arm, one in speed.rounds(list(present), arms, options.rounds, kept):
        cells[present[path]][arm].append(one)
        print(f"{present[path]}, {arm}: {one}", file=sys.stderr, flush=True)
    seconds = {name: probe(path).duration_s for path, name in present.items()}
    text = speed.table(cells, seconds) + f"\n\n{machine()}; median (range) of {options.rounds}."
    return text if paths.get(FILM_NAME, True) else f"{text} {NO_FILM}"


def memory_command(options: argparse.Namespace) -> str:
    from benchmarks.decoders import clips, speed

    lines = []
    for arm in options.arms or ["auto", speed.KEYS]:
        rose = {}
        for name, minutes in clips.LONG.items():
            one = speed.measure(arm, clips.clip(name), fps=0.1 if arm == speed.KEYS else 1.0)
            rose[minutes] = one["own_mb"] + one["child_mb"]
            rate = 60 * minutes / one["cpu_s"]
            lines.append(
                f"- `{arm}`, {minutes} min (320x180): {rose[minutes]:.0f} MB, {one['cpu_s']:.1f} CPU-s, "
                f"{rate:.0f} video-seconds per CPU-second, {one['frames']:.0f} frames"
            )
        (short, less), (long, more) = sorted(rose.items())
        lines.append(f"- `{arm}`: {more - less:+.0f} MB from {short} to {long} minutes")
    return "\n".join(lines) + f"\n\n{machine()}."


def binding_command(options: argparse.Namespace) -> str:
    from benchmarks.decoders import binding, clips

    path = clips.clip("h264_g250.mp4")
    rates = binding.measure(path, options.encoder, options.device)
    return f"`{options.encoder}` on {options.device}, H.264 640x360: {rates.sentence}."


def machine() -> str:
    """The kind of machine, not its name."""
    from ntlbg.processes import cores

    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    kind = next(
        (line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line), platform.machine()
    )
    load = os.getloadavg()[0]
    return f"{cores()} cores ({kind}), load {load:.1f}"


def one_command(options: argparse.Namespace) -> str:
    from benchmarks.decoders import speed

    return json.dumps(speed.measure_here(options.arm, Path(options.video), options.fps))


def written(page: str, section: str, text: str) -> str:
    """The page with what stands between the section's marks replaced. Raises InputError when they are not there."""
    start, end = f"<!-- {section} -->", f"<!-- /{section} -->"
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise InputError(f"{PAGE}: has no place for the table `{section}`")
    return f"{before}{start}\n{text}\n{end}{after}"


def parser() -> argparse.ArgumentParser:
    def names(text: str) -> list[str]:
        return text.split(",")

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    for what in ("accuracy", "speed", "memory", "binding"):
        command = commands.add_parser(what)
        command.add_argument("--write", action="store_true", help="put it into docs/video.md")
        command.add_argument("--clips", type=names, help="only these")
        command.add_argument("--arms", type=names, help="only these")
        command.add_argument("--backends", type=names, help="only these")
        command.add_argument("--rounds", type=int, default=3)
        command.add_argument("--anew", action="store_true", help="forget what earlier runs of `speed` measured")
        command.add_argument("--encoder", default="embedded")
        command.add_argument("--device", default="cpu")
    one = commands.add_parser("one", help="one measurement, in this process")
    one.add_argument("arm")
    one.add_argument("video")
    one.add_argument("--fps", type=float, default=1.0)
    one.set_defaults(write=False)
    return parser


def main() -> int:
    options = parser().parse_args()
    commands = {
        "accuracy": accuracy_command,
        "speed": speed_command,
        "memory": memory_command,
        "binding": binding_command,
        "one": one_command,
    }
    text = commands[options.what](options)
    print(text)
    if options.write:
        write_atomic(PAGE, written(PAGE.read_text(), options.what, text))
    return 0


if __name__ == "__main__":
    command(main)
