"""Video-MME's own prompt, without subtitles.

Source: MME-Benchmarks/Video-MME, README. The letters named in the instruction are those of the question's options.
"""

from __future__ import annotations

from ntlbg.questions.protocols import letters
from ntlbg.questions.protocols.protocol import Protocol
from ntlbg.records.prompt import Prompt
from ntlbg.records.question import Question


class VideoMME(Protocol):
    name = "videomme"

    def prompt(self, question: Question) -> Prompt:
        names = [letters.letter(i) for i in range(len(question.options))]
        listed = ", ".join(names[:-1]) + f", or {names[-1]}" if len(names) > 1 else "".join(names)
        first = (
            "Select the best answer to the following multiple-choice question based on the video. "
            f"Respond with only the letter ({listed}) of the correct option."
        )
        options = [f"{name}. {text}" for name, text in zip(names, question.options, strict=True)]
        return Prompt("\n".join([first, question.text, *options, "The best answer is:"]))

    def parse(self, raw: str, n_options: int) -> int | None:
        return letters.read(raw, n_options)


PROTOCOL = VideoMME()
