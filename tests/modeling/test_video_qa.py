"""The whole model: law, choice, points and language model in one forward pass."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from ntlbg.errors import InputError
from ntlbg.modeling.answerer import Answerer, Request
from ntlbg.modeling.lora import Lora
from ntlbg.modeling.qwen import QwenAdapter
from ntlbg.modeling.settings import read_settings, write_settings
from ntlbg.modeling.video_qa import NTLBGVideoQA
from tests.modeling.questions import OPTIONS, PROMPTS, ragged, sample, small_model

PRESENTATIONS = ("frames", "rich", "hybrid")


def loss_of(out) -> torch.Tensor:
    """Shifted cross-entropy of the answers."""
    return torch.nn.functional.cross_entropy(out.logits[:, :-1].flatten(0, 1).float(), out.labels[:, 1:].flatten())


def trembling(model: NTLBGVideoQA) -> NTLBGVideoQA:
    """A model as after training: every weight of ours and of LoRA another than at the start."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_" in name or name.split(".")[0] in ("attention", "constructor"):
                p.add_(0.1 * torch.randn(p.shape, generator=generator))
    return model


@pytest.mark.parametrize("presentation", PRESENTATIONS)
def test_a_question_in_a_padded_batch_equals_the_question_alone(model, presentation):
    """Logits, labels, choice and masses, whatever lengths stand beside it; so do the scores."""
    trembling(model)
    samples = ragged()
    with torch.no_grad():
        both = model(samples, presentation=presentation)
        for b, one in enumerate(samples):
            alone = model([one], presentation=presentation)
            A, k = alone.labels.shape[1], len(one.indices)
            torch.testing.assert_close(both.logits[b, :A], alone.logits[0], atol=1e-4, rtol=1e-4)
            assert torch.equal(both.labels[b, :A], alone.labels[0])
            assert both.choice.indices[b, :k].tolist() == alone.choice.indices[0, :k].tolist() == list(one.indices)
            torch.testing.assert_close(both.masses[b, :k], alone.masses[0, :k], atol=1e-5, rtol=1e-4)
    together = model.score_options(samples, presentation=presentation)
    for one, scores in zip(samples, together, strict=True):
        np.testing.assert_allclose(model.score_options([one], presentation=presentation)[0], scores, atol=1e-4)


def test_frames_are_answered_as_the_answerer_answers(adapter, answerer):
    """Presentation `frames` of an untrained model: Answerer's scores and texts, from frames or from visual tokens."""
    model = small_model(adapter).eval()
    rng = np.random.default_rng(2)
    samples, requests = [], []
    for seed, picks in enumerate((6, 3, 0, 6)):
        shots = rng.integers(0, 256, (picks, 32, 48, 3), dtype=np.uint8)
        visual = adapter.embed_frames(shots).numpy()
        told = {"visual": visual} if seed % 2 else {"frames": shots}
        samples.append(sample(seed, picks=picks, options=OPTIONS, **told))
        requests.append(Request(shots, np.arange(float(picks)), samples[-1].prompt, OPTIONS))
    scores = model.score_options(samples, presentation="frames")
    np.testing.assert_allclose(scores, answerer.score_options(requests), atol=1e-4)
    assert model.generate(samples, 4, presentation="frames") == answerer.generate(requests, 4)


@pytest.mark.parametrize("presentation", PRESENTATIONS)
def test_the_language_model_reads_as_many_visual_tokens_as_promised(model, presentation):
    """`visual_tokens` counts what is really put in the place of pictures."""
    with torch.no_grad():
        seen = model.represent([sample(0)], presentation=presentation)
        inputs = model._inputs([sample(0)], seen, None)
    image = model.adapter.answerer.processor.image_token_id
    assert int((inputs.layout.ids == image).sum()) == model.visual_tokens(presentation)


def test_equal_budgets_of_the_smoke_tier(model):
    """8 frames, 48 points, and 4 frames with 24 points: 48 visual tokens each."""
    assert model.visual_tokens("frames", 8) == 48
    assert model.visual_tokens("rich", 48) == 48
    assert model.visual_tokens("hybrid", 28, 4) == 48


def test_untrained_points_are_almost_the_frames_means(model):
    """Before training a point is its frame's mean visual token and a small correction, so it can be read at once."""
    one = sample(0)
    with torch.no_grad():
        out = model([one])
    mean = torch.as_tensor(one.visual).mean(1)
    off = (out.rich.embeds[0, :, 0] - mean).norm(dim=-1) / mean.norm(dim=-1)
    assert 0 < float(off.max()) < 0.2


def test_pooled_and_whole_tokens_give_the_same_points(model):
    """A sample may bring a frame's tokens or their mean; whole frames are refused where only means came."""
    whole = sample(0)
    small = replace(whole, visual=whole.visual.mean(1, keepdims=True))
    np.testing.assert_allclose(model.score_options([whole]), model.score_options([small]), atol=1e-4)
    with pytest.raises(InputError, match="samples came with 1"):
        model.score_options([small], presentation="hybrid")


def test_several_tokens_make_a_point(adapter):
    """Points of two tokens cost two each, and every one of them counts."""
    model = small_model(adapter, tokens_per_point=2).eval()
    one = sample(0)
    assert model.visual_tokens("rich") == 12
    other = one.visual.copy()
    other[2, 3:] += 1.0  # the second half of the third pick
    with torch.no_grad():
        first, second = model([one]), model([replace(one, visual=other)])
    assert first.rich.embeds.shape[2] == 2
    assert not torch.allclose(first.logits, second.logits, atol=1e-4)


@pytest.mark.parametrize("presentation", ["rich", "hybrid"])
@pytest.mark.parametrize("proposed", [6, 15], ids=["rule's picks", "learned choice"])
def test_the_task_reaches_mean_sigma_and_query(model, presentation, proposed):
    """The gradient of the task loss alone, through the language model, at mu_Q, Sigma_Q and every weight of the
    attention is finite and not zero: through the masses where the rule's picks are kept, and through the choice too
    where the model chooses among them.
    """
    samples = [sample(s, picks=proposed) for s in range(3)]
    laws = []
    handle = model.attention.register_forward_hook(lambda _, __, law: laws.append(law))
    out = model(samples, presentation=presentation, points=6)
    handle.remove()
    found = torch.autograd.grad(
        loss_of(out),
        [laws[0].mean, laws[0].factor, laws[0].diagonal, *model.attention.parameters()],
    )
    for gradient in found:
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 0


def test_the_choice_gets_a_gradient_only_where_something_was_chosen(model):
    """Kept whole, a pool says nothing of which frames are better: its gates are constants."""
    kept, chosen = (model([sample(0, picks=k)], points=6).choice.gate for k in (6, 15))
    first = torch.arange(6.0)  # the sum of all gates is near constant
    assert not torch.autograd.grad((kept * first).sum(), model.attention.gains)[0].any()
    assert torch.autograd.grad((chosen * first).sum(), model.attention.gains)[0].abs().max() > 1e-3
    assert kept.tolist() == [[1.0] * 6]
    torch.testing.assert_close(chosen, torch.ones(1, 6))


def test_every_one_of_our_weights_learns_from_the_task(model):
    """No part of attention and constructor is decoration; the answerer's own weights stay out."""
    loss_of(model([sample(s, picks=15) for s in range(4)], points=6)).backward()
    for name, p in model.named_parameters():
        if name.split(".")[0] in ("attention", "constructor"):
            assert p.grad is not None, name
            assert p.grad.isfinite().all(), name
            assert p.grad.abs().max() > 0, name
        else:
            assert not p.requires_grad, name
            assert p.grad is None, name


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16 autocast"])
def test_a_few_steps_learn_a_few_answers(model, half):
    """With LoRA, in both precisions: gradients go where they should, the loss falls, and all stays finite."""
    model.add_lora(4, 8.0)
    with torch.no_grad():
        model.adapter.model.lm_head.weight.mul_(20)  # an untrained head, which stays frozen, could not tell words apart
    samples = [sample(s, picks=15, options=("red", "blue"), answer=s % 2) for s in range(4)]
    learns = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learns, lr=1e-2)
    losses = []
    for step in range(20):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = loss_of(model(samples, points=6, noise=torch.Generator().manual_seed(step)))
        optimiser.zero_grad()
        loss.backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in learns)
        optimiser.step()
        losses.append(float(loss.detach()))
    # the median of five steps: the noise shows other picks at each, and one of them can surprise the model
    assert sorted(losses[-5:])[2] < 0.2 * losses[0]


def test_another_question_chooses_other_frames(model):
    """On one video, with the same pool, the law moves with relevance and with the question's vector."""
    trembling(model)
    one = sample(0, picks=20, T=20)
    relevance = replace(one, relevance=one.relevance[::-1].copy())
    vector = replace(one, query=-one.query)
    with torch.no_grad():
        out = model([one, relevance, vector], points=6)
    assert out.choice.indices[0].tolist() != out.choice.indices[1].tolist()
    assert not torch.equal(out.weights[0], out.weights[1])
    assert not torch.allclose(out.law.mean[0], out.law.mean[2])
    assert not torch.allclose(out.masses[0], out.masses[2])


def test_noise_perturbs_the_choice_and_is_repeatable(model):
    """With a generator other frames are chosen; the same seed chooses the same; without one nothing is random."""
    one = [sample(0, picks=20, T=20)]

    def chosen(seed: int | None) -> list[int]:
        noise = None if seed is None else torch.Generator().manual_seed(seed)
        with torch.no_grad():
            return model(one, points=6, noise=noise).choice.indices[0].tolist()

    assert chosen(None) == chosen(None)
    assert chosen(1) == chosen(1)
    assert len({tuple(chosen(seed)) for seed in range(5)}) > 1


def test_a_later_answer_token_changes_no_earlier_logit(model):
    """Causal through the whole model."""
    one = sample(0, options=("blue zebra in the cave", "blue zebra in the desert"), answer=0)
    with torch.no_grad():
        first, second = model([one]), model([replace(one, answer=1)])
    same = (first.labels == second.labels).long().cumprod(-1).sum().item()
    assert 2 < same < first.labels.shape[1]
    torch.testing.assert_close(first.logits[:, :same], second.logits[:, :same])


def test_scores_are_the_shifted_logits(model):
    """The loss of an answer is minus its score: training and answering see the same numbers."""
    one = sample(3)
    scores = model.score_options([one])[0]
    for place in range(len(one.options)):
        with torch.no_grad():
            out = model([replace(one, answer=place)])
        logs = torch.log_softmax(out.logits[0, :-1].float(), -1)
        total = logs.gather(-1, out.labels[0, 1:, None]).sum()
        assert float(total) == pytest.approx(scores[place], abs=1e-4)


def test_the_heaviest_picks_stay_whole_in_time_order(model):
    """`hybrid`: the picks of largest mass have all their tokens, the others one, in the order of their times."""
    with torch.no_grad():
        seen = model.represent([sample(0)], presentation="hybrid")
    heavy = seen.masses[0].topk(2).indices.sort().values.tolist()
    takes = (seen.blocks.rows * seen.blocks.columns)[0].tolist()
    assert [i for i, n in enumerate(takes) if n == 6] == heavy
    assert takes.count(1) == 4


def test_a_seed_decides_the_first_weights(checkpoint):
    """Two models of one seed answer alike, two of unlike seeds do not; torch's own generator is not touched."""
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    scores = [
        small_model(QwenAdapter.load(checkpoint), seed=seed).eval().score_options([sample(0)]) for seed in (0, 0, 1)
    ]
    assert torch.equal(torch.rand(2), expected)
    assert scores[0] == scores[1] != scores[2]


# --- on disk ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(model, tmp_path):
    """A trained model and its folder."""
    model.add_lora(2, 4.0, 0.1)
    trembling(model).eval().save(tmp_path / "m", stage="joint")
    return model, tmp_path / "m"


def test_saved_and_loaded_it_answers_bit_identically(saved, checkpoint):
    """Over a fresh answerer, every parameter and every score is the same to the last bit; saved again, so are the
    files. No file is a pickle.
    """
    model, folder = saved
    again = NTLBGVideoQA.load(folder, checkpoint)
    assert again.settings.stage == "joint"
    mine, other = model.state_dict(), again.state_dict()
    assert mine.keys() == other.keys()
    assert all(torch.equal(mine[name], other[name]) for name in mine)
    for presentation in PRESENTATIONS:
        assert again.score_options(ragged(), presentation=presentation) == model.score_options(
            ragged(), presentation=presentation
        )
    again.save(folder.parent / "n")
    files = sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())
    assert files == ["lora/adapter_config.json", "lora/adapter_model.safetensors", "ntlbg.json", "ntlbg.safetensors"]
    assert all((folder / f).read_bytes() == (folder.parent / "n" / f).read_bytes() for f in files)


def test_without_lora_there_is_no_lora_folder(model, checkpoint, tmp_path):
    """The first stage leaves the language model alone, and saves nothing of it."""
    trembling(model).save(tmp_path, stage="select")
    assert not (tmp_path / "lora").exists()
    assert NTLBGVideoQA.load(tmp_path, checkpoint).score_options([sample(0)]) == model.score_options([sample(0)])


def test_lora_is_added_once(model):
    """A second one would train what is not saved."""
    model.add_lora(2, 4.0)
    with pytest.raises(InputError, match="already"):
        model.add_lora(2, 4.0)


def test_another_answerer_is_refused(saved, checkpoint, tmp_path):
    """One changed byte of its weights makes it another."""
    other = tmp_path / "other"
    shutil.copytree(checkpoint, other)
    weights = bytearray((other / "model.safetensors").read_bytes())
    weights[-2] ^= 1
    (other / "model.safetensors").write_bytes(weights)
    with pytest.raises(InputError, match="another answerer"):
        NTLBGVideoQA.load(saved[1], other)


def test_another_encoder_is_refused(adapter, checkpoint, tmp_path):
    """Features of another encoder mean something else."""
    small_model(adapter, encoder={"files": "a"}).save(tmp_path)
    NTLBGVideoQA.load(tmp_path, checkpoint, encoder={"files": "a"})
    with pytest.raises(InputError, match="another encoder"):
        NTLBGVideoQA.load(tmp_path, checkpoint, encoder={"files": "b"})


def test_an_answerer_with_matrices_of_another_model_is_refused(saved):
    """Two models do not share one language model unseen."""
    model, folder = saved
    with pytest.raises(InputError, match="LoRA matrices of another model"):
        NTLBGVideoQA.load(folder, model.adapter)


@pytest.mark.parametrize("file", ["ntlbg.json", "ntlbg.safetensors", "lora/adapter_model.safetensors"])
def test_a_missing_or_damaged_file_is_named(saved, checkpoint, file):
    """Missing, cut, a pickle, or with one flipped bit: one sentence with the file's name, never other weights."""
    folder = saved[1]
    whole = (folder / file).read_bytes()
    flipped = bytearray(whole)
    flipped[-9] ^= 4
    (folder / file).unlink()
    for content in (None, b"", whole[: len(whole) // 2], b"\x80\x04N.", bytes(flipped)):
        if content is not None:
            (folder / file).write_bytes(content)
        if file == "ntlbg.json" and content == bytes(flipped):
            continue  # a digest cannot stand in the file that it is of
        with pytest.raises(InputError, match=file.replace(".", r"\.")):
            NTLBGVideoQA.load(folder, checkpoint)


def test_settings_that_were_tampered_with_do_not_load_other_weights(saved, checkpoint):
    """Other sizes do not fit the tensors; a file outside the folder is not looked at; the digest may be right."""
    folder = saved[1]
    settings = read_settings(folder)
    for changed in ({"rank": 9}, {"width": 32}, {"files": {"/dev/zero": "0"}}, {"temporal": 7}):
        write_settings(folder, settings.model_copy(update=changed))
        with pytest.raises(InputError):
            NTLBGVideoQA.load(folder, checkpoint)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"hidden": 2**17}, r"tensor `attention\.\S+` has shape \[.*\], not \[.*131072"),
        ({"rank": 2**17}, r"tensor `attention\.residual\.\S+` has shape"),
        ({"context": 2**17}, r"tensor `constructor\.\S+` has shape"),
        (
            {"lora": Lora(rank=10**12, alpha=1.0)},
            r"tensor `\S+\.lora_A\.weight` has shape \[2, \d+\], not \[10{12},",
        ),
    ],
)
def test_no_memory_is_taken_for_sizes_that_the_tensors_do_not_have(saved, checkpoint, monkeypatch, changed, says):
    """The headers are looked at first: one sentence, before any weight is made."""
    folder = saved[1]
    write_settings(folder, read_settings(folder).model_copy(update=changed))
    monkeypatch.setattr(NTLBGVideoQA, "__init__", lambda *_: pytest.fail("began to build it"))
    state = torch.get_rng_state()
    with pytest.raises(InputError, match=says):
        NTLBGVideoQA.load(folder, checkpoint)
    assert torch.equal(torch.get_rng_state(), state)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_what_does_not_fit_is_one_sentence(model):
    """Widths, presentations, options and sizes are checked before anything is computed with them."""
    good = sample(0)
    for bad, told, says in [
        (replace(good, features=np.zeros((20, 5))), {}, "width 5"),
        (sample(0, width=63), {}, "63 values"),
        (good, {"presentation": "poetic"}, "poetic"),
        (replace(good, options=(), answer=None), {}, r"samples\[0\] has no options"),
        (replace(good, size=(64, 48)), {"presentation": "frames"}, "samples came with 6"),
    ]:
        with pytest.raises(InputError, match=says):
            model.score_options([bad], **told)


def test_an_open_question_has_no_labels(model):
    """Without an answer the logits stand at the prompt's end, and nothing is to be learnt."""
    with torch.no_grad():
        out = model([replace(sample(0), answer=None)])
    assert out.logits.shape[:2] == out.labels.shape == (1, 1)
    assert (out.labels == -100).all()


def test_times_are_told_of_the_chosen_frames(checkpoint):
    """With `timestamps` the seconds of the picks, not of the pool, stand in the prompt, and are remembered on disk."""
    answerer = Answerer.load(checkpoint, timestamps=True)
    model = small_model(QwenAdapter(answerer)).eval()
    one = sample(0, picks=15)
    with torch.no_grad():
        seen = model.represent([one], points=4)
        ids = model._inputs([one], seen, None).layout.ids[0]
    text = answerer.processor.tokenizer.decode(ids).replace(" ", "")
    for i in seen.choice.indices[0].tolist():
        assert f"<{one.timestamps_s[i]:.1f}s>" in text
    assert model.settings.timestamps


def test_no_samples_no_answers(model):
    """An empty list is not an error."""
    assert model.score_options([]) == []
    assert model.generate([], 3) == []


def test_prefilled_answers_go_on(model):
    """A prompt that already begins the answer is read with it."""
    begun = replace(sample(0), prompt=replace(PROMPTS[0], prefill="("))
    assert model.score_options([begun]) != model.score_options([replace(sample(0), prompt=PROMPTS[0])])
