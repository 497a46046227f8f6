"""The contract of a protocol, and protocols by name."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from typing import ClassVar

from ntlbg.errors import InputError
from ntlbg.records.prompt import Prompt
from ntlbg.records.question import Question

NAMES = ("longvideobench", "videomme", "mlvu", "open")


class Protocol(ABC):
    """A way to ask. The prompt is made from the question and its options alone: never from answer or evidence."""

    name: ClassVar[str]

    @abstractmethod
    def prompt(self, question: Question) -> Prompt:
        """What the model reads besides the frames."""

    @abstractmethod
    def parse(self, raw: str, n_options: int) -> int | None:
        """The option, counted from 0, that a reply names; None where it names none. Never a guess."""


def get(name: str) -> Protocol:
    """The protocol of this name. Raises InputError for an unknown one."""
    if name not in NAMES:
        raise InputError(f"there is no protocol `{name}`", hint=f"there are {', '.join(NAMES)}")
    return importlib.import_module(f"ntlbg.questions.protocols.{name}").PROTOCOL
