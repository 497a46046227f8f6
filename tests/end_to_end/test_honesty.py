"""Whatever could make a comparison look better than it is."""

import numpy as np
import pandas as pd
import pytest

from ntlbg.config.load import load_params
from ntlbg.evaluation.evaluate import evaluate
from ntlbg.evaluation.evidence import read_evidence, recall
from ntlbg.features.encoders import load_encoder
from ntlbg.features.index import load_features
from ntlbg.features.relevance import make_query
from ntlbg.records.query import Query
from ntlbg.selection import registry
from ntlbg.store import Store, file_stem
from ntlbg.training.train import train_stage
from pipelines.stages.train import selection_of

pytestmark = pytest.mark.timeout(1500)


def test_without_evidence_every_pick_and_answer_is_the_same(project, tmp_path, monkeypatch):
    """Evidence reaches scoring and the oracle only: hide it, and the other arms' rows are those of the run."""
    monkeypatch.chdir(project.root)
    params = load_params("params.yaml")
    again = evaluate(
        "videomme",
        accepted=project.root / "data/accepted",
        frames=project.root / "data/frames",
        features=project.root / "data/features",
        encoder=project.root / "models/encoder",
        answerer=project.root / "models/answerer",
        evidence=None,
        selection=params.current.selection,
        params=params.current.evaluation,
        seed=params.seed,
        store=Store(tmp_path / "another-store"),
        models=project.root / "models",
        modeling=params.current.modeling,
    )
    told = pd.read_parquet(project.root / "reports/evaluation/videomme.parquet")
    columns = ["question_id", "arm", "sha256", "prompt_sha256", "raw", "parsed", "correct"]

    def without_oracle(rows):
        kept = rows[rows.selector != "oracle"].sort_values(["arm", "question_id"])[columns].reset_index(drop=True)
        return kept.astype({"correct": bool})

    pd.testing.assert_frame_equal(without_oracle(again), without_oracle(told))
    assert told.evidence_recall.notna().any()
    assert again.evidence_recall.isna().all()


def test_without_evidence_training_gives_the_same_model(own_project, tmp_path, monkeypatch):
    """Evidence is gone from the disk, and so is all that was remembered: the stages leave the same bytes."""
    root = own_project.root
    monkeypatch.chdir(root)
    (root / "data/corpus/evidence.parquet").unlink()
    params = load_params("params.yaml")
    settings = params.current.training
    previous = None
    for stage in ("select", "joint"):
        train_stage(
            stage,
            accepted=root / "data/accepted",
            frames=root / "data/frames",
            features=root / "data/features",
            encoder=root / "models/encoder",
            answerer=root / "models/answerer",
            previous=previous,
            selector="ntlbg",
            selection=selection_of("ntlbg", settings.points, params.current.selection.settings),
            modeling=params.current.modeling,
            params=settings,
            seed=params.seed,
            store=Store(tmp_path / "another-store"),
            into=tmp_path / stage,
            log=lambda step, terms: None,
        )
        previous = tmp_path / stage
        for file in sorted(path for path in previous.rglob("*") if path.is_file()):
            told = root / "models" / stage / "ntlbg" / file.relative_to(previous)
            assert file.read_bytes() == told.read_bytes(), file.name


def test_shuffled_relevance_erases_the_gain(project, monkeypatch):
    """With its relevance values dealt out anew, ntlbg hits one-moment evidence about as often as uniform does."""
    monkeypatch.chdir(project.root)
    questions = pd.read_parquet("data/accepted/questions.parquet")
    questions = questions[(questions.kind == "one_moment") & (questions.split != "train")]
    evidence = read_evidence(project.root / "data/corpus/evidence.parquet")
    encoder = load_encoder(project.root / "models/encoder")
    rng = np.random.default_rng(5)
    settings = load_params("params.yaml").current.selection.settings
    ntlbg, uniform = registry.make("ntlbg", **settings["ntlbg"]), registry.make("uniform")
    true, shuffled, even = [], [], []
    for video, of_video in questions.groupby("video_id"):
        features = load_features(project.root / f"data/features/{file_stem(str(video))}.safetensors")
        for row in of_video.itertuples():
            items = evidence[row.question_id]
            query = make_query(row.text, features, encoder)

            def hit(selector, query, items=items, index=features.index):
                return recall(items, selector.select(index, query, 8).timestamps_s)

            true.append(hit(ntlbg, query))
            even.append(hit(uniform, query))
            dealt = [Query(query.text, rng.permutation(query.relevance)) for _ in range(8)]
            shuffled.append(np.mean([hit(ntlbg, q) for q in dealt]))
    gain, left = np.mean(true) - np.mean(even), np.mean(shuffled) - np.mean(even)
    assert len(true) >= 25
    assert gain > 0.15
    assert left < gain / 2
