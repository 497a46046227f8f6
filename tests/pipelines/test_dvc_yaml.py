"""dvc.yaml says what each stage reads, all of it and nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from ntlbg.config.load import load_params
from ntlbg.selection import registry
from pipelines.declared import IN_TIER, Declared, declared
from pipelines.stages.compare import BENCHMARKS
from tests.pipelines.code_rooms import ROOT, rooms

DEFINITION = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in DEFINITION.items()}


def stage_file(name: str) -> Path:
    return ROOT / "pipelines" / "stages" / f"{name}.py"


def trained_rules() -> set[str]:
    """Modules of the rules that some tier of params.yaml trains on; uniform is every selection's."""
    tiers = load_params(ROOT / "params.yaml").tiers.values()
    return {registry.classes()[name].__module__ for tier in tiers for name in [*tier.training.selectors, "uniform"]}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_the_rooms_it_imports(name):
    """Code that can change an output re-runs the stage; code that cannot does not.

    Training asks the registry for the rules that params.yaml names, and for no others.
    """
    listed = {dep for dep in STAGES[name]["deps"] if dep.startswith(("ntlbg/", "pipelines/"))}
    assert listed == rooms(stage_file(name), trained_rules() if name == "train" else None)


def test_one_more_rival_retrains_nothing():
    """Not its file, nor its name among the selectors: neither is read by a stage of training."""
    stage = STAGES["train"]
    assert not {dep for dep in stage["deps"] if dep in ("ntlbg/selection", "ntlbg/selection/baselines")}
    assert not {p for p in stage["params"] if p.endswith((".selection", ".selection.selectors", ".selection.k"))}


def test_a_rule_that_is_trained_on_must_be_a_dependency():
    """Named in params.yaml alone, its change would not re-run the training: refused, with what to add."""
    from ntlbg.errors import InputError
    from pipelines.stages.train import file_of

    rules = declared("train", "select", ROOT / "dvc.yaml")
    for name in ("ntlbg", "uniform"):
        rules.allow_file(file_of(name))
    with pytest.raises(InputError, match=r"runs `ntlbg/selection/baselines/topk_nms\.py`, which is not among"):
        rules.allow_file(file_of("topk_nms"))
    Declared("a", frozenset(), frozenset(), frozenset({"ntlbg/selection"})).allow_file(file_of("topk_nms"))
    with pytest.raises(InputError, match="there is no selector `best`"):
        file_of("best")


def test_stages_of_training_are_chained():
    """Each reads what the one before wrote; all of them lie before the evaluation."""
    chain = DEFINITION["train"]["foreach"]
    assert [part["after"] for part in chain.values()] == ["models/answerer", "models/select", "models/joint"]
    assert {f"models/{name}" for name in chain} <= set(STAGES["evaluate"]["deps"])


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_declares_the_parameters_it_reads(name):
    """`run.params.X`, `run.seed` and `run.tier` in its file are exactly the `params` in dvc.yaml.

    A stage that runs for several items may declare its item's part of a section.
    """
    text = ast.unparse(ast.parse(stage_file(name).read_text()))
    sections = set(re.findall(r"\brun\.params\.([a-z_]+(?:\.[a-z_]+)*)", text))
    keys = {key for key in ("seed", "tier") if re.search(rf"\brun\.{key}\b", text)}
    params = STAGES[name].get("params", [])
    declared_sections = {p.removeprefix(IN_TIER).removesuffix(".${item}") for p in params if p.startswith(IN_TIER)}
    assert declared_sections == sections
    assert {p for p in params if not p.startswith(IN_TIER)} == keys


@pytest.mark.parametrize("name", STAGES)
def test_every_tier_spells_out_what_a_stage_reads(name):
    """DVC looks into params.yaml itself and knows no defaults: a key that is left out fails the stage, late."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    foreach = DEFINITION[name].get("foreach", [""])
    for tier in content["tiers"]:
        for param in STAGES[name].get("params", []):
            for item in foreach:
                found = content
                for part in param.replace("${tier}", tier).replace("${item}", item).split("."):
                    assert part in found, (tier, param)
                    found = found[part]


@pytest.mark.parametrize("name", STAGES)
def test_data_that_a_stage_reads_comes_from_another(name):
    """Every path under data/, models/ and reports/ that a stage needs is inside the outputs of one."""
    outs = [p for s in STAGES.values() for p in outputs(s)]
    outs = [p for out in outs for p in expanded(out)]
    for dep in STAGES[name]["deps"]:
        if dep.startswith(("data/", "models/", "reports/")):
            assert any(dep == out or dep.startswith(f"{out}/") for out in outs), dep


def outputs(stage: dict) -> list[str]:
    listed = [*stage.get("outs", []), *stage.get("metrics", [])]
    return [out if isinstance(out, str) else next(iter(out)) for out in listed]


def expanded(out: str) -> list[str]:
    items = [item for s in DEFINITION.values() for item in s.get("foreach", [])]
    return [re.sub(r"\$\{(item|key)\}", item, out) for item in items] if "${" in out else [out]


def test_tracked_results_are_tracked_by_git_and_not_by_dvc():
    """Reports are small and are diffed, so they lie in git; data and weights never do."""
    for name, stage in STAGES.items():
        for out in [*stage.get("outs", []), *stage.get("metrics", [])]:
            cached = not (isinstance(out, dict) and next(iter(out.values())).get("cache") is False)
            assert cached == (not outputs({"outs": [out]})[0].startswith("reports/")), name


def test_every_stage_of_dvc_yaml_is_a_file_and_the_other_way_round():
    """The only list of stages is dvc.yaml."""
    files = {f.stem for f in stage_file("x").parent.glob("*.py")} - {"__init__"}
    assert files == set(STAGES)


def test_the_comparison_is_of_the_benchmarks_that_are_evaluated():
    """One more benchmark in dvc.yaml cannot be forgotten in the comparison."""
    assert tuple(DEFINITION["evaluate"]["foreach"]) == BENCHMARKS
    assert {f"reports/evaluation/{b}.parquet" for b in BENCHMARKS} <= set(STAGES["compare"]["deps"])


def test_evidence_reaches_scoring_and_the_report_only():
    """No stage before evaluation, training least of all, may see which intervals answer a question.

    `validate` checks the tables beside it.
    """
    readers = {name for name, s in STAGES.items() if "data/corpus/evidence.parquet" in s["deps"]}
    assert readers == {"evaluate", "compare"}
    assert {name for name, s in STAGES.items() if "data/corpus" in s["deps"]} == {"validate"}


def test_an_undeclared_parameter_cannot_be_read(project):
    """Neither a section nor the seed: its change would not re-run the stage."""
    from ntlbg.config.load import load_params
    from ntlbg.errors import InputError

    rules = declared("decode", None)
    params = rules.view(load_params().current)
    assert params.video.fps > 0
    with pytest.raises(InputError, match=r"stage `decode` reads `tiers\.\$\{tier\}\.features`"):
        _ = params.features
    with pytest.raises(InputError, match="stage `decode` reads `seed`"):
        rules.allow_key("seed")


def test_a_part_of_a_section_can_be_declared_alone(project):
    """`machine.device` without the rest of `machine`."""
    from ntlbg.config.load import load_params
    from ntlbg.errors import InputError

    Path("dvc.yaml").write_text("stages:\n  a:\n    params: ['tiers.${tier}.machine.device']\n")
    params = declared("a", None).view(load_params().current)
    assert params.machine.device == "cpu"
    with pytest.raises(InputError, match=r"machine\.gpu"):
        _ = params.machine.gpu


@pytest.mark.parametrize(
    ("name", "argument"), [("evaluate", None), ("evaluate", "nextqa"), ("decode", "x"), ("train", None), ("tune", None)]
)
def test_an_unknown_stage_is_refused_by_its_address(project, name, argument):
    """With what there is instead."""
    from ntlbg.errors import InputError

    with pytest.raises(InputError, match="has no stage") as caught:
        declared(name, argument)
    assert caught.value.hint
