"""LoRA on the language model."""

from __future__ import annotations

import re

import pytest
import torch

from ntlbg.backbone import tiny_qwen
from ntlbg.errors import InputError
from ntlbg.modeling.lora import Lora, add_lora, has_lora, load_lora, save_lora
from tests.modeling import tiny_family
from tests.modeling.conftest import FAMILIES

LORA = Lora(rank=2, alpha=4, dropout=0.1)


def build(family: str):
    return tiny_family.build(family, tiny_qwen.build_processor())


def read(model) -> torch.Tensor:
    """Logits of a few words."""
    with torch.no_grad():
        return model.eval()(input_ids=torch.arange(10, 16)[None]).logits


def shaken(model):
    """Every matrix another than at the start."""
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_" in name:
                p.add_(torch.randn(p.shape, generator=generator))
    return model


@pytest.mark.parametrize("family", FAMILIES)
def test_it_learns_in_the_language_model_alone_and_starts_at_nothing(family):
    """Seven projections of every layer, none of the vision tower (whose names are alike), and no number changes yet."""
    model = build(family)
    before = read(model)
    assert not has_lora(model)
    add_lora(model, LORA, seed=0)
    names = [n for n, _ in model.named_parameters() if "lora_" in n]
    assert len(names) == 2 * 7 * tiny_family.LAYERS
    assert all(re.match(r"model\.language_model\.layers\.\d", n) for n in names)
    assert all(p.requires_grad for n, p in model.named_parameters() if "lora_" in n)
    assert has_lora(model)
    assert torch.equal(read(model), before)


def test_the_seed_decides_the_first_matrices_and_disturbs_nobody():
    """Two models of one seed are equal, of two seeds not; torch's own generator goes on as before."""
    torch.manual_seed(9)
    expected = torch.rand(3)
    models = []
    for seed in (0, 0, 1):
        models.append(build("qwen2_vl"))
        torch.manual_seed(9)
        add_lora(models[-1], LORA, seed)
    assert torch.equal(torch.rand(3), expected)
    first = [{n: p for n, p in m.named_parameters() if "lora_A" in n} for m in models]
    assert all(torch.equal(first[0][n], first[1][n]) for n in first[0])
    assert not any(torch.equal(first[0][n], first[2][n]) for n in first[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_saved_and_loaded_it_is_bit_identical(family, tmp_path):
    """Also through peft's own loader: the folder is an ordinary adapter of the checkpoint."""
    from peft import PeftModel

    model = build(family)
    add_lora(model, LORA, seed=0)
    expected = read(shaken(model))
    save_lora(model, LORA, tmp_path)
    other = build(family)
    assert not torch.equal(read(other), expected)
    add_lora(other, LORA, seed=7)
    load_lora(other, tmp_path)
    assert torch.equal(read(other), expected)
    torch.testing.assert_close(read(PeftModel.from_pretrained(build(family), tmp_path)), expected)
    assert not list(tmp_path.glob("*.bin"))


def test_equal_weights_give_equal_files(tmp_path):
    """Nothing of the machine, the time or the place stands in the folder."""
    for name in ("a", "b"):
        model = build("qwen2_vl")
        add_lora(model, LORA, seed=0)
        save_lora(model, LORA, tmp_path / name)
    assert {f.name for f in (tmp_path / "a").iterdir()} == {"adapter_model.safetensors", "adapter_config.json"}
    assert all(f.read_bytes() == (tmp_path / "b" / f.name).read_bytes() for f in (tmp_path / "a").iterdir())


def test_an_adapter_of_another_rank_is_refused(tmp_path):
    """It is not squeezed in."""
    model, other = build("qwen2_vl"), build("qwen2_vl")
    add_lora(model, LORA, seed=0)
    save_lora(model, LORA, tmp_path)
    add_lora(other, Lora(rank=3, alpha=4), seed=0)
    with pytest.raises(InputError, match="shape"):
        load_lora(other, tmp_path)


def test_what_the_folder_says_of_itself_is_not_believed(tmp_path):
    """Another `adapter_config.json` changes nothing of what is loaded."""
    model, other = build("qwen2_vl"), build("qwen2_vl")
    add_lora(model, LORA, seed=0)
    expected = read(shaken(model))
    save_lora(model, LORA, tmp_path)
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 64, "target_modules": ".*"}')
    add_lora(other, LORA, seed=1)
    load_lora(other, tmp_path)
    assert torch.equal(read(other), expected)


def test_beside_half_precision_weights_it_stays_float32(tmp_path):
    """Steps of training are smaller than a half-precision weight can tell; the language model's own type stays."""
    model = build("qwen2_vl").to(torch.bfloat16)
    add_lora(model, LORA, seed=0)
    assert {p.dtype for n, p in model.named_parameters() if "lora_" in n} == {torch.float32}
    assert read(shaken(model)).dtype == torch.bfloat16
    save_lora(model, LORA, tmp_path)
    other = build("qwen2_vl").to(torch.bfloat16)
    add_lora(other, LORA, seed=1)
    load_lora(other, tmp_path)
    assert torch.equal(read(other), read(model))
