"""Stage `backbone@<part>`: the network that looks, or the one that answers: trained small, or a pinned source."""

from __future__ import annotations

from pathlib import Path

from ntlbg.backbone.provide import provide_answerer, provide_encoder
from pipelines.stage import Run, stage

PROVIDERS = {"encoder": provide_encoder, "answerer": provide_answerer}


@stage("backbone", argument="encoder|answerer")
def backbone(run: Run, part: str) -> None:
    """Provide one checkpoint folder."""
    with run.folder(Path("models") / part) as into:
        PROVIDERS[part](run.params.backbone, into)


if __name__ == "__main__":
    backbone.main()
