"""The film's questions, read in other ways than the embedded encoder reads them.

    python -m benchmarks.film_phrasings

Asks the questions of benchmarks/film_development.json (91) of footage/big_buck_bunny.mp4 (`make footage`) as they are
read now: without their asking words, as one phrase and word by word; then unstripped, the phrase alone or the words
too; then with the mean over several phrasings in the place of each text. Prints the mean AUC of relevance and the mean
evidence recall over k = 8, 16 and 32 of `topk_nms` and `ntlbg`, and their paired differences to the way of now.
"""

from __future__ import annotations

import json
import re

import numpy as np

from benchmarks.command import command
from benchmarks.film_relevance import KS, QUESTIONS, SEES, difference, group, measured, table
from ntlbg.features.conse import ConSE
from ntlbg.features.phrases import HANGING, phrase, words
from ntlbg.records.arrays import Array

ARMS = ("topk_nms", "ntlbg")
PHRASINGS = ("{}", "a photo of {}", "a picture of {}", "a film scene with {}", "there is {} here")
WORDINGS = ("{}", "a photo of a {}", "a picture of a {}")
Texts = list[list[str]]  # of each thing to look for its phrasings; the first thing is the question as a whole


def as_now(question: str) -> Texts:
    return [[phrase(question)], *([word] for word in words(question))]


def whole_unstripped(question: str) -> Texts:
    return [[question], *([word] for word in words(question))]


def all_unstripped(question: str) -> Texts:
    found = dict.fromkeys(word for word in re.findall(r"[a-z'-]+", question.lower()) if word not in HANGING)
    return [[question], *([word] for word in found)]


def whole_in_phrasings(question: str) -> Texts:
    return [[form.format(phrase(question)) for form in PHRASINGS], *([word] for word in words(question))]


def all_in_phrasings(question: str) -> Texts:
    whole = [form.format(phrase(question)) for form in PHRASINGS]
    return [whole, *([form.format(word) for form in WORDINGS] for word in words(question))]


WAYS = {
    "as now: phrase and words, stripped": as_now,
    "the whole question as the phrase": whole_unstripped,
    "the whole question, and all its words": all_unstripped,
    "mean of 5 phrasings of the phrase": whole_in_phrasings,
    "mean of 5 phrasings, and 3 of each word": all_in_phrasings,
}


class Reading(ConSE):
    """The embedded encoder with another way of reading a question."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = WAYS[way]

    def relevance(self, question: str, vectors: Array) -> Array:
        whole, *single = (self.encode_texts(texts).mean(axis=0) for texts in self.way(question))
        unit = [text / np.linalg.norm(text) for text in (whole, *single)]
        return self.curve(vectors, unit[0], np.array(unit[1:] or unit[:1]))


def main() -> int:
    questions = json.loads(QUESTIONS.read_text())["questions"]
    groups = np.array([group(q) for q in questions])
    figures: dict[str, tuple[Array, dict[str, Array]]] = {}
    for way in WAYS:
        areas, found = measured(questions, Reading(way), ARMS)
        figures[way] = areas, {arm: np.mean([found[arm, k] for k in KS], axis=0) for arm in ARMS}
    now, recalls_now = figures[next(iter(WAYS))]
    for name, of in (
        (f"all {len(questions)}", groups != ""),
        (f"{SEES}, {int((groups == SEES).sum())}", groups == SEES),
    ):
        body = []
        for way, (areas, recalls) in figures.items():
            known = of & ~np.isnan(areas) & ~np.isnan(now)
            cells = [f"{areas[known].mean():.3f}", *(f"{recalls[arm][of].mean():.3f}" for arm in ARMS)]
            if areas is not now:
                against = [(areas[known], now[known]), *((recalls[arm][of], recalls_now[arm][of]) for arm in ARMS)]
                cells = [f"{cell} ({difference(*pair)})" for cell, pair in zip(cells, against, strict=True)]
            body.append([way, *cells])
        print(table([f"{name} questions", "AUC", *(f"recall, `{arm}`" for arm in ARMS)], body) + "\n")
    return 0


if __name__ == "__main__":
    command(main)
