"""Stage `decode`: every accepted video as candidate frames with true timestamps."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ntlbg.video.pool import decode_all
from pipelines.stage import Run, stage

VIDEOS = Path("data/accepted/videos.parquet")
INTO = Path("data/frames")


@stage("decode")
def decode(run: Run) -> None:
    """Decode what the store does not hold yet."""
    videos = pd.read_parquet(VIDEOS)
    with run.folder(INTO) as into:
        outcomes = decode_all(videos, run.params.video, store=run.store, into=into)
    run.count(videos=len(videos), decoded=outcomes.decoded, reused=outcomes.reused)
    run.metrics(**{f"outcome.{name}": number for name, number in outcomes.counts.items()})


if __name__ == "__main__":
    decode.main()
