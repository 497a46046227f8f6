"""Train the stand-in: `python -m tests.training.killed_run FOLDER RESULT [KILL_AT]`, as a process that can be killed.

Under `accelerate launch` every process calls this; the first one writes RESULT.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from ntlbg.training.checkpoint import Checkpoints
from ntlbg.training.loop import fit
from tests.training.tiny import Tiny, tiny_batches, tiny_objective, tiny_params


def main(folder: Path, result: Path, kill_at: int | None, batch: int, dropout: float) -> None:
    def log(step: int, values: dict[str, float]) -> None:
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    fitted = fit(
        tiny_objective(Tiny(3, dropout=dropout)),
        tiny_batches(),
        tiny_params(batch_size=batch),
        stage="full",
        seed=1,
        checkpoints=Checkpoints(folder, "one run"),
        log=log,
    )
    if os.environ.get("RANK", "0") == "0":
        result.write_text(json.dumps([fitted.history, vars(fitted.best)]))


if __name__ == "__main__":
    told = sys.argv[1:]
    main(Path(told[0]), Path(told[1]), int(told[2]) if told[2] != "-" else None, int(told[3]), float(told[4]))
