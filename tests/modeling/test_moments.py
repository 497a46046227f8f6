"""Weighted moments, low rank + diagonal."""

from __future__ import annotations

import torch

from ntlbg.modeling.moments import leading, weighted_moments
from tests.modeling.made_up import batch


def test_the_moments_are_the_shrunk_weighted_ones():
    """Mean, and the diagonal of the covariance after shrinkage, against the dense computation."""
    videos = batch((120,))
    x, w = videos.features.double(), videos.weights.double()
    got = weighted_moments(x, w, rank=6)
    mean = (w[0] @ x[0])[None]
    covariance = ((x - mean) * w[..., None]).mT @ (x - mean)
    torch.testing.assert_close(got.mean, mean)
    shrinkage = 6 / (6 + 1 / w.square().sum())
    kept = got.factor.square().sum(-1) / (1 - shrinkage)
    left = covariance.diagonal(dim1=-2, dim2=-1) - kept
    assert bool((left > -1e-6).all())
    diagonal = (1 - shrinkage) * (kept + left) + shrinkage * left.mean(-1, keepdim=True)
    torch.testing.assert_close(got.factor.square().sum(-1) + got.diagonal, diagonal)
    torch.testing.assert_close(got.variance, covariance.diagonal(dim1=-2, dim2=-1).mean(-1), rtol=1e-4, atol=1e-8)


def test_leading_directions_are_the_principal_ones():
    """They hold as much variance as the exact ones, where the spectrum falls as a video's does; orthonormal."""
    g = torch.Generator().manual_seed(0)
    rows = torch.randn(2, 300, 80, generator=g) / torch.arange(1, 81).sqrt()
    got = leading(rows, 6)
    torch.testing.assert_close(got.mT @ got, torch.eye(6).expand(2, 6, 6), atol=1e-5, rtol=0)
    held = (rows @ got).square().sum((1, 2))
    best = torch.linalg.svdvals(rows)[:, :6].square().sum(-1)
    assert bool((held >= 0.98 * best).all())


def test_videos_of_one_picture_have_a_law_too():
    """No variance at all, fewer frames than directions, features of zero: every number is finite, variance positive."""
    for x in (torch.ones(1, 1, 16), torch.ones(1, 50, 16), torch.zeros(1, 3, 16), torch.randn(1, 2, 4)):
        got = weighted_moments(x, torch.full(x.shape[:2], 1 / x.shape[1]), rank=6)
        for part in (got.mean, got.factor, got.diagonal, got.variance):
            assert bool(part.isfinite().all())
        assert bool((got.variance > 0).all())
        assert bool((got.diagonal >= 0).all())


def test_gradients_reach_the_features():
    """An encoder that is trained too gets a finite gradient, also from frames that span no direction."""
    for x in (torch.randn(1, 40, 16), torch.ones(1, 3, 16)):
        x.requires_grad_()
        got = weighted_moments(x, torch.full(x.shape[:2], 1 / x.shape[1]), rank=6)
        (got.mean.sum() + got.factor.sum() + got.diagonal.sum()).backward()
        assert bool(x.grad.isfinite().all())
        assert float(x.grad.abs().max()) > 0
