"""LongVideoBench's own prompt: question, lettered options, one instruction.

Source: longvideobench/LongVideoBench, longvideobench_dataset.py. Its own parser falls back to a random choice where a
reply is unreadable; this one says so instead.
"""

from __future__ import annotations

from ntlbg.questions.protocols import letters
from ntlbg.questions.protocols.protocol import Protocol
from ntlbg.records.prompt import Prompt
from ntlbg.records.question import Question


class LongVideoBench(Protocol):
    name = "longvideobench"

    def prompt(self, question: Question) -> Prompt:
        options = [f"{letters.letter(i)}. {text}" for i, text in enumerate(question.options)]
        last = "Answer with the option's letter from the given choices directly."
        return Prompt("\n".join([f"Question: {question.text}", *options, last]))

    def parse(self, raw: str, n_options: int) -> int | None:
        return letters.read(raw, n_options)


PROTOCOL = LongVideoBench()
