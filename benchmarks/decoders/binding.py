"""Frames per second of decoding beside those of encoding, and which of the two binds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ntlbg.features.encoders import load_encoder
from ntlbg.processes import cores
from ntlbg.video.decode import Sampling, decode_frames


@dataclass(frozen=True)
class Rates:
    """decode: candidate frames at 1 fps for each second of one core. encode: frames a second of the whole device.

    cores: decoding processes that run side by side.
    """

    decode: float
    encode: float
    cores: int

    @property
    def sentence(self) -> str:
        """Which side a run waits for, and how many cores would keep the other busy."""
        supply = self.decode * self.cores
        rates = f"decode {supply:.0f} frames/s on {self.cores} cores, encode {self.encode:.0f} frames/s"
        if supply < self.encode:
            return (
                f"{rates}: decoding binds; {np.ceil(self.encode / self.decode):.0f} cores would keep the encoder busy"
            )
        return f"{rates}: encoding binds; {np.ceil(self.encode / self.decode):.0f} of the cores keep it busy"


def measure(path: Path, encoder: str = "embedded", device: str = "cpu") -> Rates:
    """On one video and one encoder, one after the other, so that neither takes the other's cores."""
    loaded = load_encoder(encoder, device=device)
    started = time.process_time()
    frames = decode_frames(path, Sampling(1.0, 1 << 20, loaded.frame_size)).frames
    decode = len(frames) / (time.process_time() - started)
    loaded.encode_frames(frames[:8])  # the first call sets things up
    started = time.perf_counter()
    loaded.encode_frames(frames)
    return Rates(decode, len(frames) / (time.perf_counter() - started), cores())
