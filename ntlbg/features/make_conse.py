"""Make the tables of the embedded encoder: 1,000 class-name embeddings and the background queries.

    python -m ntlbg.features.make_conse TIMM_WHEEL [OUT]

TIMM_WHEEL: from `pip download timm==1.0.31 --no-deps`; only its lists of ImageNet names and WordNet definitions are
read. A class is "a photo of NAME" plus half of its definition; NAME is the first of its lemmas. Background queries
are the lines of background.txt, centred as questions are. Stored as float16: half the file, and cosines move by less
than 0.001. The shipped file is what this command writes.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np

from ntlbg.errors import InputError
from ntlbg.features.minilm import MiniLM
from ntlbg.features.weights import check_sha256
from ntlbg.progress import track
from ntlbg.records.arrays import Array
from ntlbg.store import write_atomic

HERE = Path(__file__).parent
WHEEL_SHA256 = "5bd50f7d0fe6d09bf9285ac2523234a1b7e6bf075c0be3e7aed09139fcb617c7"
INFO = "timm/data/_info/"
DEFINITION = 0.5  # weight of the definition beside the name's 1


def names_and_definitions(wheel: Path) -> list[tuple[str, str]]:
    """(first lemma, definition) of the 1,000 ImageNet classes, in the network's order."""
    check_sha256(wheel, WHEEL_SHA256)

    def lines(name: str) -> list[str]:
        with zipfile.ZipFile(wheel) as zipped, io.TextIOWrapper(zipped.open(INFO + name), "utf-8") as text:
            return text.read().splitlines()

    def table(name: str) -> dict[str, str]:
        return dict(line.split("\t", 1) for line in lines(name))

    lemmas, definitions = table("imagenet_synset_to_lemma.txt"), table("imagenet_synset_to_definition.txt")
    return [(lemmas[s].split(",")[0].strip(), definitions[s]) for s in lines("imagenet_synsets.txt")]


def unit(x: Array) -> Array:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def make(wheel: Path) -> dict[str, Array]:
    """The tables: classes [1000, 384] and background [q, 384], float16, unit rows."""
    text = MiniLM()

    def embed(texts: list[str]) -> Array:
        return np.stack([text.encode_one(t) for t in track(texts, "embedding", unit="texts")])

    classes = names_and_definitions(wheel)
    both = embed([f"a photo of {name}" for name, _ in classes]) + DEFINITION * embed([d for _, d in classes])
    rows = unit(both).astype(np.float16)
    mean = unit(rows.astype(np.float32)).mean(axis=0)
    queries = [q for q in (HERE / "background.txt").read_text().splitlines() if q]
    return {"classes": rows, "background": unit(embed(queries) - mean).astype(np.float16)}


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        print("usage: python -m ntlbg.features.make_conse TIMM_WHEEL [OUT]", file=sys.stderr)
        return 2
    from safetensors.numpy import save

    out = Path(arguments[1]) if len(arguments) == 2 else HERE / "conse.safetensors"
    try:
        write_atomic(out, save(make(Path(arguments[0]))))
    except InputError as error:
        print(f"error: {error.sentence}", file=sys.stderr)
        return error.exit_code
    print(f"{out}: {out.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
