"""Training the tiny answerer."""

from __future__ import annotations

import pytest
import torch

from ntlbg.backbone import tiny_qwen
from ntlbg.backbone.assess import accuracy, checking_plans, filmed
from ntlbg.backbone.learn_answerer import CURRICULUM, learn
from ntlbg.backbone.practice import draw_all, plans
from ntlbg.modeling.answerer import Answerer


def test_the_curriculum_starts_with_one_frame_and_ends_with_eight():
    """Shares rise to one; the last part reads eight frames more often than any other number."""
    ends = [until for until, _ in CURRICULUM]
    assert ends == sorted(ends)
    assert ends[-1] == 1
    assert CURRICULUM[0][1] == (1,)
    last = CURRICULUM[-1][1]
    assert max(set(last), key=last.count) == 8


def test_training_repeats(scenes):
    """The same seed gives the same weights, another seed others; `look` is called as asked."""
    torch.set_num_threads(1)
    calls: list[int] = []

    def trained(seed: int) -> torch.Tensor:
        processor = tiny_qwen.build_processor()
        model = tiny_qwen.build_model(processor, width=64, layers=1, seed=seed)
        learn(model, processor, scenes, steps=4, batch=4, seed=seed, every=2, look=lambda step, _: calls.append(step))
        return model.model.language_model.layers[0].self_attn.q_proj.weight.detach()

    first, again, other = trained(1), trained(1), trained(2)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert calls == [2, 4] * 3


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_short_training_learns_to_read_single_frames(tmp_path):
    """In a fifth of the steps the answerer passes from chance to reading colours off the evidence."""
    torch.set_num_threads(1)
    practice = draw_all(plans(11, "answerer", 80), tiny_qwen.FRAME)
    processor = tiny_qwen.build_processor()
    model = tiny_qwen.build_model(processor, seed=11)
    learn(model, processor, practice, steps=400, batch=24, seed=11)
    films = [filmed(plan, tiny_qwen.FRAME) for plan in checking_plans(11, 8)]
    tiny_qwen.save(model, processor, tmp_path)
    table = accuracy(Answerer.load(tmp_path), films, "oracle")
    assert table["one_moment"][0] > 0.6
