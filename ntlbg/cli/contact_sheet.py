"""The chosen frames on one sheet, in time order, each with its time and the share of the video it stands for."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ntlbg.cli.text import clock, plain

if TYPE_CHECKING:
    from PIL import Image, ImageFont

    from ntlbg.api import Chosen

BACKGROUND, CARD, INK, FAINT, ACCENT = "#f6f5f2", "#ffffff", "#1f2328", "#6b7280", "#c2410c"
WIDTH = 1440  # of the sheet, in pixels
GAP, CAPTION, HEAD = 16, 44, 92


def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: the same letters on every machine."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)


def contact_sheet(chosen: Chosen) -> Image.Image:
    """A sheet WIDTH pixels wide."""
    from PIL import Image, ImageDraw

    pictures, picked = chosen.pictures(), chosen.selection
    count, (h, w) = len(pictures), pictures.shape[1:3]
    columns = _columns(count, 4 if w >= h else 6)
    rows = math.ceil(count / columns)
    tile_w = (WIDTH - GAP * (columns + 1)) // columns
    tile_h = round(tile_w * h / w)
    sheet = Image.new("RGB", (WIDTH, HEAD + rows * (tile_h + CAPTION + GAP) + GAP // 2), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    title, small, bold = font(26, bold=True), font(16), font(18, bold=True)
    draw.text((GAP, 18), fitted(plain(chosen.query.text), title, WIDTH - 2 * GAP), INK, font=title)
    about = f"{chosen.video.name}  ·  {picked.selector}, {count} frames of {len(chosen.features.index)}"
    draw.text((GAP, 56), fitted(plain(about), small, WIDTH - 2 * GAP), FAINT, font=small)
    heaviest = float(picked.masses.max())
    for i, pixels in enumerate(pictures):
        x = GAP + (i % columns) * (tile_w + GAP)
        y = HEAD + (i // columns) * (tile_h + CAPTION + GAP)
        draw.rectangle((x, y, x + tile_w - 1, y + tile_h + CAPTION - 1), fill=CARD, outline="#e2e0da")
        sheet.paste(Image.fromarray(pixels).resize((tile_w, tile_h), Image.Resampling.LANCZOS), (x, y))
        mass = float(picked.masses[i])
        draw.text((x + 10, y + tile_h + 9), clock(float(picked.timestamps_s[i])), INK, font=bold)
        share = f"{mass:.0%}" if mass >= 0.01 else "< 1%"
        draw.text((x + tile_w - 10, y + tile_h + 11), share, FAINT, font=small, anchor="ra")
        bar = round((tile_w - 1) * mass / heaviest)
        draw.rectangle((x, y + tile_h + CAPTION - 5, x + bar, y + tile_h + CAPTION - 2), fill=ACCENT)
    return sheet


def _columns(count: int, most: int) -> int:
    """The number of columns that leaves the fewest gaps in the last row; the larger of equals."""
    if count <= most:
        return count
    return min(range(most, most - 2, -1), key=lambda c: -count % c)


def fitted(text: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    """`text` on one line, cut with an ellipsis when it is wider than `width` pixels."""
    text = " ".join(text.split())
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
