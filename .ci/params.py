"""Check params.yaml, every tier of it: `params.py [FILE]`. One sentence for each mistake."""

from __future__ import annotations

import sys

from ntlbg.config.load import load_params
from ntlbg.errors import NTLBGError


def main(path: str = "params.yaml") -> int:
    try:
        params = load_params(path)
    except NTLBGError as error:
        for sentence in error.sentence.splitlines():
            print(f"error: {sentence}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_code
    print(f"{path}: sound; the active tier is `{params.tier}`")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
