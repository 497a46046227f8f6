"""A small world of made-up videos, with an encoder and an answerer that read it exactly; for unit tests only.

A frame that shows the evidence of question number n carries a pixel in its first row with n in green and the right
option in red. The answerer answers right when such a frame is among those it is given, else by a hash of the question.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ntlbg.features.encoders import Encoder
from ntlbg.features.index import save_features
from ntlbg.records.arrays import Array
from ntlbg.records.video_index import VideoIndex
from ntlbg.video.outcomes import write_outcomes

KINDS = ("one_moment", "several_moments", "whole_video")
COLOURS = ["red", "green", "blue", "white"]
E = 16


def direction(text: str) -> Array:
    """The unit vector of a text [E]."""
    draw = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))
    vector = draw.normal(size=E)
    return vector / np.linalg.norm(vector)


class TextOnly(Encoder):
    """Texts to their directions; frames were encoded when the world was made."""

    name = "text only"
    identity: dict[str, Any] = {"encoder": "text only"}  # noqa: RUF012
    sees = "what the world put into its vectors"
    frame_size = (32, 48)

    def encode_frames(self, frames: Array) -> tuple[Array, Array]:
        raise AssertionError("no frame is encoded after the world was made")

    def encode_texts(self, texts: list[str]) -> Array:
        return np.stack([direction(text) for text in texts]).astype(np.float32)


@dataclass
class Reader:
    """Answers by reading the corner pixels. `requests` keeps what it was asked."""

    requests: list[Any] = field(default_factory=list)

    def score_options(self, requests: list[Any]) -> list[list[float]]:
        self.requests += requests
        scores = []
        for request in requests:
            number = int((request.prompt.user.rpartition("#")[2].split() or ["0"])[0])
            first_rows = request.frames[:, 0] if request.visual is None else request.visual
            row = first_rows.reshape(-1, 3)
            seen = row[row[:, 1] == number % 256]
            digest = hashlib.sha256(request.prompt.user.encode()).digest()
            place = int(seen[0][0]) if len(seen) else digest[0] % len(request.options)
            scores.append([-0.1 if i == place else -3.0 - i / 7 for i in range(len(request.options))])
        return scores

    def generate(self, requests: list[Any], max_new_tokens: int) -> list[str]:
        chosen = [int(np.argmax(s)) for s in self.score_options(_with_options(requests))]
        return [f"{'ABCDEF'[place]}." for place in chosen]


def _with_options(requests: list[Any]) -> list[Any]:
    from dataclasses import replace

    return [replace(r, options=tuple("ABCD")) for r in requests]


@dataclass(frozen=True)
class World:
    """Folders as the stages leave them."""

    root: Path
    questions: pd.DataFrame

    @property
    def paths(self) -> dict[str, Path]:
        return {
            "accepted": self.root / "accepted",
            "frames": self.root / "frames",
            "features": self.root / "features",
            "encoder": self.root / "encoder",
            "evidence": self.root / "evidence.parquet",
        }


def make_world(
    root: Path,
    *,
    benchmarks: tuple[str, ...] = ("mlvu",),
    videos: int = 4,
    questions: int = 6,
    T: int = 40,
    size: tuple[int, int] = (32, 48),
    broken: tuple[str, ...] = (),
    strength: float = 1.5,
    seed: int = 5,
) -> World:
    """Write a world. broken: video ids that could not be decoded. strength: of relevance over noise."""
    rng = np.random.default_rng(seed)
    h, w = size
    (root / "frames").mkdir(parents=True)
    (root / "features").mkdir()
    video_rows, question_rows, evidence_rows, outcomes = [], [], [], []
    number = 0
    for benchmark in benchmarks:
        for v in range(videos):
            video = f"{benchmark}_{v}"
            times = np.arange(T) + 0.25
            hue = rng.integers(40, 200, size=(6, 3))
            frames = np.repeat(hue[(np.arange(T) * 6 // T)][:, None, None], h, axis=1).repeat(w, axis=2)
            frames = (frames + rng.integers(0, 30, size=frames.shape)).clip(0, 250).astype(np.uint8)
            frames[:, 0] = 255
            vectors = rng.normal(size=(T, E))
            for q in range(questions):
                number += 1
                kind = KINDS[q % 3]
                text = f"What colour is the star in scene {q}, video {v}? #{number}"
                answer = int(rng.integers(4))
                n_items = {"one_moment": 1, "several_moments": 2, "whole_video": 4}[kind]
                for item in range(n_items):
                    length = 3 if kind != "whole_video" else max(3, T // 10)
                    start = float(rng.integers(0, T - length))
                    inside = (times >= start) & (times < start + length)
                    frames[inside, 0, q, 0], frames[inside, 0, q, 1] = answer, number % 256
                    vectors[inside] += strength * np.sqrt(E) * direction(text)
                    evidence_rows.append((f"{benchmark}-{number}", item, start, start + length, 0.0))
                question_rows.append(
                    {
                        "question_id": f"{benchmark}-{number}",
                        "video_id": video,
                        "benchmark": benchmark,
                        "split": "test",
                        "text": text,
                        "options": COLOURS,
                        "answer": answer,
                        "answer_text": COLOURS[answer],
                        "answer_type": "choice",
                        "kind": kind,
                        "category": "colour",
                        "group": "",
                        "subtitle_path": "",
                        "subtitle_offset_s": 0.0,
                        "origin": "made up",
                    }
                )
            video_rows.append({"video_id": video, "benchmark": benchmark, "split": "test", "path": f"{video}.mp4"})
            whole = video not in broken
            outcomes.append(
                {
                    "video_id": video,
                    "outcome": "ok" if whole else "corrupt",
                    "detail": "" if whole else "no packet decodes",
                    "width": w if whole else None,
                    "height": h if whole else None,
                    "native_fps": 12.0 if whole else None,
                    "frame_count": 12 * T if whole else None,
                    "duration_s": float(T) if whole else None,
                    "covered_s": float(T) if whole else None,
                    "frames": T if whole else 0,
                    "timestamps_s": list(times) if whole else [],
                    "source_blake3": hashlib.sha256(video.encode()).hexdigest(),
                }
            )
            if whole:
                np.save(root / "frames" / f"{video}.npy", frames)
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                features = vectors + 0.1 * rng.normal(size=vectors.shape)
                basis = np.linalg.svd(features - features.mean(0), full_matrices=False)[2][:6]
                index = VideoIndex(video, features, times, 12.0, 12 * T, float(T), basis)
                save_features(root / "features" / f"{video}.safetensors", index, vectors, TextOnly.name)
    write_outcomes(root / "frames" / "outcomes.parquet", outcomes)
    (root / "accepted").mkdir()
    table = pd.DataFrame(question_rows)
    pd.DataFrame(video_rows).to_parquet(root / "accepted" / "videos.parquet")
    table.to_parquet(root / "accepted" / "questions.parquet")
    columns = ["question_id", "item", "start_s", "end_s", "tolerance_s"]
    pd.DataFrame(evidence_rows, columns=columns).to_parquet(root / "evidence.parquet")
    return World(root, table)
