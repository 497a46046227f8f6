"""One feature file per video: what selectors see, and the vectors that questions are compared with.

A safetensors file with `features` [T, d] f32, `vectors` [T, v, e] or [T, e] f32 (unit rows; v views of a frame),
`timestamps_s` [T] f64 and `basis` [r, d] f64; its metadata names the video. Written by our own few lines, since the
library writes metadata in a random order: equal values must give equal bytes.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array, finite, frozen
from ntlbg.records.video_index import VideoIndex
from ntlbg.store import write_atomic

_NAMES = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}


@dataclass(frozen=True, eq=False)
class Features:
    """index: of the video. vectors: [T, v, e] or [T, e] float32, unit norm. encoder: its name, for people."""

    index: VideoIndex
    vectors: Array
    encoder: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "vectors", frozen(self.vectors, np.float32))
        if self.vectors.ndim not in (2, 3) or len(self.vectors) != len(self.index):
            raise InputError(
                f"{self.index.video_id}: vectors have shape {self.vectors.shape} for {len(self.index)} frames"
            )
        finite(f"{self.index.video_id}: vectors", self.vectors.reshape(len(self.vectors), -1))


def serialise(tensors: dict[str, Array], metadata: dict[str, str]) -> bytes:
    """A safetensors file as bytes; names and metadata in sorted order, so equal values give equal bytes."""
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    chunks, at = [], 0
    # the widest types first: the format asks for aligned data
    for name in sorted(tensors, key=lambda n: (-tensors[n].dtype.itemsize, n)):
        array = np.ascontiguousarray(tensors[name])
        data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [at, at + len(data)],
        }
        chunks.append(data)
        at += len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(chunks)


def save_features(path: Path, index: VideoIndex, vectors: Array, encoder_name: str) -> None:
    """Write the feature file of one video, whole or not at all. The index must have its basis."""
    if index.basis is None:
        raise InputError(f"{index.video_id}: the index has no principal basis yet")
    tensors: dict[str, Array] = {
        "features": np.asarray(index.features, np.float32),
        "vectors": np.asarray(vectors, np.float32),
        "timestamps_s": np.asarray(index.timestamps_s, np.float64),
        "basis": np.asarray(index.basis, np.float64),
    }
    metadata = {
        "video_id": index.video_id,
        "native_fps": repr(float(index.native_fps)),
        "frame_count": str(int(index.frame_count)),
        "duration_s": repr(float(index.duration_s)),
        "encoder": encoder_name,
    }
    write_atomic(path, serialise(tensors, metadata))


def load_features(path: Path) -> Features:
    """Read a feature file. Raises InputError naming it when it is missing or not one."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as opened:
            told = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  (no mapping)
        index = VideoIndex(
            video_id=told["video_id"],
            features=tensors["features"],
            timestamps_s=tensors["timestamps_s"],
            native_fps=float(told["native_fps"]),
            frame_count=int(told["frame_count"]),
            duration_s=float(told["duration_s"]),
            basis=tensors["basis"],
        )
        return Features(index, tensors["vectors"], told["encoder"])
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such feature file", hint="run the stage `features`") from None
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise InputError(f"{path}: is not a feature file ({error})", hint="run the stage `features` again") from error
