"""Reads the option letter out of a model's reply.

What counts, strongest first: the whole reply is a letter; the last letter that the reply declares ("Best answer: C",
"the answer is (D)"); the one letter that a line begins with ("B. Red"); the only letter that is marked ("(B)"); the
only capital letter that stands alone. Two letters of equal strength contradict each other: the reply is unreadable.
A letter beyond the options makes a declaration unreadable as well; nothing weaker is then tried.
"""

from __future__ import annotations

import re

_WRAP = r"[\s*_`\"'<>\[\](){}.:,;!#]*"
_WHOLE = re.compile(rf"{_WRAP}([A-Za-z]){_WRAP}")
# "is", a colon or an equals sign must come before the letter, so that "Best" is no B; the letter must end there,
# and a small letter must be marked or last, so that "the answer is a dog" declares nothing
_DECLARED = re.compile(
    r"\b(?i:answer|option|choice|letter|response|best)\b[\s*_`\"']*(?i:is\b|would\s+be\b|will\s+be\b|should\s+be\b|[:=])"
    r"[\s*_`\"']*(?i:(?:definitely|clearly|probably|most\s+likely|option|choice|letter|answer)\b[\s:*_`\"']*)?"
    r"(?:"
    r"[(\[{<]\s*([A-Za-z])\s*[)\]}>]"
    r"|\\?boxed\{\s*([A-Za-z])\s*\}"
    r"|([A-Z])(?![\w'’]|\s+[a-z])"
    r"|([A-Z])(?=\s+(?:because|since|as|and\s+not|not|for|—|-))"
    r"|([a-z])(?=[\s*_`\"']*[).:]|[\s*_`\"']*$)"
    r")"
)
_LINE = re.compile(
    r"^[\s*_`\"'>#-]*(?:[(\[]\s*([A-Z])\s*[)\]]|([A-Z])\s*[).:])(?![A-Za-z]\.)"
    r"(?!\s*(?:[,;/&]|and\b|or\b)\s*[(\[]?[A-Z]\b)",  # "(A), (B)" begins with two
    re.MULTILINE,
)
_MARKED = re.compile(r"[(\[]\s*([A-Z])\s*[)\]]|(?<![\w'’.])([A-Z])\)")
# "A man": an article, not an option; "I": only where there are nine options, and then not as a pronoun
_ALONE = re.compile(r"(?<![\w'’./-])([A-Z])(?![\w'’/-]|\.[A-Za-z]|\s+(?!or\b|and\b)[a-z])")


def read(raw: str, n_options: int) -> int | None:
    """The place, counted from 0, of the option that a reply names by its letter; None when it names none or several."""
    text = raw.strip()
    whole = _WHOLE.fullmatch(text)
    if whole:
        return _place(whole[1], n_options)
    declared = [next(g for g in m.groups() if g) for m in _DECLARED.finditer(text)]
    if declared:
        return _place(declared[-1], n_options)
    for pattern in (_LINE, _MARKED, _ALONE):
        found = {next(g for g in m.groups() if g) for m in pattern.finditer(text)}
        if found:
            return _place(found.pop(), n_options) if len(found) == 1 else None
    return None


def _place(letter: str, n_options: int) -> int | None:
    place = ord(letter.upper()) - ord("A")
    return place if place < n_options else None


def letter(place: int) -> str:
    """A for 0, B for 1 …"""
    return chr(ord("A") + place)
