"""Rich points, batched, against one point at a time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm

from ntlbg.modeling.rich_points import RichPointConstructor, RichPoints, temporal_encoding

D, C, TEMPORAL, P = 24, 10, 8, 2


@dataclass
class Points:
    """What the constructor is given."""

    features: Tensor
    mask: Tensor
    times_s: Tensor
    duration_s: Tensor
    indices: Tensor
    present: Tensor
    visual: Tensor
    masses: Tensor
    gate: Tensor

    def row(self, b: int) -> Points:
        """One video, without padding of frames or picks."""
        n, k = int(self.mask[b].sum()), int(self.present[b].sum())
        one = slice(b, b + 1)
        return Points(
            self.features[one, :n],
            self.mask[one, :n],
            self.times_s[one, :n],
            self.duration_s[one],
            *(t[one, :k] for t in (self.indices, self.present, self.visual, self.masses, self.gate)),
        )


def ragged() -> Points:
    """Three videos of 50, 7 and 1 frames with 6, 3 and 1 picks, at both ends too; padding holds NaN."""
    g = torch.Generator().manual_seed(0)
    lengths, counts = torch.tensor([50, 7, 1]), torch.tensor([6, 3, 1])
    mask = torch.arange(50) < lengths[:, None]
    present = torch.arange(6) < counts[:, None]
    indices = torch.tensor([[0, 2, 17, 30, 46, 49], [0, 3, 6, 0, 0, 0], [0] * 6])
    masses = torch.rand(3, 6, generator=g).masked_fill(~present, 0)
    nan = torch.nan
    return Points(
        torch.randn(3, 50, 16, generator=g).masked_fill(~mask[..., None], nan),
        mask,
        (1.7 * torch.arange(50.0)).expand(3, -1),
        1.7 * lengths,
        indices,
        present,
        torch.randn(3, 6, P, D, generator=g).masked_fill(~present[..., None, None], nan),
        masses / masses.sum(-1, keepdim=True),
        present.float(),
    )


@pytest.fixture
def constructor() -> RichPointConstructor:
    """A fresh one, with weights that do not hide a mistake behind smallness."""
    torch.manual_seed(0)
    module = RichPointConstructor(16, D, C, TEMPORAL, D, window=3, hidden=12)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.4)
    return module


def build(constructor: RichPointConstructor, points: Points) -> RichPoints:
    """The constructor on all of them."""
    with torch.no_grad():
        return constructor(**vars(points))


def one_point(constructor: RichPointConstructor, points: Points, b: int, place: int) -> tuple[Tensor, Tensor]:
    """[p, D + c + 1 + t] and [p, width] of one pick, by a loop over its window and plain formulas."""
    n, count = int(points.mask[b].sum()), int(points.present[b].sum())
    pick, visual = int(points.indices[b, place]), points.visual[b, place]
    encoder = constructor.context
    frames = points.features[b, :n]
    frames = frames / frames.square().mean(-1, keepdim=True).sqrt()
    state = cell = torch.zeros(C)
    for t in range(max(0, pick - encoder.window), min(n, pick + encoder.window + 1)):
        gates = encoder.read.weight @ frames[t] + encoder.read.bias + encoder.carry.weight @ state
        enter, forget, candidate, leave = gates.chunk(4)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(candidate)
        state = torch.sigmoid(leave) * torch.tanh(cell)
    size = visual.square().mean().sqrt()
    content = constructor.weight(torch.cat([visual.mean(0) / size, state]))
    w = torch.sigmoid((points.masses[b, place] * count).log() + content)
    t = temporal_encoding(points.times_s[b, pick], points.duration_s[b], TEMPORAL)
    shared = torch.cat([state, w, t]).expand(P, -1)
    hidden = gelu(constructor.enter(torch.cat([visual / size, shared], dim=-1)))
    embeds = visual + size * constructor.leave(layer_norm(hidden, hidden.shape[-1:]))
    return torch.cat([visual, shared], dim=-1), embeds


def test_batched_points_are_the_points_one_by_one(constructor):
    """To 1e-5 for every pick of a ragged batch, at both ends of a video and in a video of one frame."""
    points = ragged()
    out = build(constructor, points)
    assert out.points.shape == (3, 6, P, D + C + 1 + TEMPORAL)
    with torch.no_grad():
        for b, place in points.present.nonzero().tolist():
            rich, embeds = one_point(constructor, points, b, place)
            torch.testing.assert_close(out.points[b, place], rich, atol=1e-5, rtol=0)
            torch.testing.assert_close(out.embeds[b, place], embeds, atol=1e-5, rtol=1e-5)


def test_a_padded_batch_is_its_videos_alone(constructor):
    """Padded frames and picks change nothing and come out as zeros."""
    points = ragged()
    out = build(constructor, points)
    for b in range(3):
        single = build(constructor, points.row(b))
        k = single.points.shape[1]
        for name in ("points", "context", "embeds"):
            torch.testing.assert_close(getattr(out, name)[b, :k], getattr(single, name)[0], atol=1e-5, rtol=0)
            assert bool((getattr(out, name)[b, k:] == 0).all()), name


def test_a_point_is_r_c_w_t(constructor):
    """In this order: the visual tokens as they came, the context, a weight in (0, 1), the time."""
    points = ragged()
    out = build(constructor, points)
    r, c, w, t = out.points[0].split([D, C, 1, TEMPORAL], dim=-1)
    assert torch.equal(r, points.visual[0])
    assert torch.equal(c[:, 0], out.context[0])
    assert bool(((w > 0) & (w < 1)).all())
    expected = temporal_encoding(points.times_s[0][points.indices[0]], points.duration_s[0], TEMPORAL)
    assert torch.equal(t[:, 0], expected)


def test_before_training_a_token_is_almost_its_frame():
    """The correction is 2 % of the visual tokens' size at any size of theirs, and not zero."""
    torch.manual_seed(0)
    fresh = RichPointConstructor(16, D, C, TEMPORAL, D)
    for size in (0.01, 1.0, 100.0):
        points = ragged().row(0)
        points.visual = size * points.visual
        correction = build(fresh, points).embeds - points.visual
        share = float(correction.square().mean().sqrt() / points.visual.square().mean().sqrt())
        assert 0.01 < share < 0.04


def test_more_mass_is_more_weight(constructor):
    """w rises with the mass of its pick, all else equal."""
    points = ragged().row(0)
    before = build(constructor, points).points[0, :, 0, D + C]
    points.masses = torch.tensor([[0.9, 0.02, 0.02, 0.02, 0.02, 0.02]])
    after = build(constructor, points).points[0, :, 0, D + C]
    assert float(after[0]) > float(before[0])
    assert bool((after[1:] < before[1:]).all())


def test_every_weight_is_trained_by_the_tokens():
    """A loss on the tokens reaches every parameter, the masses and the gate; no gradient is NaN, padding or not."""
    torch.manual_seed(0)
    fresh = RichPointConstructor(16, D, C, TEMPORAL, D)
    points = ragged()
    points.masses.requires_grad_()
    points.gate.requires_grad_()
    fresh(**vars(points)).embeds.square().sum().backward()
    for name, tensor in [*fresh.named_parameters(), ("masses", points.masses), ("gate", points.gate)]:
        assert bool(tensor.grad.isfinite().all()), name
        assert float(tensor.grad.abs().max()) > 0, name


def test_another_width_is_reached_by_a_linear_map():
    """Where the language model is not as wide as the visual tokens."""
    points = ragged()
    out = build(RichPointConstructor(16, D, C, TEMPORAL, 40), points)
    assert out.embeds.shape == (3, 6, P, 40)


def test_time_is_told_as_share_and_as_seconds():
    """The first half depends on the share alone, the second on the seconds alone; an unknown duration is no NaN."""
    one = temporal_encoding(torch.tensor([30.0]), torch.tensor([60.0]), 16)
    same_share = temporal_encoding(torch.tensor([50.0]), torch.tensor([100.0]), 16)
    same_seconds = temporal_encoding(torch.tensor([30.0]), torch.tensor([100.0]), 16)
    assert torch.equal(one[:, :8], same_share[:, :8])
    assert not torch.allclose(one[:, 8:], same_share[:, 8:], atol=0.1)
    assert torch.equal(one[:, 8:], same_seconds[:, 8:])
    assert bool(temporal_encoding(torch.tensor([3.0]), torch.tensor([0.0]), 16).isfinite().all())
    with pytest.raises(ValueError, match="multiple of 4"):
        RichPointConstructor(16, D, C, 6, D)


def test_bf16_gives_finite_float32_points(constructor):
    """Under autocast the points are float32 and close to the exact ones."""
    points = ragged()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = build(constructor, points)
    usual = build(constructor, points)
    assert low.points.dtype == low.embeds.dtype == torch.float32
    torch.testing.assert_close(low.points, usual.points, atol=0.05, rtol=0.05)
    assert bool(low.embeds.isfinite().all())
