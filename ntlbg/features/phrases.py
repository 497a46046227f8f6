"""From a question to the phrase that a picture could show: "What colour is the big dog?" → "the big dog".

Words that ask, count or speak of the video itself stand for nothing in a picture; left in, they pull every question
towards the same place. English only; other text passes through unchanged but for its punctuation.
"""

from __future__ import annotations

import re

# fmt: off
ASKING = frozenset((
    "what", "what's", "which", "who", "who's", "whom", "whose", "when", "where", "why", "how", "many", "much", "often",
    "is", "are", "was", "were", "be", "been", "being", "do", "does", "did", "has", "have", "had", "can", "could",
    "will", "would", "shall", "should", "may", "might", "must", "there", "it", "this", "that", "these", "those",
    "happens", "happen", "happening", "appear", "appears", "appearing", "seen", "shown", "show", "shows", "see",
    "visible",
))
ABOUT_IT = frozenset((
    "colour", "color", "kind", "type", "sort", "name", "number", "video", "film", "movie", "clip", "scene", "shot",
    "shots", "frame", "frames", "moment", "opening", "beginning", "ending",
))
HANGING = frozenset((
    "of", "in", "on", "at", "to", "by", "for", "with", "from", "during", "and", "or", "the", "a", "an",
))
# fmt: on
_ARTICLES = frozenset(("the", "a", "an"))
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def phrase(question: str) -> str:
    """What is left of `question` without asking words; the question itself when nothing is left."""
    kept: list[str] = []
    for word in _WORD.findall(question):
        plain = word.lower().replace("’", "'")
        if plain in ABOUT_IT:
            _drop_hanging(kept)  # "in the opening" goes whole
        elif plain not in ASKING:
            kept.append(word)
    _drop_hanging(kept)
    while len(kept) > 1 and kept[0].lower() in HANGING - _ARTICLES:
        kept.pop(0)
    return " ".join(kept) or question.strip()


def words(question: str) -> list[str]:
    """The words of its phrase that can name something, in lower case, each once, without a possessive ending."""
    plain = (word.lower().replace("’", "'").removesuffix("'s") for word in _WORD.findall(phrase(question)))
    return list(dict.fromkeys(word for word in plain if word not in HANGING))


def _drop_hanging(words: list[str]) -> None:
    """Take articles and prepositions off the end: what they stood before is gone."""
    while words and words[-1].lower() in HANGING:
        words.pop()
