"""MLVU's own prompt: system text, question, bracketed options, and an answer that already begins `Best Option: (`.

Source: JUNJIE99/MLVU, evaluation/. Its own parser takes the character before the first `)`; wherever that is a letter
of the options alone, this one reads the same, and it knows all six options of the test set.
"""

from __future__ import annotations

from ntlbg.questions.protocols import letters
from ntlbg.questions.protocols.protocol import Protocol
from ntlbg.records.prompt import Prompt
from ntlbg.records.question import Question

SYSTEM = (
    "Carefully watch this video and pay attention to every detail. "
    "Based on your observations, select the best option that accurately addresses the question."
)


class MLVU(Protocol):
    name = "mlvu"

    def prompt(self, question: Question) -> Prompt:
        options = [f"({letters.letter(i)}) {text}" for i, text in enumerate(question.options)]
        lines = [f"Question: {question.text}", "Options:", *options, "Only give the best option."]
        return Prompt("\n".join(lines), system=SYSTEM, prefill="Best Option: (")

    def parse(self, raw: str, n_options: int) -> int | None:
        return letters.read(raw, n_options)


PROTOCOL = MLVU()
