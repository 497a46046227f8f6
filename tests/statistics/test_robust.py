"""Robust standardisation, and peaks against noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntlbg.statistics.robust import peak_share, robust_z


def test_outliers_do_not_set_the_scale():
    """On normal noise it is the ordinary z, and a tenth of freaks hardly changes that."""
    noise = np.random.default_rng(0).normal(5, 3, size=20_000)
    freaks = np.where(np.arange(20_000) % 10 == 0, 1e6, noise)
    np.testing.assert_allclose(robust_z(noise), (noise - 5) / 3, atol=0.1)
    assert np.std(robust_z(freaks)[np.arange(20_000) % 10 != 0]) == pytest.approx(0.87, abs=0.05)


def test_half_equal_values_fall_back_to_the_standard_deviation():
    """MAD 0: centred on the median, divided by the standard deviation."""
    values = np.array([0.0, 0, 0, 0, 4])
    np.testing.assert_allclose(robust_z(values), values / values.std())


@given(level=st.floats(-1e9, 1e9), n=st.integers(1, 40))
def test_constants_are_zero(level, n):
    """Rounding is not signal."""
    assert not robust_z(np.full(n, level)).any()
    assert peak_share(np.full(n, level), np.arange(float(n)), 0.7) == 0


@given(scale=st.floats(1e-3, 1e3), level=st.floats(-100, 100))
def test_units_do_not_matter(scale, level):
    """A straight line with positive slope changes neither."""
    values = np.random.default_rng(1).normal(size=50)
    values[20:24] += 6
    np.testing.assert_allclose(robust_z(scale * values + level), robust_z(values), atol=1e-6)
    times = np.arange(50.0)
    assert peak_share(scale * values + level, times, 0.7) == pytest.approx(peak_share(values, times, 0.7), abs=1e-6)


@pytest.mark.parametrize("frames", [60, 300, 3600])
def test_noise_has_no_peak_at_any_length(frames):
    """White noise gives about 0 whatever T; a moment of twice the height of its highest peak about 3/4 or more."""
    rng = np.random.default_rng(2)
    times = np.arange(float(frames))
    noise = [peak_share(rng.normal(size=frames), times, 0.7) for _ in range(20)]
    assert np.mean(noise) < 0.1
    curve = rng.normal(size=frames)
    curve[frames // 2 : frames // 2 + 5] += 2 * np.sqrt(2 * np.log(frames))
    assert peak_share(curve, times, 0.7) > 0.75


def test_a_smooth_curve_is_no_noise():
    """Without frame-to-frame noise every rise is believed."""
    times = np.arange(300.0)
    assert peak_share(np.exp(-np.square(times - 80) / 200), times, 0.7) > 0.95


def test_excess_kurtosis_is_scipys():
    """And 0 where there is nothing to measure."""
    from scipy.stats import kurtosis

    from ntlbg.statistics.robust import excess_kurtosis

    x = np.random.default_rng(1).standard_t(4, size=200)
    assert excess_kurtosis(x) == pytest.approx(kurtosis(x))
    assert excess_kurtosis(np.full(9, 0.3)) == excess_kurtosis(np.array([1.0, 2.0, 9.0])) == 0.0
