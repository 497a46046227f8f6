"""Every arm on planted videos, video by video; a run that was stopped goes on where it was.

Layout: `<folder>/<draw>/<video>.parquet`, a row for every arm and k. A row stays for as long as the code that made
it, its video and its arm; other rows of a file are made again. Files are written whole or not at all.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.selecting import generator, measures
from benchmarks.selecting.arms import Arm, imported
from benchmarks.selecting.generator import Cell
from ntlbg.evaluation.relevance_auc import auc
from ntlbg.progress import meter
from ntlbg.statistics.threads import one_thread
from ntlbg.store import file_digest, key, write_atomic

FOLDER = Path(".ntlbg/bench/selection")
KS = (8, 16, 32, 64)
SLICE = 8  # arms between two writes: some rules take a minute for a long video


@cache
def _own_code() -> str:
    """Key of all that decides what a row says, but for the arm itself."""
    files = {module.__name__: Path(module.__file__ or "") for module in (generator, measures)}
    files |= imported(measures.LAW.__module__)
    return key(code={name: file_digest(path) for name, path in sorted(files.items())})


def measured(
    cells: Sequence[Cell], arms: Sequence[Arm], *, ks: Sequence[int] = KS, jobs: int = 1, folder: Path = FOLDER
) -> pd.DataFrame:
    """The rows of all these videos, arms and k; what is missing is computed, by `jobs` processes."""
    frames = []
    with meter("select", total=len(cells), unit="videos") as m:
        if jobs == 1:
            for cell in cells:
                frames.append(_video(cell, arms, ks, folder))
                m.advance(now=cell.name)
        else:
            # long videos first, so that no process is left with one at the end
            order = sorted(cells, key=lambda cell: -cell.frames)
            with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
                waiting = {pool.submit(_video, cell, arms, ks, folder): cell for cell in order}
                for done in as_completed(waiting):
                    frames.append(done.result())
                    m.advance(now=waiting[done].name)
    return pd.concat(frames, ignore_index=True).sort_values(["video", "arm", "k"], ignore_index=True)


@one_thread()
def _video(cell: Cell, arms: Sequence[Arm], ks: Sequence[int], folder: Path) -> pd.DataFrame:
    path = folder / str(cell.draw) / f"{cell.name}.parquet"
    wanted = {(arm.name, key(own=_own_code(), arm=arm.code()), k): arm for arm in arms for k in ks}
    known = pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=["arm", "code", "k"])
    is_wanted = [place in wanted for place in zip(known["arm"], known["code"], known["k"], strict=True)]
    # rows of arms that this run leaves out are kept: the next one may ask for them
    kept = [known[np.array(is_wanted, dtype=bool) | ~known["arm"].isin([arm.name for arm in arms])]]
    present = set(zip(known["arm"], known["code"], known["k"], strict=True))
    missing = [place for place in wanted if place not in present]
    if missing:
        planted = generator.planted(cell)
        law = measures.LAW().law(planted.video, planted.query)
        area = auc(planted.query.relevance, planted.evidence.shown(cell.frames))
        facts = {
            "video": cell.name,
            "round": cell.number,
            "frames": cell.frames,
            "level": cell.level,
            "kind": cell.kind,
            "auc": np.nan if area is None else area,
        }
        per_write = SLICE * len(ks)
        for start in range(0, len(missing), per_write):
            rows = [
                facts
                | {"arm": name, "code": code, "k": k}
                | measures.row_of(wanted[name, code, k].at(k), planted, law, k)
                for name, code, k in missing[start : start + per_write]
            ]
            kept.append(pd.DataFrame(rows))
            _write(path, pd.concat([part for part in kept if len(part)], ignore_index=True))
    table = pd.concat([part for part in kept if len(part)], ignore_index=True)
    asked = [place in wanted for place in zip(table["arm"], table["code"], table["k"], strict=True)]
    return table[np.array(asked, dtype=bool)]


def _write(path: Path, table: pd.DataFrame) -> None:
    out = io.BytesIO()
    table.to_parquet(out, index=False)
    write_atomic(path, out.getvalue())
