"""Footage to time decoders on: one minute of moving test pictures and noise in every codec, made once by the ffmpeg
program and kept in .ntlbg/bench/decoding.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

from ntlbg.errors import InputError

FOLDER = Path(".ntlbg/bench/decoding")
FILM = Path("footage/big_buck_bunny.mp4")
SECONDS, RATE = 60, 30
SCENES = (
    "testsrc2=s={size}:r={rate}:d=10",
    "mandelbrot=s={size}:r={rate}:end_scale=0.01,trim=duration=10",
    "life=s=160x90:r={rate}:mold=10:seed=1:life_color=#C83232:death_color=#3232C8,scale={size},trim=duration=10",
    "gradients=s={size}:r={rate}:d=10:seed=1:speed=0.05",
    "cellauto=s={size}:r={rate}:seed=1,trim=duration=10",
    "testsrc=s={size}:r={rate}:d=10",
)
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-bf", "2", "-x264-params", "cpu-independent=1")

# name: options of the encoder
CODECS: dict[str, tuple[str, ...]] = {
    "h264_g250.mp4": (*X264, "-g", "250"),
    "h264_g48.mp4": (*X264, "-g", "48", "-sc_threshold", "0"),
    "hevc.mp4": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=250:bframes=2:pools=1:log-level=0"),
    "vp8.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-g", "128"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-g", "128"),
    "av1.mkv": ("-c:v", "libsvtav1", "-preset", "12", "-crf", "40", "-g", "150", "-svtav1-params", "lp=1"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-qscale:v", "5", "-bf", "2", "-g", "48"),
    "mpeg2.ts": ("-c:v", "mpeg2video", "-qscale:v", "5", "-bf", "2", "-g", "15"),
    "mpeg1.mpg": ("-c:v", "mpeg1video", "-qscale:v", "5", "-bf", "2", "-g", "15"),
    "mjpeg.mov": ("-c:v", "mjpeg", "-qscale:v", "5", "-pix_fmt", "yuvj420p"),
}
LONG = {"long_10.mp4": 10, "long_30.mp4": 30}  # minutes


def run(*arguments: str | Path) -> None:
    """The ffmpeg program on one thread. Raises InputError with its last line."""
    done = subprocess.run(
        [get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *map(str, arguments)], capture_output=True, check=False
    )
    if done.returncode:
        raise InputError(f"ffmpeg fails: {done.stderr.decode().strip().splitlines()[-1]}")


def clip(name: str, folder: Path = FOLDER) -> Path:
    """The clip of this name, made when it is not there."""
    path = folder / name
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"partial_{name}"
    if name in LONG:
        short = _source(folder, "320x180", 24)
        run("-stream_loop", LONG[name] * 60 // SECONDS - 1, "-i", short, "-c", "copy", partial)
    else:
        source = _source(folder, "640x360", RATE)
        run("-i", source, "-pix_fmt", "yuv420p", *CODECS[name], "-threads", "1", partial)
    partial.rename(path)
    return path


def film(folder: Path = FOLDER, seconds: int = 120) -> Path | None:
    """The film's first seconds, packets copied; None where the film is not there."""
    if not FILM.exists():
        return None
    path = folder / f"film_{seconds}.mp4"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        run("-i", FILM, "-t", seconds, "-map", "0:v:0", "-c", "copy", folder / f"partial_{path.name}")
        (folder / f"partial_{path.name}").rename(path)
    return path


def _source(folder: Path, size: str, rate: int) -> Path:
    """The pictures themselves, nearly without loss; noise of a camera on them."""
    path = folder / f"source_{size}.mp4"
    if not path.exists():
        inputs = [part for scene in SCENES for part in ("-f", "lavfi", "-i", scene.format(size=size, rate=rate))]
        same = "".join(f"[{i}:v]format=yuv420p,setsar=1[s{i}];" for i in range(len(SCENES)))
        joined = "".join(f"[s{i}]" for i in range(len(SCENES)))
        graph = f"{same}{joined}concat=n={len(SCENES)},noise=alls=6:allf=t:all_seed=1[v]"
        partial = path.with_name(f"partial_{path.name}")
        quality = ("-preset", "ultrafast", "-crf", "12") if size == "640x360" else ("-preset", "veryfast", "-g", "250")
        run(*inputs, "-filter_complex", graph, "-map", "[v]", "-c:v", "libx264", *quality, "-threads", "2", partial)
        partial.rename(path)
    return path
