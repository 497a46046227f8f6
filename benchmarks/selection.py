"""Every selector on planted truth and on a real film: recall of the evidence, error, evenness and time in one table.

    python -m benchmarks.selection [planted] [--draw 1] [--videos 720] [--arms ntlbg,uniform] [--jobs 2] [--write]
    python -m benchmarks.selection film [--arms ...] [--write]
    python -m benchmarks.selection tune [--arms gift,topk_nms] [--jobs 2]
    python -m benchmarks.selection signals
    python -m benchmarks.selection picture --write

`planted` makes videos whose evidence is known (benchmarks/selecting/generator.py) and keeps what it measured in
.ntlbg/bench/selection, a file for each video: a run that was stopped goes on, a changed rule alone is measured again.
`film` asks the questions of benchmarks/film_development.json about footage/big_buck_bunny.mp4 (`make footage`).
`tune` looks for the best settings of rivals on draw 0 (benchmarks/selecting/tuning.py); the arms with a + have them.
`signals` tells what a relevance curve says of itself (benchmarks/selecting/signals.py).
`picture` draws one question on its way through `ntlbg` (benchmarks/selecting/pictures.py).
--write puts tables into docs/experiments/ and pictures into docs/, that of recall with the table of draw 1.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: processes share the machine, one thread each
os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.command import command
from benchmarks.selecting import arms as all_arms
from benchmarks.selecting import film, generator, pictures, planted, signals, tables, tuning
from ntlbg.store import write_atomic

PAGES = Path("docs/experiments")
QUESTION, RECALL = Path("docs/selection_question.png"), Path("docs/selection_recall.png")


def planted_command(options: argparse.Namespace) -> str:
    arms = all_arms.chosen(options.arms)
    rows = planted.measured(generator.cells(options.draw, options.videos), arms, ks=options.k, jobs=options.jobs)
    figures = tables.Figures.of(rows, arms)
    text = tables.page(figures, options.draw)
    if options.write:
        stem = f"selection_planted_{options.draw}"
        write_atomic(PAGES / f"{stem}.md", f"# Planted truth, draw {options.draw}\n\n{text}")
        write_atomic(PAGES / f"{stem}.json", json.dumps(tables.as_json(figures), indent=1) + "\n")
        if options.draw == 1:
            write_atomic(RECALL, pictures.recall(figures))
    return text


def film_command(options: argparse.Namespace) -> str:
    text = film.table(all_arms.chosen(options.arms))
    if options.write:
        write_atomic(PAGES / "selection_film.md", f"# Every selector on the film\n\n{text}")
    return text


def tune_command(options: argparse.Namespace) -> str:
    found = tuning.tune(options.arms, videos=options.videos, jobs=options.jobs)
    return "\n".join(f"{rule}, k = {k}: {json.dumps(s)}" for rule, by_k in found.items() for k, s in by_k.items())


def signals_command(options: argparse.Namespace) -> str:
    return signals.page(
        signals.measured([*signals.planted_cases(options.videos or signals.VIDEOS), *signals.film_cases()])
    )


def picture_command(options: argparse.Namespace) -> str:
    drawn = pictures.question()
    if options.write:
        write_atomic(QUESTION, drawn)
    return f"{QUESTION}: {len(drawn)} bytes, {'written' if options.write else 'not written'}"


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("planted", "film", "tune", "signals", "picture"), default="planted")
    parser.add_argument("--draw", type=int, default=1, choices=(1, 2), help="draws share no video")
    parser.add_argument("--videos", type=int, help="so many of the 720, evenly over lengths, levels and kinds")
    parser.add_argument("--arms", type=lambda names: names.split(","), help="only these, by name")
    parser.add_argument("--k", type=int, nargs="+", default=list(planted.KS))
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--write", action="store_true", help="put the table into docs/experiments/")
    return parser


def main() -> int:
    options = parser().parse_args()
    commands = {
        "planted": planted_command,
        "film": film_command,
        "tune": tune_command,
        "signals": signals_command,
        "picture": picture_command,
    }
    print(commands[options.what](options))
    return 0


if __name__ == "__main__":
    command(main)
