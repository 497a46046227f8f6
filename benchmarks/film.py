"""The film questions: which selectors hit the evidence within eight frames. Writes docs/film.md and docs/film/.

    python -m benchmarks.film

Reads docs/film_questions.json, whose answers and times were written down before any selector ran on the film, and
footage/big_buck_bunny.mp4 (`make footage`). Every question of the file is reported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ntlbg.api import Chosen, select_frames
from ntlbg.cli.contact_sheet import contact_sheet
from ntlbg.cli.text import clock
from ntlbg.errors import NTLBGError
from ntlbg.features.encoders import load_encoder

QUESTIONS = Path("docs/film_questions.json")
PAGE, PICTURES = Path("docs/film.md"), Path("docs/film")
K = 8
ARMS = ("ntlbg", "uniform", "random", "topk_nms", "kmedoids")
DRAWN = ("ntlbg", "uniform")


def hit(chosen: Chosen, question: dict[str, Any]) -> bool:
    """Whether a chosen frame lies in the evidence."""
    times = chosen.selection.timestamps_s
    return bool(np.any((times >= question["start_s"]) & (times < question["end_s"])))


def main() -> int:
    told = json.loads(QUESTIONS.read_text())
    encoder = load_encoder("embedded")
    rows, pictures = [], []
    PICTURES.mkdir(parents=True, exist_ok=True)
    questions = [question for part in told["rounds"] for question in part["questions"]]
    for number, question in enumerate(questions, 1):
        cells = []
        for arm in ARMS:
            chosen = select_frames(told["film"], question["question"], K, selector=arm, encoder=encoder)
            cells.append("**hit**" if hit(chosen, question) else "miss")
            if arm in DRAWN:
                sheet = contact_sheet(chosen)
                name = f"{number}_{arm}.jpg"
                sheet.resize((1200, round(sheet.height * 1200 / sheet.width))).save(PICTURES / name, quality=82)
                pictures.append(f"![Question {number}, {arm}](film/{name})")
        span = f"{clock(question['start_s'])} – {clock(question['end_s'])}"
        rows.append([str(number), question["question"], question["answer"], span, *cells])
        pictures.insert(-len(DRAWN), f"\n### {number}. {question['question']}\n")
    sums = [sum(row[4 + i] == "**hit**" for row in rows) for i in range(len(ARMS))]
    rows.append(["", "hits", "", "", *(f"{n} of {len(questions)}" for n in sums)])
    head = ["", "question", "answer", "evidence", *ARMS]
    table = "\n".join("| " + " | ".join(r) + " |" for r in [head, ["---"] * len(head), *rows])
    n = len(told["rounds"][0]["questions"])
    first, later = f"1 to {n}", f"{n + 1} to {len(questions)}"
    PAGE.write_text(
        f"""# A real film: does a frame of the answer come back?

*Big Buck Bunny* (9 min 56 s; (c) 2008 Blender Foundation, www.bigbuckbunny.org, CC-BY 3.0), {K} frames of the
candidates at 1 fps, encoder: {encoder.name}.
Questions, answers and times were read off the film by eye and written down before any selector or encoder ran on
them: {first} on {told["rounds"][0]["written_at"]}, before anything had run on the film; {later} on
{told["rounds"][1]["written_at"]}, by somebody else, when the results of the first were known. All are reported.
A question is hit when at least one of the {K} frames lies inside its evidence, which is at most 10 s of the 596.

{table}

{len(questions)} questions are an illustration, not a measurement. That this encoder sees fences and birds
in an animation was known when they were written. About the encoder: {encoder.sees}.

`make footage && python -m benchmarks.film` makes this page and its pictures again.

## What each selector picked
"""
        + "\n".join(pictures)
        + "\n"
    )
    print(table)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NTLBGError as error:
        print(f"error: {error.sentence}" + (f"\nhint: {error.hint}" if error.hint else ""), file=sys.stderr)
        sys.exit(error.exit_code)
