"""Training the tiny answerer."""

from __future__ import annotations

import pytest
import torch

from ntlbg.backbone import tiny_qwen
from ntlbg.backbone.assess import accuracy, checking_plans, filmed
from ntlbg.backbone.learn_answerer import COUNTING, READING, Pass, learn_to_read, practise
from ntlbg.backbone.practice import draw_all, plans
from ntlbg.modeling.answerer import Answerer


@pytest.mark.parametrize("kind", [READING, COUNTING], ids=["reading", "counting"])
def test_the_curriculum_starts_with_one_frame_and_ends_with_eight(kind: Pass):
    """Shares rise to one; the last part reads eight frames more often than any other number."""
    ends = [until for until, _ in kind.curriculum]
    assert ends == sorted(ends)
    assert ends[-1] == 1
    assert kind.curriculum[0][1][0] == 1
    last = kind.curriculum[-1][1]
    assert max(set(last), key=last.count) == 8


def test_counting_leaves_the_eyes_as_they_are(scenes):
    """The second pass changes the language model and not one weight of the vision tower."""
    torch.set_num_threads(1)
    processor = tiny_qwen.build_processor()
    model = tiny_qwen.build_model(processor, width=64, layers=1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    practise(model, processor, scenes, COUNTING, steps=3, batch=4)
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert not any("visual" in name for name in changed)


def test_training_repeats(scenes):
    """The same seed gives the same weights, another seed others; `look` is called as asked."""
    torch.set_num_threads(1)
    calls: list[int] = []

    def trained(seed: int) -> torch.Tensor:
        processor = tiny_qwen.build_processor()
        model = tiny_qwen.build_model(processor, width=64, layers=1, seed=seed)
        learn_to_read(
            model, processor, scenes, steps=4, batch=4, seed=seed, every=2, look=lambda step, _: calls.append(step)
        )
        return model.model.language_model.layers[0].self_attn.q_proj.weight.detach()

    first, again, other = trained(1), trained(1), trained(2)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert calls == [2, 4] * 3


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_short_training_learns_to_read_single_frames(tmp_path):
    """In a tenth of the steps the answerer passes from chance, a quarter, to reading colours off the evidence."""
    torch.set_num_threads(1)
    practice = draw_all(plans(11, "answerer", 80), tiny_qwen.FRAME)
    processor = tiny_qwen.build_processor()
    model = tiny_qwen.build_model(processor, seed=11)
    learn_to_read(model, processor, practice, steps=250, batch=24, seed=11)
    films = [filmed(plan, tiny_qwen.FRAME) for plan in checking_plans(11, 8)]
    tiny_qwen.save(model, processor, tmp_path)
    table = accuracy(Answerer.load(tmp_path), films, "oracle")
    assert table["one_moment"][0] > 0.45
