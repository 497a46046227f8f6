"""`ntlbg select`: the frames of a video that answer a question.

Standard output carries the result alone (a table, or one JSON object); what a person should know goes to standard
error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ntlbg.cli.text import clock, plain, slug

if TYPE_CHECKING:
    from ntlbg.api import Chosen
    from ntlbg.records.selection import Selection

# of trust, and what a person may make of it: noise stays below the first, one clear moment lies above the second
HARDLY, PARTLY = 0.1, 0.5


def _budget(text: str) -> int | Literal["auto"]:
    """K of the command line."""
    if text == "auto":
        return "auto"
    try:
        k = int(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is neither a number nor 'auto'.") from None
    if k < 1:
        raise typer.BadParameter(f"{k} is not in the range x>=1.")
    return k


def command(
    video: Annotated[Path, typer.Argument(help="Any video file.", show_default=False)],
    query: Annotated[str, typer.Option(help="What to look for: a question or a phrase.", show_default=False)],
    k: Annotated[
        Any,
        typer.Option(
            "-k",
            parser=_budget,
            metavar="K|auto",
            help="How many frames; `auto`: as few as explain the share --explained.",
        ),
    ] = "8",
    explained: Annotated[
        float | None,
        typer.Option(
            help="With -k auto: share of the question's law, above 0, below 1 (default: 0.9).", show_default=False
        ),
    ] = None,
    max_k: Annotated[
        int | None, typer.Option(help="With -k auto: frames at most (default: 64).", show_default=False)
    ] = None,
    selector: Annotated[str, typer.Option(help="The rule; `ntlbg selectors` lists them.")] = "ntlbg",
    encoder: Annotated[
        str, typer.Option(help="`embedded`, a checkpoint folder (CLIP, SigLIP), or HUB_ID@COMMIT.")
    ] = "embedded",
    fps: Annotated[float, typer.Option(help="Candidate frames per second of video.")] = 1.0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for frames and pictures (default: selections/VIDEO/QUESTION; none with --json).",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose the K frames of VIDEO that represent it best, given the question."""
    from ntlbg.api import COVERED, select_frames

    chosen = select_frames(
        video, query, k, explained=explained, max_k=max_k, selector=selector, encoder=encoder, fps=fps
    )
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
    for line in in_words(picked, covered=COVERED in chosen.notes):
        typer.echo(line)
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


def in_words(picked: Selection, *, covered: bool = False) -> list[str]:
    """What the rule says of its choice, for a person; nothing where it says nothing.

    covered: the words of the question had the frames spread evenly, so trust says nothing of the curve's peaks.
    """
    lines = []
    if picked.explained is not None:
        meant = "share of the spread of what the question weighs that these frames account for"
        if picked.explained < 0:
            meant = "the frames are farther from what the question weighs than its mean is: ask for more of them"
        lines.append(f"explained {picked.explained:.2f}: {meant}")
    if picked.trust is not None:
        if covered:
            meant = "relevance was not used: the question asks about the video as a whole"
        elif picked.trust < HARDLY:
            meant = "no peak stands out of the noise: the frames may follow noise"
        elif picked.trust < PARTLY:
            meant = "relevance was believed in part, its peaks stand out a little: look at the pictures"
        else:
            meant = "relevance was believed, its peaks stand out clearly"
        lines.append(f"trust {picked.trust:.2f}: {meant}")
    return lines
