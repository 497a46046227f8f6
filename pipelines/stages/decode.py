"""Stage `decode`: every accepted video as candidate frames with true timestamps."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ntlbg.video.pool import decode_all
from pipelines import say
from pipelines.stage import Run, stage

VIDEOS = Path("data/accepted/videos.parquet")
INTO = Path("data/frames")
NAMED = 10  # videos named on the screen


@stage("decode")
def decode(run: Run) -> None:
    """Decode what the store does not hold yet."""
    videos = pd.read_parquet(VIDEOS)
    with run.folder(INTO) as into:
        outcomes = decode_all(videos, run.params.video, store=run.store, into=into)
    run.count(videos=len(videos), decoded=outcomes.decoded, reused=outcomes.reused)
    broken = outcomes.table[~outcomes.table["outcome"].isin(["ok"])]
    for row in broken.head(NAMED).itertuples():
        say.note(f"decode: {row.video_id}: {row.outcome}{f' ({row.detail})' if row.detail else ''}")
    if len(broken) > NAMED:
        say.note(f"decode: and {len(broken) - NAMED} more, all named in {INTO / 'outcomes.parquet'}")
    run.metrics(**{f"outcome.{name}": number for name, number in outcomes.counts.items()})


if __name__ == "__main__":
    decode.main()
