"""Makes the checkpoints that come with the package: `python -m ntlbg.backbone.make_shipped [encoder] [answerer]`.

Trains with the default parameters, measures the result on videos that training never saw (really encoded as H.264),
and replaces `shipped/<part>/` and its entry in `shipped/manifest.json`. Takes about an hour on two cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ntlbg.backbone.assess import accuracy, checking_plans, encoder_auc, filmed
from ntlbg.backbone.params import AnswererParams, EncoderParams, ModelParams
from ntlbg.backbone.practice import Scene
from ntlbg.backbone.provide import MANIFEST, SHIPPED_FOLDER
from ntlbg.backbone.tiny_qwen import FRAME
from ntlbg.modeling.answerer import Answerer
from ntlbg.progress import track
from ntlbg.store import folder_atomic, write_atomic

PARTS = ("encoder", "answerer")
CHECKING_SEED = 7
VIDEOS = 24
ARMS = ("oracle", "even", "blind")
SEEN = "seen combinations"
SETS = {SEEN: False, "test combinations": True}


def checking_scenes(parts: Sequence[str], n: int = VIDEOS) -> dict[str, list[Scene]]:
    """The checking videos of these parts: planned as validation videos are, and for the answerer as test videos too."""
    return {
        name: [
            filmed(plan, FRAME)
            for plan in track(checking_plans(CHECKING_SEED, n, composed=composed), f"film: {name}", unit="videos")
        ]
        for name, composed in SETS.items()
        if name == SEEN or "answerer" in parts
    }


def assess_encoder(folder: Path, scenes: dict[str, list[Scene]]) -> dict[str, Any]:
    """Mean AUC of relevance for evidence, per kind of question, on the validation-like videos."""
    import torch
    from transformers import AutoModel, AutoProcessor

    from ntlbg.backbone.learn_encoder import embed, embed_texts

    model = AutoModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True).eval()
    processor = AutoProcessor.from_pretrained(folder)
    found = encoder_auc(
        lambda frames: embed(model, processor, frames),
        lambda texts: embed_texts(model, processor, texts),
        scenes[SEEN],
    )
    return {"relevance_auc": {kind: round(value, 3) for kind, value in found.items()}}


def assess_answerer(folder: Path, scenes: dict[str, list[Scene]]) -> dict[str, Any]:
    """Accuracy per form and kind of question, with the oracle's frames, evenly spaced ones, and none."""
    answerer = Answerer.load(folder, batch=64)
    out: dict[str, Any] = {}
    for name, found in scenes.items():
        for frames in ARMS:
            table = accuracy(answerer, found, frames)
            out.setdefault(name, {})[frames] = {form: [round(value, 3), n] for form, (value, n) in table.items()}
    return out


def install(part: str, made: Path, params: ModelParams, measured: dict[str, Any], into: Path) -> None:
    """Put the checkpoint `made` into `into/<part>` and describe it in the manifest."""
    with folder_atomic(into / part) as folder:
        for file in sorted(made.iterdir()):
            shutil.copyfile(file, folder / file.name)
    files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted((into / part).iterdir())}
    path = into / MANIFEST
    known = json.loads(path.read_text()) if path.exists() else {}
    known[part] = {
        "files": files,
        "made_by": "python -m ntlbg.backbone.make_shipped " + part,
        "params": params.model_dump(exclude={"source", "revision"}),
        "measured": measured,
    }
    write_atomic(path, json.dumps(known, indent=1, sort_keys=True) + "\n")
    write_atomic(into / "README.md", card(known))


def card(known: dict[str, Any]) -> str:
    """The model card of everything in a manifest, as Markdown."""
    lines = [
        "# Shipped checkpoints",
        "",
        "Trained from scratch on rendered practice videos that share nothing with any corpus. They know the rendered",
        "world and nothing else: never use them on real footage. Remade by `python -m ntlbg.backbone.make_shipped`;",
        f"figures from {VIDEOS} checking videos per set, encoded as H.264 and decoded again. *Test combinations* hold",
        "shapes in colours and places that practice never showed.",
    ]
    if "encoder" in known:
        aucs = known["encoder"]["measured"]["relevance_auc"]
        lines += [
            "",
            "## encoder",
            "",
            "A CLIP of 32×32 pixels. How well its relevance tells evidence frames from the rest (mean AUC over the",
            "questions of validation-like videos; kept imperfect on purpose, set before any selector was compared):",
            "",
            ", ".join(f"{kind} {value:.3f}" for kind, value in aucs.items()),
        ]
    if "answerer" in known:
        lines += [
            "",
            "## answerer",
            "",
            f"A Qwen2-VL of a million parameters. Made by {known['answerer']['made_by']}.",
            "",
            "Accuracy with 8 frames (options by likelihood):",
            "",
        ]
        measured = known["answerer"]["measured"]
        forms = sorted({form for tables in measured.values() for table in tables.values() for form in table})
        lines += ["| videos | frames | " + " | ".join(forms) + " |", "|---|---|" + "---|" * len(forms)]
        for name, tables in sorted(measured.items()):
            for frames in ARMS:
                table = tables[frames]
                cells = (f"{table[form][0]:.2f}" if form in table else "" for form in forms)
                lines.append(f"| {name} | {frames} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and install the parts named (both when none is)."""
    import tempfile

    from ntlbg.backbone.train import train_answerer, train_encoder

    parser = argparse.ArgumentParser(prog="python -m ntlbg.backbone.make_shipped", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="encoder, answerer (both when none is named)")
    parser.add_argument("--reading", type=Path, help="keep the answerer of the first pass there, or take it up there")
    parser.add_argument("--into", type=Path, default=SHIPPED_FOLDER, help="where the checkpoints go")
    chosen = parser.parse_args(arguments)
    unknown = [p for p in chosen.parts if p not in PARTS]
    if unknown:
        parser.error(f"there is no part `{unknown[0]}`: name {' or '.join(PARTS)}")
    parts = chosen.parts or PARTS
    scenes = checking_scenes(parts)
    for part in parts:
        with tempfile.TemporaryDirectory() as scratch:
            made = Path(scratch) / part
            made.mkdir()
            if part == "encoder":
                params: ModelParams = EncoderParams()
                train_encoder(EncoderParams(), made)
                measured = assess_encoder(made, scenes)
            else:
                params = AnswererParams()
                train_answerer(AnswererParams(), made, reading=chosen.reading)
                measured = assess_answerer(made, scenes)
            install(part, made, params, measured, chosen.into)
        print(json.dumps({part: measured}, indent=1))


if __name__ == "__main__":
    main()
