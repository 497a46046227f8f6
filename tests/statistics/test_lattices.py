"""Good lattice points: even in every coordinate, and as good as the best there is."""

from __future__ import annotations

from math import gcd

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from ntlbg.errors import InputError
from ntlbg.statistics import lattices
from ntlbg.statistics.lattices import good_generator, korobov_generator, lattice, p2


@given(n=st.integers(1, 300), h=st.integers(1, 10_000))
@settings(max_examples=60, deadline=None)
def test_every_coordinate_is_the_centred_grid(n, h):
    """A lattice is even in each coordinate by itself: all the middles (i - ½) / n, once each."""
    if gcd(h, n) == 1:
        np.testing.assert_allclose(np.sort(lattice(n, [h])[:, 0]), (np.arange(n) + 0.5) / n, atol=1e-15)


def test_the_points_are_those_of_the_book():
    """c_ij = frac((2 i h_j - 1) / 2n): the lattice of Fibonacci numbers 5 and 8, written out."""
    expected = [[i / 8 - 1 / 16, (10 * i - 1) / 16 % 1] for i in range(1, 9)]
    np.testing.assert_allclose(lattice(8, [1, 5]), expected)


def test_a_generator_with_a_common_divisor_is_refused():
    """It would repeat coordinates; the message names it."""
    with pytest.raises(InputError, match="generator 4 has a divisor in common with 10"):
        lattice(10, [1, 4])


@pytest.mark.parametrize("weight", [1.0, 0.1])
@pytest.mark.parametrize(("n", "generator"), [(7, (1, 3)), (8, (1, 5)), (5, (1, 2, 3))])
def test_p2_is_the_sum_over_the_dual_lattice(n, generator, weight):
    """The closed form against its definition: the sum over m ≠ 0 with m·h ≡ 0 (mod n) of the product of g / m_j²."""
    reach = 600 if len(generator) == 2 else 60
    m = np.arange(-reach, reach + 1)
    grids = np.meshgrid(*[m] * len(generator), sparse=True)
    dual = sum(h * grid for h, grid in zip(generator, grids, strict=True)) % n == 0
    terms = [np.where(grid == 0, 1.0, weight / np.maximum(1, np.abs(grid)) ** 2) for grid in grids]
    products = np.prod(np.broadcast_arrays(*terms), axis=0)
    assert p2(n, generator, weight) == pytest.approx(float(products[dual].sum()) - 1, rel=0.05)  # it ends at reach


@pytest.mark.parametrize(("n", "before"), [(89, 55), (233, 144), (610, 377)])
def test_in_the_plane_it_is_the_lattice_of_fibonacci(n, before):
    """For a Fibonacci number of points no generator is better than the Fibonacci number before."""
    best = p2(n, (1, before))
    for find in (good_generator, korobov_generator):
        assert p2(n, find(n, 2)) == pytest.approx(best, rel=1e-9)


# qmcpy 2.4: Lattice(dimension=6, randomize=False).gen_vec, Kuo's vector for all powers of two from 2^10 to 2^20
KUO = (1, 182667, 213731, 255351, 96013, 116671)
# 16 times qmcpy 2.4: Lattice(dimension=3, randomize=False, order="LINEAR").gen_samples(16)
QMCPY = [
    *([0, 0, 0], [1, 11, 3], [2, 6, 6], [3, 1, 9], [4, 12, 12], [5, 7, 15], [6, 2, 2], [7, 13, 5]),
    *([8, 8, 8], [9, 3, 11], [10, 14, 14], [11, 9, 1], [12, 4, 4], [13, 15, 7], [14, 10, 10], [15, 5, 13]),
]


def test_the_points_are_those_of_qmcpy():
    """Of its generator, half a step back: it starts at the corner, and ours are the middles of equal intervals."""
    ours = lattice(16, KUO[:3])
    theirs = (np.array(QMCPY) / 16 - 1 / 32) % 1
    np.testing.assert_allclose(ours[np.argsort(ours[:, 0])], theirs[np.argsort(theirs[:, 0])], atol=1e-15)


@pytest.mark.parametrize("n", [1024, 4096])
@pytest.mark.parametrize("d", [2, 3, 4, 6])
def test_a_generator_is_as_good_as_a_published_one(n, d):
    """P2 is at most a twentieth above that of qmcpy's, which serves every power of two; in most cases it is below."""
    assert p2(n, good_generator(n, d)) <= 1.05 * p2(n, [h % n for h in KUO[:d]])


@pytest.mark.parametrize("d", [2, 3, 5])
@pytest.mark.parametrize("find", [good_generator, korobov_generator])
def test_it_is_more_even_than_random_points(find, d):
    """Centred L2 discrepancy, by scipy: far below that of random points, and not above a Latin hypercube's."""
    n = 1021
    ours = qmc.discrepancy(lattice(n, find(n, d)))
    rng = np.random.default_rng(0)
    assert ours < 0.2 * np.mean([qmc.discrepancy(rng.random((n, d))) for _ in range(5)])
    assert ours < np.mean([qmc.discrepancy(qmc.LatinHypercube(d, rng=i).random(n)) for i in range(5)])


def test_korobov_has_powers_of_one_number():
    """(1, a, a², …) modulo n."""
    h = korobov_generator(1021, 5)
    assert all(h[j + 1] == h[j] * h[1] % 1021 for j in range(4))


@pytest.mark.parametrize("find", [good_generator, korobov_generator])
def test_no_two_coordinates_go_together(find):
    """In 16 dimensions no pair is correlated more than pairs of random points are, unlike weights of 1."""
    net = lattice(4093, find(4093, 16))
    correlations = np.corrcoef(net.T) - np.eye(16)
    assert np.abs(correlations).max() < 3 / np.sqrt(4093)


@pytest.mark.parametrize("find", [good_generator, korobov_generator])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 12])
def test_few_points_have_a_generator_too(find, n):
    """Any number of points, in any dimension; all components prime to it."""
    assert lattice(n, find(n, 4)).shape == (n, 4)


def test_a_search_among_some_finds_nearly_the_best_of_all(monkeypatch):
    """256 integers tried per component cost less than a tenth of P2."""
    some = p2(1021, good_generator(1021, 4))
    monkeypatch.setattr(lattices, "TRIED", 10_000)
    good_generator.cache_clear()
    assert p2(1021, good_generator(1021, 4)) <= some <= 1.1 * p2(1021, good_generator(1021, 4))
    good_generator.cache_clear()
