"""What questions on one video cost: the first, which decodes and encodes it, and every next one.

    python -m benchmarks.questions [VIDEO] [--questions FILE] [--count N] [-k 8]

Without arguments: the development questions of the film (`make footage`), from an empty store, in this process, with
the embedded encoder. Of the next questions it prints the median and the largest wall time beside what the encoder
itself takes for the question's words, how often a video was decoded or encoded for them, and the cost per question
when the first one's is shared among all.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from ntlbg.api import select_frames
from ntlbg.errors import NTLBGError
from ntlbg.features.encoders import Encoder, load_encoder
from ntlbg.records.arrays import Array
from ntlbg.store import Store

FILM, QUESTIONS = Path("footage/big_buck_bunny.mp4"), Path("benchmarks/film_development.json")


def timed(encoder: Encoder) -> list[float]:
    """Seconds that `encoder` spends on words from now on, a number per call."""
    spent: list[float] = []
    inner = encoder.encode_texts

    def encode_texts(texts: list[str]) -> Array:
        started = time.perf_counter()
        try:
            return inner(texts)
        finally:
            spent.append(time.perf_counter() - started)

    encoder.encode_texts = encode_texts  # type: ignore[method-assign]
    return spent


def measure(video: Path, questions: list[str], k: int, store: Store) -> dict[str, Any]:
    """Wall seconds of the first question, of each next one and of its words; and what was decoded and encoded."""
    encoder = load_encoder("embedded")
    words = timed(encoder)
    total: list[float] = []
    of_words: list[float] = []
    decoded: list[int] = []
    encoded: list[int] = []
    for question in questions:
        words.clear()
        started = time.perf_counter()
        chosen = select_frames(video, question, k, encoder=encoder, store=store)
        total.append(time.perf_counter() - started)
        of_words.append(sum(words))
        decoded.append(chosen.decoded)
        encoded.append(chosen.encoded)
    return {"total_s": total, "words_s": of_words, "decoded": decoded, "encoded": encoded, "sees": encoder.name}


def table(found: dict[str, Any]) -> str:
    """The figures as lines of text."""
    total, words = found["total_s"], found["words_s"]
    beside = [1000 * (t - w) for t, w in zip(total[1:], words[1:], strict=True)]
    n = len(total)
    return "\n".join(
        [
            f"first question: {total[0]:.1f} s, {found['decoded'][0]} video decoded, {found['encoded'][0]} encoded",
            f"{n - 1} next questions: {sum(found['decoded'][1:])} decoded, {sum(found['encoded'][1:])} encoded",
            f"  words: median {1000 * median(words[1:]):.1f} ms",
            f"  all else: median {median(beside):.1f} ms, largest {max(beside):.1f} ms",
            f"cost per question of {n} questions on the video: {sum(total) / n:.2f} s",
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.questions", description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path, default=FILM)
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="JSON with a list `questions`")
    parser.add_argument("--count", type=int, help="the first so many of them; left out, all")
    parser.add_argument("-k", type=int, default=8)
    options = parser.parse_args(arguments)
    asked = [question["question"] for question in json.loads(options.questions.read_text())["questions"]]
    asked = asked[: options.count]
    if len(asked) < 2:
        parser.error("at least two questions are needed")
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = measure(options.video, asked, options.k, Store(Path(folder)))
        except NTLBGError as error:
            print(f"error: {error.sentence}", file=sys.stderr)
            return error.exit_code
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
