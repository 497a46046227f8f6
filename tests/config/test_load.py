"""The project's own params.yaml, and what happens to it when somebody makes a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from ntlbg.config.load import load_params
from ntlbg.errors import ParamsError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """params.yaml with one replacement."""
    monkeypatch.chdir(tmp_path)

    def load(old: str, new: str):
        text = (ROOT / "params.yaml").read_text()
        assert old in text
        Path("params.yaml").write_text(text.replace(old, new, 1))
        return load_params()

    return load


def test_all_four_tiers_are_sound():
    """Also the three that nobody runs today."""
    params = load_params(ROOT / "params.yaml")
    assert list(params.tiers) == ["smoke", "moderate_long", "long", "very_long"]
    assert params.tier == "smoke"
    assert params.current is params.tiers["smoke"]


@pytest.mark.parametrize(
    ("name", "representatives", "max_frames", "batch_size", "gpu"),
    [
        ("moderate_long", 256, 2048, 2, "V100_32GB"),
        ("long", 512, 4096, 1, "A100_40GB"),
        ("very_long", 1024, 8192, 1, "A100_80GB"),
    ],
)
def test_the_large_tiers_hold_the_published_numbers(name, representatives, max_frames, batch_size, gpu):
    """And the coverage rule gives exactly those representatives for a full video."""
    tier = load_params(ROOT / "params.yaml").tiers[name]
    assert (tier.modeling.representatives, tier.video.max_frames, tier.training.batch_size) == (
        representatives,
        max_frames,
        batch_size,
    )
    assert tier.machine.gpu == gpu
    assert tier.features.batch == "auto"
    assert (tier.modeling.coverage_ratio, tier.modeling.coverage_align, tier.modeling.coverage_minimum) == (
        0.125,
        8,
        16,
    )
    assert tier.modeling.representatives_of(max_frames) == representatives
    assert tier.video.size == (224, 224)
    assert tier.backbone.answerer.source == "Qwen/Qwen2-VL-7B-Instruct"
    assert len(tier.backbone.answerer.revision) == 40
    training = tier.training
    assert (training.gradient_accumulation, training.learning_rate, training.max_steps) == (32, 5e-5, 10000)
    assert (training.precision == "float16") is (gpu == "V100_32GB"), "a V100 has no bfloat16"
    assert tier.corpus.folders.videomme
    assert {own.split for own in tier.corpus.own} == {"train", "val"}


@pytest.mark.parametrize("name", ["moderate_long", "long", "very_long"])
def test_the_large_tiers_show_as_many_points_as_they_have_representatives(name):
    """Trained on them and asked with them, stage by stage, for ntlbg's picks and for uniform's."""
    tier = load_params(ROOT / "params.yaml").tiers[name]
    points = tier.modeling.representatives
    assert tier.training.points == points
    asked = [(one.name, one.k, one.selectors) for one in tier.evaluation.presentations]
    stages = ("rich:untrained", "rich:select", "rich:joint", "rich")
    assert asked == [(stage, points, ["ntlbg", "uniform"]) for stage in stages]
    assert tier.training.size == tier.evaluation.size


def test_settings_cannot_be_changed():
    """A stage sees what the file says, to the end."""
    params = load_params(ROOT / "params.yaml")
    with pytest.raises(ValidationError):
        params.current.video.fps = 2.0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("fps: 1.0", "fps: -1", "tiers.smoke.video.fps: must be greater than 0, is `-1`"),
        ("fps: 1.0", "fps: '1.0'", "tiers.smoke.video.fps: must be a number, is the text `1.0`"),
        ("max_frames: 512", "max_frames: 1.5", "tiers.smoke.video.max_frames: must be a whole number, is `1.5`"),
        ("k: [8]", "k: [0]", "tiers.smoke.selection.k[0]: must be greater than 0, is `0`"),
        ("k: [8]", "k: 8", "tiers.smoke.selection.k: must be a list, is `8`"),
        ("uniform, random,", "uniform, randon,", "tiers.smoke.selection: there is no selector `randon`"),
        ("scoring: likelihood", "scoring: guess", "tiers.smoke.evaluation.scoring: must be `likelihood` or `generate`"),
        ("tier: smoke", "tier: smok", "`tier` is `smok`, which is none of smoke, moderate_long, long, very_long"),
        ("seed: 2026", "seed: -1", "seed: must be at least 0, is `-1`"),
        ("seed: 2026", "seed: 2026\nsede: 1", "sede: there is no such key"),
        ("  moderate_long:", "  smoke:", "tiers.smoke: the key stands twice, first in line"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key(edited, old, new, sentence):
    """With the file and, where it stands in a line, the line."""
    with pytest.raises(ParamsError) as caught:
        edited(old, new)
    assert sentence in caught.value.sentence
    assert caught.value.sentence.startswith("params.yaml")
    assert "\n" not in caught.value.sentence


ASKED = "tiers.smoke.evaluation.presentations"


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            lambda tier: tier["evaluation"]["presentations"][0].update(model="best"),
            f"{ASKED}[0].model: must be `untrained`, `select`, `joint` or `full`, is the text `best`",
        ),
        (
            lambda tier: tier["evaluation"]["presentations"][0].update(presentation="hybrid", k=28, full_frames=28),
            f"{ASKED}[0]: `hybrid` shows some of its 28 picks",
        ),
        (
            lambda tier: tier["evaluation"]["presentations"][0].update(whole=4),
            f"{ASKED}[0].whole: there is no such key",
        ),
        (
            lambda tier: tier["training"].update(selectors=["ntlbg"]),
            "names `uniform`, which is not among `training.selectors`",
        ),
        (
            lambda tier: tier["evaluation"]["presentations"][0].update(selectors=["every_tenth"]),
            "`evaluation.presentations[0]` names `every_tenth`, which is not among `selection.selectors`",
        ),
        (
            lambda tier: tier["training"].update(max_steps=0, steps={}),
            "asks for model `select`, but `training` takes no steps",
        ),
        (
            lambda tier: tier["corpus"]["rendered"].update(train=0),
            "asks for model `select`, but `corpus` has no videos to train on",
        ),
        (lambda tier: tier["training"].update(size=[64, 48]), "`training.size` is not `evaluation.size`"),
    ],
)
def test_what_is_asked_of_trained_models_is_trained(tmp_path, edit, sentence):
    """Found when the file is read, in one sentence, and not after days of training."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    edit(content["tiers"]["smoke"])
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(ParamsError) as caught:
        load_params(tmp_path / "params.yaml")
    assert sentence in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_a_tier_that_asks_no_trained_model_need_not_train(tmp_path):
    """No steps and no training videos are sound where nothing trained is asked for; untrained may be."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    tier = content["tiers"]["smoke"]
    tier["training"].update(max_steps=0, steps={})
    tier["corpus"]["rendered"].update(train=0)
    tier["evaluation"]["presentations"] = [
        {"presentation": "rich", "model": "untrained", "k": 8, "selectors": ["ntlbg"]},
    ]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    assert load_params(tmp_path / "params.yaml").current.evaluation.presentations[0].name == "rich:untrained"


def test_a_mistake_in_a_tier_that_is_not_active_is_found_now(edited):
    """Not on the night it is first run."""
    with pytest.raises(ParamsError, match=r"tiers\.very_long\.video\.max_frames: must be greater than 0"):
        edited("max_frames: 8192", "max_frames: 0")


def test_a_tier_may_be_renamed_or_added(edited):
    """Tier names are free; only the sections are fixed."""
    assert "huge" in edited("  very_long:", "  huge:").tiers
