"""`ntlbg select`: the frames of a video that answer a question.

Standard output carries the result alone (a table, or one JSON object); what a person should know goes to standard
error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ntlbg.cli.text import clock, plain, slug

if TYPE_CHECKING:
    from ntlbg.api import Chosen


def command(
    video: Annotated[Path, typer.Argument(help="Any video file.", show_default=False)],
    query: Annotated[str, typer.Option(help="What to look for: a question or a phrase.", show_default=False)],
    k: Annotated[int, typer.Option("-k", help="How many frames.", min=1)] = 8,
    selector: Annotated[str, typer.Option(help="The rule; `ntlbg selectors` lists them.")] = "ntlbg",
    encoder: Annotated[
        str, typer.Option(help="`embedded`, a checkpoint folder (CLIP, SigLIP), or HUB_ID@COMMIT.")
    ] = "embedded",
    fps: Annotated[float, typer.Option(help="Candidate frames per second of video.")] = 1.0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for frames and pictures [default: selections/VIDEO/QUESTION; none with --json].",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose the K frames of VIDEO that represent it best, given the question."""
    from ntlbg.api import select_frames

    chosen = select_frames(video, query, k, selector=selector, encoder=encoder, fps=fps)
    _tell(chosen)
    if out is None and not as_json:
        out = Path("selections", slug(video.stem), slug(query) + ("" if selector == "ntlbg" else f"-{slug(selector)}"))
    if out is not None:
        from ntlbg.cli.output import write

        write(chosen, out)
    if as_json:
        typer.echo(json.dumps(chosen.as_json(), ensure_ascii=False))
        return
    picked = chosen.selection
    typer.echo(" rank      time   mass")
    for rank, (time_s, mass) in enumerate(zip(picked.timestamps_s, picked.masses, strict=True), 1):
        typer.echo(f"{rank:5d} {clock(float(time_s)):>9}  {mass:5.1%}")
    told = [
        f"{name} {value:.2f}"
        for name, value in (("explained", picked.explained), ("trust", picked.trust))
        if value is not None
    ]
    if told:
        typer.echo("  ".join(told))
    typer.echo(plain(f"frames, contact_sheet.png, timeline.png: {out}"))


def _tell(chosen: Chosen) -> None:
    lines = [
        f"encoder: {chosen.encoder}; {chosen.sees}",
        f"looked for: {chosen.compared}",
        f"decoded {chosen.decoded}, encoded {chosen.encoded}",
        *(f"note: {note}" for note in chosen.notes),
    ]
    for line in lines:
        print(plain(line), file=sys.stderr)
