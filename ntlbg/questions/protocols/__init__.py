"""How each benchmark asks, and how its answers are read: prompt and parser together."""

from ntlbg.questions.protocols.protocol import NAMES, Protocol, get

__all__ = ["NAMES", "Protocol", "get"]
