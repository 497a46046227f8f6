"""Principal directions of denoised features."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.statistics.principal import denoised, principal_basis


@pytest.mark.parametrize(("frames", "width"), [(200, 30), (20, 100), (64, 64)])
def test_directions_are_those_of_the_singular_value_decomposition(frames, width):
    """Orthonormal rows that span what the leading right singular vectors span, by falling variance."""
    features = np.random.default_rng(0).normal(size=(frames, width)) * np.linspace(3, 0.5, width)
    times = np.arange(frames) * 10.0  # so sparse that nothing is smoothed
    basis = principal_basis(features, times, rank=8)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    _, _, directions = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(basis @ basis.T, np.eye(8), atol=1e-9)
    np.testing.assert_allclose(np.abs(np.einsum("ij,ij->i", basis, directions[:8])), 1, atol=1e-6)


def test_signs_are_settled():
    """The largest entry of each direction is positive, so that a file's hash does not hang on the solver."""
    basis = principal_basis(np.random.default_rng(1).normal(size=(50, 12)), np.arange(50.0))
    assert np.all(basis[np.arange(len(basis)), np.abs(basis).argmax(axis=1)] > 0)


@pytest.mark.parametrize("frames", [1, 2, 5, 100])
def test_no_more_directions_than_the_frames_span(frames):
    """T frames span at most T - 1 directions about their mean; equal frames span none."""
    features = np.random.default_rng(2).normal(size=(frames, 10))
    times = np.arange(float(frames))
    assert principal_basis(features, times).shape == (min(frames - 1, 10), 10)
    assert principal_basis(np.ones((frames, 10)), times).shape == (0, 10)
    assert principal_basis(np.zeros((frames, 10)), times).shape == (0, 10)


def test_rows_have_unit_norm_and_empty_ones_stay():
    """A frame without features keeps none."""
    features = np.zeros((40, 5))
    features[:20] = np.random.default_rng(0).normal(size=(20, 5))
    norms = np.linalg.norm(denoised(features, np.arange(40.0)), axis=1)
    np.testing.assert_allclose(norms[:20], 1)
    assert not norms[25:].any()


def test_equal_bits_for_equal_input():
    """Repeated calls agree bit for bit."""
    features = np.random.default_rng(3).normal(size=(300, 80)).astype(np.float32)
    one, two = (principal_basis(features, np.arange(300.0)) for _ in range(2))
    assert one.tobytes() == two.tobytes()
