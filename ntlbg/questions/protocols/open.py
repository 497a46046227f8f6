"""The question alone, without options: for scoring each option's text by its likelihood as the answer.

Nothing is parsed: the options have no letters here, so a generated reply names none of them.
"""

from __future__ import annotations

from ntlbg.questions.protocols.protocol import Protocol
from ntlbg.records.prompt import Prompt
from ntlbg.records.question import Question


class Open(Protocol):
    name = "open"

    def prompt(self, question: Question) -> Prompt:
        return Prompt(question.text)

    def parse(self, raw: str, n_options: int) -> int | None:
        return None


PROTOCOL = Open()
