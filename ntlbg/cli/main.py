"""`ntlbg`: the commands, and how a mistake is told. A command's own imports happen when it runs."""

from __future__ import annotations

import sys

import typer

from ntlbg import garbage
from ntlbg.cli import cache, select, selectors, train
from ntlbg.cli.text import plain
from ntlbg.errors import NTLBGError

app = typer.Typer(
    name="ntlbg",
    help="Representative frames of a long video, chosen by a question.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("select")(select.command)
app.command("selectors")(selectors.command)
app.command("train")(train.command)
app.add_typer(cache.app, name="cache")


@app.callback()
def root() -> None:
    """Representative frames of a long video, chosen by a question."""


def run(arguments: list[str] | None = None) -> None:
    """Run a command; end the process with its exit code (2: wrong input, 3: unreadable video, 4: damaged store)."""
    garbage.collect_rarely()
    try:
        app(args=arguments)
    except NTLBGError as error:
        print(f"error: {plain(error.sentence)}", file=sys.stderr)
        if error.hint:
            print(f"hint: {plain(error.hint)}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except OSError as error:  # a full disk, a folder that may not be read
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {plain(f'{place}{(error.strerror or str(error)).lower()}')}", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        garbage.collect_no_more()


if __name__ == "__main__":
    run()
