"""Stage `features`: one video index per decoded video, in the encoder's spaces."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ntlbg.features.encoders import load_encoder
from ntlbg.features.extract import encoding_processes, extract_all
from pipelines.checks.feature_files import check_features
from pipelines.stage import Run, stage

FRAMES = Path("data/frames")
ENCODER = Path("models/encoder")
INTO = Path("data/features")


@stage("features")
def features(run: Run) -> None:
    """Encode what the store does not hold yet; publish the files only when all of them are sound."""
    device = run.params.machine.device
    load = partial(load_encoder, ENCODER, device=device)
    at_once = encoding_processes(device, ENCODER)
    with run.folder(INTO) as into:
        extracted = extract_all(FRAMES, load, run.params.features, store=run.store, into=into, at_once=at_once)
        found = check_features(into, FRAMES)
    run.count(**extracted.counts)
    run.metrics(**found)


if __name__ == "__main__":
    features.main()
