"""Stage `features`: one video index per decoded video, in the encoder's spaces."""

from __future__ import annotations

from pathlib import Path

from ntlbg.features.encoders import load_encoder
from ntlbg.features.extract import extract_all
from pipelines.stage import Run, stage

FRAMES = Path("data/frames")
ENCODER = Path("models/encoder")
INTO = Path("data/features")


@stage("features")
def features(run: Run) -> None:
    """Encode what the store does not hold yet."""
    encoder = load_encoder(ENCODER, device=run.params.machine.device)
    with run.folder(INTO) as into:
        extracted = extract_all(FRAMES, encoder, run.params.features, store=run.store, into=into)
    run.count(**extracted.counts)


if __name__ == "__main__":
    features.main()
