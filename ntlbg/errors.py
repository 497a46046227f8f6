"""Errors that a user can act on.

    NTLBGError            base: one sentence, an optional hint, exit code 1
      InputError          a file, row or argument of the user's is wrong          exit code 2
        ParamsError       params.yaml is wrong                                    exit code 2
      VideoError          one video could not be read; carries its outcome        exit code 3
      StoreError          the store is damaged or not writable                    exit code 4

A command prints `error: <sentence>` and, where there is one, `hint: <hint>`; never a traceback.
"""

from __future__ import annotations


class NTLBGError(Exception):
    """One clear sentence that names the culprit; `hint` says what to do."""

    exit_code = 1

    def __init__(self, sentence: str, *, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # errors cross process borders (decoder pool), so the hint must survive pickling
        return (_rebuild, (type(self), self.sentence, self.hint, dict(self.__dict__)))


def _rebuild(kind: type[NTLBGError], sentence: str, hint: str | None, state: dict[str, object]) -> NTLBGError:
    error = kind.__new__(kind)
    Exception.__init__(error, sentence)
    error.sentence, error.hint = sentence, hint
    error.__dict__.update(state)
    return error


class InputError(NTLBGError):
    """A file, row or argument given by the user is wrong."""

    exit_code = 2


class ParamsError(InputError):
    """params.yaml is wrong."""


class StoreError(NTLBGError):
    """The store is damaged or cannot be written."""

    exit_code = 4
