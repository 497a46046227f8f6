"""NTLBG: long-video question answering by representative frames, chosen by the question.

from ntlbg import ask, select_frames
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ntlbg.api import Answered, Chosen, ask, select_frames

__all__ = ["Answered", "Chosen", "ask", "select_frames"]


def __getattr__(name: str) -> Any:
    """What Python users call, imported when it is first asked for: `import ntlbg` alone stays light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ntlbg import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
