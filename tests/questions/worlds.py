"""Strategies for benchmarks that a layout can hold: what is written must be what is read."""

from __future__ import annotations

from hypothesis import strategies as st

WORD = st.text("abcXYZ019_é本", min_size=1, max_size=8)
STEM = st.text("abcXYZ019_-@", min_size=1, max_size=8).filter(lambda s: s.strip("-@"))
# anything a file can hold, line breaks and quotes included, but no lone surrogates and no NUL
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30).filter(
    lambda s: bool(s.strip())
)
OPTIONS = st.lists(TEXT.map(str.strip), min_size=2, max_size=6, unique=True).map(tuple)
