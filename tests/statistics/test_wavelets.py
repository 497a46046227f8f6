"""The slowest band of Daubechies' wavelet."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.statistics.wavelets import HIGH, LOW, coarsest_detail, doubled, halved

DIGITS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]
# printed by PyWavelets 1.9: waverec of wavedec(DIGITS, "db4", mode="symmetric", level=…) with cD of that level alone
PUBLISHED = {
    1: "0.3875444835 -1.2542195139 1.4850034426 -2.1900277595 0.8300350572 3.3816775634 -3.9149109954 1.0538970906 "
    "0.4686776359 -1.3457168969 0.9237157798",
    2: "0.3573977904 -0.1779370216 -0.2657081612 -0.0629838538 0.1303569337 0.4715769024 0.2833546541 -0.5057472124 "
    "-0.5419694872 0.0903751489 0.2310586746",
}


def written(signal, levels):
    """The transform sample by sample: filter the mirrored signal, keep every second sample, and the way back."""

    def at(values, i):
        while not 0 <= i < len(values):
            i = -1 - i if i < 0 else 2 * len(values) - 1 - i
        return values[i]

    def down(values, taps):
        count = (len(values) + 7) // 2
        return [sum(taps[7 - j] * at(values, 2 * i + 1 - j) for j in range(8)) for i in range(count)]

    def up(coefficients, taps, length):
        out = [0.0] * (2 * len(coefficients) + 6)
        for i, c in enumerate(coefficients):
            for j in range(8):
                out[2 * i + j] += c * taps[j]
        return out[6 : 6 + length]

    trends = [list(signal)]
    for _ in range(levels - 1):
        trends.append(down(trends[-1], LOW))
    band = up(down(trends[-1], HIGH), HIGH, len(trends[-1]))
    for finer in trends[-2::-1]:
        band = up(band, LOW, len(finer))
    return band


def test_the_filter_is_daubechies():
    """Orthogonal to its own even shifts and to its high pass; the high pass is blind to constants, lines … cubics."""
    for shift in range(4):
        assert LOW[2 * shift :] @ LOW[: 8 - 2 * shift] == pytest.approx(float(shift == 0), abs=1e-12)
        assert HIGH[2 * shift :] @ LOW[: 8 - 2 * shift] == pytest.approx(0, abs=1e-12)
    for power in range(4):
        assert np.arange(8.0) ** power @ HIGH == pytest.approx(0, abs=1e-9)
    assert sum(LOW) == pytest.approx(2**0.5, abs=1e-12)


@pytest.mark.parametrize("levels", PUBLISHED)
def test_it_gives_the_numbers_of_pywavelets(levels):
    """Ends included, at a length that does not halve evenly."""
    assert coarsest_detail(np.array(DIGITS), levels) == pytest.approx(
        np.array(PUBLISHED[levels].split(), dtype=float), abs=1e-9
    )


@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 9, 31, 64, 101])
def test_it_is_the_written_transform(length):
    """At every level, also where the signal is shorter than the filter and is mirrored more than once."""
    signal = np.random.default_rng(length).normal(size=length)
    for levels in (1, 2, 4):
        assert coarsest_detail(signal, levels) == pytest.approx(np.array(written(signal, levels)), abs=1e-12)


def test_trend_and_detail_make_the_signal():
    """One level loses nothing: the two halves together give the signal back."""
    for length in (2, 9, 50):
        signal = np.random.default_rng(length).normal(size=length)
        both = doubled(halved(signal, LOW), LOW) + doubled(halved(signal, HIGH), HIGH)
        assert both[:length] == pytest.approx(signal, abs=1e-12)


def test_a_step_is_seen_where_it_is_and_a_slope_is_not():
    """The band is largest beside a jump; inside, a cubic leaves nothing."""
    step = np.repeat([0.0, 1.0], 100)
    assert abs(int(np.argmax(np.abs(coarsest_detail(step, 3)))) - 100) <= 8
    cubic = np.linspace(-1, 1, 200) ** 3
    assert np.abs(coarsest_detail(cubic, 2)[40:-40]).max() < 1e-12


def test_no_contrast_no_detail():
    """Zeros give zeros exactly, so that nothing is read into rounding."""
    assert not coarsest_detail(np.zeros(77), 3).any()
