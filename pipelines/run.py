"""`make run`: the whole pipeline, once, with its comparison as the last word.

    python -m pipelines.run [targets and options of `dvc repro` …]

Checks params.yaml before anything starts, notes what lies in the corpus's folders, holds the run lock while DVC
works, closes the MLflow parent run, and ends with DVC's exit code.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress

import psutil

from ntlbg.config.load import load_params
from ntlbg.errors import NTLBGError
from pipelines import comparison_table, say
from pipelines.workspace import DVC, REPORTS, environment, finish, only_run, prepare

STOPPED = 130


def reproduce(arguments: list[str], lock: int) -> int:
    """`dvc repro` with these arguments as a child that keeps the run lock while it lives; its exit code."""
    child = subprocess.Popen([*DVC, "repro", *arguments], env=environment(), pass_fds=(lock,))
    # Ctrl-C reaches the whole terminal by itself; a plain SIGTERM reaches only this process
    previous = signal.signal(signal.SIGTERM, lambda *_: _terminate(child.pid))
    try:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # let DVC and the stage close what they have open
    finally:
        signal.signal(signal.SIGTERM, previous)


def _terminate(pid: int) -> None:
    """SIGTERM to a child and all below it: DVC does not hand it on to the stage that it runs."""
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in reversed(tree):
        with suppress(psutil.NoSuchProcess):
            process.terminate()


def main(argv: list[str] | None = None) -> int:
    """Run the pipeline; the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        params = load_params()
        with only_run() as lock:
            prepare(params)
            code = reproduce(arguments, lock)
            try:
                finish(succeeded=code == 0)
            except NTLBGError as error:
                say.note(f"warning: {error.sentence}")
        if code == 0 and not arguments:
            comparison_table.show(comparison_table.read(REPORTS / "comparison.json"), REPORTS)
    except NTLBGError as error:
        return say.failure(error)
    except OSError as error:
        return say.refusal(error, "the run")
    except KeyboardInterrupt:
        print("error: stopped before it was done", file=sys.stderr)
        return STOPPED
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
