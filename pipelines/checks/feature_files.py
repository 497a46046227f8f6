"""The feature files of the `features` stage, looked at before they are published.

One row per video: what lies in its file beside what `decode` said of it. Great Expectations judges the rows.

Two frames may share a vector exactly: a still picture gives the same numbers again, and that is no fault. They are
counted. A vector shared by pictures that a person would tell apart is one: the encoder did not look, or a batch was
written twice. So each frame whose vector stood there before is compared, as a picture, with the first that had it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ntlbg.progress import track
from ntlbg.records.arrays import Array
from ntlbg.store import file_stem
from ntlbg.video.storage import Frames, open_shard, shard_of
from pipelines.checks.docs import judge
from pipelines.checks.sentences import stop
from pipelines.checks.text import visible

TENSORS = ("features", "vectors", "timestamps_s", "basis")
# mean difference of two pictures, of 255 grey levels, from which on they are told apart; noise of encoding a still
# picture stays below 2, while another place of the same scene lies above 10
ALIKE = 8.0
UNIT = 1e-2  # a vector's length may differ so much from 1
COUNTS = ("frames", "rows", "vector_rows", "width", "width_of_all", "not_finite", "off_unit", "times_off", "unlike")


def check_features(features: Path, frames: Path) -> dict[str, int]:
    """Judge the feature files in `features` against `frames`, the folder of the `decode` stage.

    Returns `repeated`: frames whose vector is exactly that of an earlier frame of the same video, the pictures alike.
    Raises InputError naming the videos whose file breaks a rule.
    """
    seen = observe(features, frames)
    if len(seen):
        with judge() as by:
            verdicts = by.check("feature_files", seen.drop(columns="repeated"), key="video_id")
        stop(
            str(features), verdicts, seen, what="feature files", name=lambda row: f"video `{visible(row['video_id'])}`"
        )
    return {"repeated": int(seen["repeated"].sum())}


def observe(features: Path, frames: Path) -> pd.DataFrame:
    """One row per video that has frames or a file; what cannot be seen is null."""
    import pyarrow.parquet as pq

    outcomes = pq.read_table(frames / "outcomes.parquet", columns=["video_id", "timestamps_s"]).to_pylist()
    shown = [row for row in outcomes if row["timestamps_s"]]
    rows = [
        {"video_id": row["video_id"], **_video(features, frames, row["video_id"], np.asarray(row["timestamps_s"]))}
        for row in track(shown, "check features", total=len(shown), unit="videos")
    ]
    expected = {f"{file_stem(row['video_id'])}.safetensors" for row in shown}
    strangers = sorted(file.name for file in features.iterdir() if file.name not in expected)
    rows += [{"video_id": name, "state": "of no decoded video"} for name in strangers]
    found = pd.DataFrame(rows, columns=["video_id", "state", *COUNTS, "unlike_at", "repeated"])
    common = found["width"].mode()
    found["width_of_all"] = found["width"].where(found["width"].isna(), common.iloc[0] if len(common) else pd.NA)
    found["repeated"] = found["repeated"].fillna(0).astype("int64")
    return found.astype(dict.fromkeys(COUNTS, "Int64"))


def _video(features: Path, frames: Path, video_id: str, times: Array) -> dict[str, Any]:
    stem = file_stem(video_id)
    tensors, state = _read(features / f"{stem}.safetensors")
    if state != "sound":
        return {"state": state, "frames": len(times)}
    seen, vectors = tensors["features"], tensors["vectors"]
    flat = vectors.reshape(len(vectors), -1)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=-1)
    own = tensors["timestamps_s"]
    row: dict[str, Any] = {
        "state": state,
        "frames": len(times),
        "rows": len(seen),
        "vector_rows": len(vectors),
        "width": seen.shape[1],
        "not_finite": sum(int((~np.isfinite(tensor)).sum()) for tensor in tensors.values()),
        "off_unit": int((np.abs(lengths - 1) > UNIT).sum()),
        "times_off": int((own != times).sum()) if own.shape == times.shape else max(len(times), own.size),
    }
    if row["not_finite"] or not len(seen) == len(vectors) == len(times):
        return row  # which frame a vector belongs to is not known, so no pictures are compared
    repeats, firsts = _repeats(np.concatenate([seen, flat], axis=1))
    unlike = _unlike(open_shard(shard_of(frames, video_id), len(times)), repeats, firsts) if repeats else []
    where = ", ".join(f"{times[first]:g} s and {times[at]:g} s" for at, first in unlike[:1])
    return row | {"repeated": len(repeats) - len(unlike), "unlike": len(unlike), "unlike_at": where}


def _read(path: Path) -> tuple[dict[str, Array], str]:
    """Its tensors as they are, unlike `load_features`, which refuses a broken one without saying all of it."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not path.is_file():
        return {}, "missing"
    try:
        tensors = load_file(path)
    except (SafetensorError, ValueError, OSError) as error:
        return {}, f"not a feature file ({visible(str(error), 80)})"
    lacking = [name for name in TENSORS if name not in tensors]
    if lacking:
        return {}, f"without `{lacking[0]}`"
    if tensors["features"].ndim != 2 or tensors["vectors"].ndim not in (2, 3) or tensors["basis"].ndim != 2:
        shapes = ", ".join(f"`{name}` {list(tensors[name].shape)}" for name in TENSORS)
        return {}, f"of another shape ({shapes})"
    if tensors["basis"].shape[1] != tensors["features"].shape[1]:
        return {}, f"of two widths ({tensors['basis'].shape[1]} and {tensors['features'].shape[1]})"
    return tensors, "sound"


def _repeats(rows: Array) -> tuple[list[int], list[int]]:
    """Places whose row, bit for bit, stood there before, and the place where it stood first."""
    first: dict[bytes, int] = {}
    repeats, firsts = [], []
    for place, row in enumerate(np.ascontiguousarray(rows)):
        before = first.setdefault(row.tobytes(), place)
        if before != place:
            repeats.append(place)
            firsts.append(before)
    return repeats, firsts


def _unlike(pictures: Frames, repeats: list[int], firsts: list[int]) -> list[tuple[int, int]]:
    """Pairs (place, earlier place) of one vector whose pictures differ."""
    found = []
    for at, first in zip(repeats, firsts, strict=True):
        one, other = pictures[np.array([at, first])].astype(np.int16)
        if np.abs(one - other).mean() > ALIKE:
            found.append((at, first))
    return found
