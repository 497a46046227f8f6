"""A trained model behind the calls of Answerer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.modeling.answerer import Request
from ntlbg.modeling.params import ModelingParams
from ntlbg.modeling.rich_answerer import RichAnswerer
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from tests.modeling.questions import FEATURES, OPTIONS, PROMPTS, QUERY, sample, small_model

MODELING = ModelingParams(
    representatives=8,
    coverage_ratio=0.5,
    coverage_align=1,
    coverage_minimum=1,
    rank=4,
    hidden=16,
    context=8,
    temporal=8,
)


def request(seed: int, k: int, T: int = 20, size: tuple[int, int] = (32, 48)) -> Request:
    """A question about a random video, with k of its frames."""
    rng = np.random.default_rng(seed)
    indices = np.sort(rng.choice(T, k, replace=False))
    times = np.cumsum(rng.uniform(0.5, 3, T))
    return Request(
        rng.integers(0, 256, (k, *size, 3), dtype=np.uint8),
        times[indices],
        PROMPTS[seed % 3],
        OPTIONS[: 2 + seed % 4],
        index=VideoIndex("v", rng.normal(size=(T, FEATURES)), times, 10.0, T, 3.0 * T),
        query=Query("?", rng.normal(size=T), rng.normal(size=QUERY)),
        indices=tuple(indices),
    )


@pytest.fixture
def requests() -> list[Request]:
    """Unlike numbers of frames, lengths and sizes; one sees nothing."""
    blind = Request(np.zeros(0), np.zeros(0), PROMPTS[1], OPTIONS)
    return [request(0, 6), request(1, 3, T=9), blind, request(2, 2, size=(48, 32)), request(3, 1), request(4, 0)]


@pytest.fixture
def folder(adapter, tmp_path):
    """A saved model."""
    model = small_model(adapter)
    model.add_lora(2, 4.0)
    model.save(tmp_path / "m", stage="full")
    return tmp_path / "m"


def test_it_answers_as_the_model_does(folder, checkpoint, adapter):
    """Frames go through the answerer's own eyes, and the rest of the request becomes the sample."""
    rich = RichAnswerer.load(folder, checkpoint)
    asked = request(0, 6)
    index, query = asked.index, asked.query
    one = sample(
        0,
        features=index.features,
        timestamps_s=index.timestamps_s,
        duration_s=index.duration_s,
        relevance=query.relevance,
        query=query.vector,
        indices=np.array(asked.indices),
        prompt=asked.prompt,
        options=asked.options,
        visual=adapter.embed_frames(asked.frames).numpy(),
    )
    assert rich.score_options([asked]) == rich.model.score_options([one])


@pytest.mark.parametrize("presentation", ["rich", "hybrid", "frames"])
def test_a_batch_answers_as_its_requests_alone_do(folder, checkpoint, requests, presentation):
    """Scores in the order asked, to 1e-4, and texts exactly, for unlike requests side by side; blind ones too."""
    rich = RichAnswerer.load(folder, checkpoint, presentation=presentation, batch=3)
    together = rich.score_options(requests)
    texts = rich.generate(requests, 3)
    for asked, scores, text in zip(requests, together, texts, strict=True):
        np.testing.assert_allclose(rich.score_options([asked])[0], scores, atol=1e-4)
        assert rich.generate([asked], 3) == [text]


def test_the_rules_picks_are_all_shown(folder, checkpoint):
    """Without a pool to choose from, a request with more picks than in training shows them all; `points` limits it."""
    asked = [request(0, 12)]
    seen = []
    for points in (None, 12, 5):
        rich = RichAnswerer.load(folder, checkpoint, points=points)
        seen.append(rich.score_options(asked)[0])
    assert seen[0] == seen[1] != seen[2]


def test_untrained_without_training_is_the_answerer(checkpoint, answerer):
    """An untrained model in presentation `frames` gives Answerer's scores; `rich` gives others."""
    told = {"features": FEATURES, "query": QUERY, "modeling": MODELING}
    asked = [request(0, 6)]
    plain = RichAnswerer.untrained(checkpoint, presentation="frames", **told)
    np.testing.assert_allclose(plain.score_options(asked), answerer.score_options(asked), atol=1e-4)
    rich = RichAnswerer.untrained(checkpoint, **told)
    assert rich.score_options(asked) != plain.score_options(asked)
    assert rich.identity != plain.identity


def test_identities_tell_models_and_presentations_apart(folder, checkpoint, tmp_path):
    """Two trainings, two presentations and two budgets have answers of their own; a copy elsewhere has the same."""
    import shutil

    shutil.copytree(folder, tmp_path / "copy")
    one = RichAnswerer.load(folder, checkpoint)
    assert RichAnswerer.load(tmp_path / "copy", checkpoint).identity == one.identity
    assert RichAnswerer.load(folder, checkpoint, presentation="hybrid").identity != one.identity
    assert RichAnswerer.load(folder, checkpoint, points=5).identity != one.identity
    other = RichAnswerer.untrained(checkpoint, features=FEATURES, query=QUERY, modeling=MODELING, seed=1)
    assert other.identity != one.identity


def test_a_request_that_lacks_what_is_needed_is_named(folder, checkpoint):
    """Frames without features, and options that are not there."""
    rich = RichAnswerer.load(folder, checkpoint)
    good = request(0, 6)
    with pytest.raises(InputError, match=r"requests\[1\] has no options"):
        rich.score_options([good, replace(good, options=())])
    with pytest.raises(InputError, match=r"requests\[1\] has frames but not the features"):
        rich.score_options([good, Request(good.frames, good.timestamps_s, good.prompt, good.options)])


def test_no_requests_no_answers(folder, checkpoint):
    """An empty list is not an error."""
    rich = RichAnswerer.load(folder, checkpoint)
    assert rich.score_options([]) == []
    assert rich.generate([], 3) == []


def test_a_missing_device_is_one_sentence(folder, checkpoint):
    """As for the answerer itself."""
    with pytest.raises(InputError, match="device `nonsense`"):
        RichAnswerer.load(folder, checkpoint, device="nonsense")


def test_half_precision_answers_nearly_alike(folder, checkpoint):
    """A bfloat16 language model beside our float32 modules gives finite scores, near those of float32."""
    asked = [request(0, 6), request(1, 3, T=9)]
    for presentation in ("rich", "hybrid"):
        full, half = (
            RichAnswerer.load(folder, checkpoint, dtype=dtype, presentation=presentation).score_options(asked)
            for dtype in ("float32", "bfloat16")
        )
        for one, other in zip(full, half, strict=True):
            np.testing.assert_allclose(one, other, atol=0.3)
