"""A benchmark as a command: its exit code, and an error of the house as its sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ntlbg.errors import NTLBGError


def command(main: Callable[[], int]) -> None:
    """Run `main` and exit with its code; with the error's own where there is one."""
    try:
        sys.exit(main())
    except NTLBGError as error:
        print(f"error: {error.sentence}" + (f"\nhint: {error.hint}" if error.hint else ""), file=sys.stderr)
        sys.exit(error.exit_code)
