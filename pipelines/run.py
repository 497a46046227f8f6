"""`make run`: the whole pipeline, once, with its comparison as the last word.

    python -m pipelines.run [targets and options of `dvc repro` …]

Checks params.yaml before anything starts, notes what lies in the corpus's folders, holds the run lock while DVC
works, closes the MLflow parent run, and ends with DVC's exit code.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from ntlbg.config.load import load_params
from ntlbg.errors import InputError, NTLBGError
from ntlbg.store import Store
from pipelines import comparison_table, invocation, say, sources
from pipelines.graph import forget_dead_locks
from pipelines.tracking import RUNS, Tracker

LOCK = Path(".ntlbg/run.lock")
REPORTS = Path("reports")
STOPPED = 130


@contextmanager
def only_run(lock: Path = LOCK) -> Iterator[None]:
    """Hold the run lock of the working folder.

    Raises InputError when another run holds it. DVC's own lock waits three seconds and then says little.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout:
        raise InputError(
            f"another run is at work in {Path.cwd()}",
            hint="wait until it ends; two runs at once would write the same files",
        ) from None


def reproduce(arguments: list[str]) -> int:
    """`dvc repro` with these arguments as a child; its exit code."""
    environment = os.environ | {
        invocation.VARIABLE: invocation.own().key,
        "DVC_NO_ANALYTICS": "1",
        # the stages' `python` is the one that runs this, whether or not its environment is activated
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    child = subprocess.Popen([sys.executable, "-m", "dvc", "repro", *arguments], env=environment)
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


def finish(code: int) -> None:
    """Close the MLflow parent with what exists only after the last stage: dvc.lock and the comparison."""
    if not (RUNS / f"{invocation.own().key}.json").exists():
        return  # nothing ran
    reports = [REPORTS / f"comparison.{suffix}" for suffix in ("json", "md", "html")]
    Tracker().finish(
        invocation.own(), succeeded=code == 0, artifacts=(Path("dvc.lock"), *(reports if code == 0 else ()))
    )


def main(argv: list[str] | None = None) -> int:
    """Run the pipeline; the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        params = load_params()
        with only_run():
            Store.default().sweep()
            forget_dead_locks()
            if sources.record(params.current.corpus):
                say.note(f"{sources.LOCK}: the folders of the corpus have changed")
            code = reproduce(arguments)
            try:
                finish(code)
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
