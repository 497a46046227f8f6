"""The registered model answers where nothing of the pipeline is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ntlbg.api import answers_from_frames, answers_from_points, ask
from ntlbg.backbone.provide import copy_shipped
from ntlbg.evaluation.params import EvaluationParams
from ntlbg.features.encoders import load_encoder
from ntlbg.modeling.params import ModelingParams
from ntlbg.modeling.rich_answerer import RichAnswerer
from ntlbg.modeling.video_qa import NTLBGVideoQA
from ntlbg.store import Store
from ntlbg.video.probe import probe
from pipelines.registry import register, settings_of, trained
from pipelines.tracking import Tracker
from tests.cli.conftest import encode

QUESTION = {"question": "What colour is the star in the desert?", "options": ["red", "blue", "green"]}
SELECTION = {"k": [4], "selectors": ["uniform", "ntlbg"]}
VIDEO = {"fps": 1.0, "max_frames": 64, "size": [32, 48]}
RICH = [{"presentation": "rich", "model": "full", "k": 6, "selectors": ["ntlbg"]}]

LOAD = """
import json, sys
import mlflow
import pandas as pd

mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/ntlbg@smoke")
rows = json.loads(sys.argv[2])
answers = model.predict(rows).to_dict("records")
assert model.predict(pd.DataFrame(rows[:1])).to_dict("records") == answers[:1], "a table is taken as a list is"
assert "pipelines" not in sys.modules
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s, three colours, drawn here."""
    return encode(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped checkpoints, and an NTLBG model over them as the last stage of training leaves one."""
    folder = tmp_path_factory.mktemp("models")
    for part in ("encoder", "answerer"):
        (folder / part).mkdir()
        copy_shipped(part, folder / part)
    sizes = ModelingParams(representatives=8, coverage_ratio=0.5, coverage_align=1, coverage_minimum=1, hidden=16)
    encoder = load_encoder(folder / "encoder")
    width = encoder.encode_texts(["red"]).shape[-1]
    model = NTLBGVideoQA.fresh(
        folder / "answerer",
        features=32,
        query=width,
        modeling=sizes,
        encoder=encoder.identity,
        points=6,
        selector="ntlbg",
    )
    model.add_lora(2, 4.0)
    model.save(folder / "full" / "ntlbg", stage="full")
    return folder


def answered_elsewhere(project: Path, rows: list[dict]) -> list[dict]:
    """In a process that has no working folder of ours, and must not unpickle anything."""
    (project / "elsewhere").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", LOAD, f"sqlite:///{project / 'mlflow.db'}", json.dumps(rows)],
        cwd=project / "elsewhere",
        env={
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
            "NTLBG_STORE": str(project / "elsewhere" / "store"),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow  # two processes that load a model, 20 s
@pytest.mark.parametrize("presentations", [pytest.param([], id="frames"), pytest.param(RICH, id="rich")])
def test_it_loads_in_a_fresh_process_and_answers_as_here(project, models, film, presentations):
    """Letter, text, scores and times; a video that cannot be read is a row with its reason and without an answer."""
    from ntlbg.selection.params import SelectionParams
    from ntlbg.video.params import VideoParams

    params = EvaluationParams(presentations=presentations)
    checkpoints = {name: models / name for name in ("encoder", "answerer")}
    given = {}
    if presentations:
        given["shown"], checkpoints["trained"] = trained(params, models)
    settings = settings_of(SelectionParams(**SELECTION), VideoParams(**VIDEO), params, **given)
    tracker = Tracker()
    run = tracker.start("compare", tags={})
    register(tracker, run, name="ntlbg", alias="smoke", checkpoints=checkpoints, settings=settings, tags={})

    store = Store(project / "store")
    encoder = load_encoder(models / "encoder")
    if presentations:
        shown = settings["shown"]
        told = {name: shown[name] for name in ("presentation", "points", "full_frames")}
        model = RichAnswerer.load(checkpoints["trained"], models / "answerer", encoder=encoder.identity, **told)
        answers = answers_from_points(model, shown, params, store=store)
    else:
        answers = answers_from_frames(models / "answerer", params, store=store)
    here = ask(
        film, **QUESTION, answerer=answers, encoder=encoder, k=settings["k"], size=(32, 48), max_frames=64, store=store
    )

    rows = [{"video": str(film), **QUESTION}, {"video": str(project / "none.mp4"), **QUESTION}]
    there, failed = answered_elsewhere(project, rows)
    assert there == {
        "answer": here.letter,
        "text": here.text,
        "scores": list(here.scores),
        "picks_s": list(here.picks_s),
        "error": "",
    }
    assert len(there["picks_s"]) == (6 if presentations else 4)
    assert there["text"] in QUESTION["options"]
    assert all(0 <= second < probe(film).duration_s for second in there["picks_s"])
    assert (failed["answer"], failed["scores"], failed["picks_s"]) == ("", [], [])
    assert "none.mp4: no such file" in failed["error"]
