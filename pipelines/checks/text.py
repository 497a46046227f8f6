"""Text of unknown origin, made fit to be looked at.

Ids, names and questions come from files that anybody may have written. Whatever shows them (a page, a spreadsheet,
a terminal) gets them through here: nothing invisible, nothing that reorders its neighbours, nothing endless.
"""

from __future__ import annotations

import unicodedata

from blake3 import blake3

LIMIT = 200  # characters of one value; longer ones are cut and named by their digest

# A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@")


def visible(text: str, limit: int = LIMIT) -> str:
    r"""`text` with control, format (right-to-left marks …) and line characters written as `\uXXXX`, and cut to `limit`.

    Different texts stay different: a backslash is doubled, and a cut text carries its length and digest.
    """
    whole = text
    if len(text) > limit:
        text = text[:limit]
    shown = "".join(_seen(character) for character in text)
    if whole is text:
        return shown
    digest = blake3(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{shown}… ({len(whole)} characters, blake3 {digest})"


def _seen(character: str) -> str:
    if character == "\\":
        return "\\\\"
    # Cc control, Cf format, Cs lone surrogate, Co private, Zl and Zp line ends
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        code = ord(character)
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
    return character


def cell(text: str) -> str:
    """`text` for one cell of a CSV file: visible, and never a formula (an apostrophe is put before it)."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(FORMULA_STARTS) else shown
