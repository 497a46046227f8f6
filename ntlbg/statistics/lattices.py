"""Good lattice points: the net {i h / n} of the unit cube for a well-chosen vector of integers h.

Letters: n points, d coordinates, h the generator, one integer per coordinate.
How good a generator is, is measured by P2, the worst integration error over periodic functions of smoothness 2: the
sum over m ≠ 0 of the dual lattice of the product over m_j ≠ 0 of g / m_j². Lower is better; random points have about
1 / n times a constant, good lattices fall nearly as 1 / n². A weight g < 1 asks first for evenness in few coordinates
together: with g = 1, from seven coordinates on, pairs of them may be strongly correlated.
Sources: Korobov 1959; Hua and Wang 1981; Fang and Wang 1994, chapter 1; Sloan and
Wozniakowski 1998 (weights); Sloan and Reztsov 2002 (one component at a time).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from math import gcd

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

GOLDEN = (5**0.5 - 1) / 2
# in 16 coordinates, pairs are then no more correlated than random ones; in the plane the best generator is the same
WEIGHT = 0.03
# integers tried per component where n has more: the best of so many has a P2 within a fifth of the best of all
TRIED = 256
DIGITS = 10  # P2 of mirrored generators is equal but for rounding; so many digits are compared, and the first one stays


def lattice(n: int, generator: Sequence[int]) -> Array:
    """The centred lattice c_ij = frac((2 i h_j - 1) / 2n), i = 1..n: [n, d] in (0, 1).

    generator: integers without a common divisor with n, so that every coordinate takes n different values, each the
    middle of one of n equal intervals. Raises InputError naming the first that has one.
    """
    for h in generator:
        if gcd(int(h), n) != 1:
            raise InputError(
                f"generator {h} has a divisor in common with {n}, so its lattice repeats coordinates",
                hint="choose integers prime to the number of points, or a prime number of points",
            )
    # whole numbers until the last step: no point moves by rounding
    numerators = (2 * np.arange(1, n + 1)[:, None] * np.asarray(generator, dtype=np.int64) - 1) % (2 * n)
    return numerators / (2 * n)


def p2(n: int, generator: Sequence[int], weight: float = WEIGHT) -> float:
    """P2 of the lattice of n points: the mean over its points of the product of 1 + 2 pi² weight B2(x_j), less 1."""
    product = np.ones(n)
    for h in generator:
        product *= _factors(n, weight)[_multiples(n, int(h))]
    return float(product.mean() - 1)


@cache
def good_generator(n: int, d: int) -> tuple[int, ...]:
    """A generator of d components, each the best for those before it: h_1 = 1, then one component at a time.

    Among equals the one tried first stays, so the result depends on n and d alone.
    """
    chosen, product = [1], _factors(n)[_multiples(n, 1)]
    for _ in range(d - 1):
        options = list(_prime_to(n))
        errors = [round(float(product @ _factors(n)[_multiples(n, h)]), DIGITS) for h in options]
        chosen.append(options[int(np.argmin(errors))])
        product = product * _factors(n)[_multiples(n, chosen[-1])]
    return tuple(chosen)


@cache
def korobov_generator(n: int, d: int) -> tuple[int, ...]:
    """The best generator of Korobov's form (1, a, a², …) modulo n, by P2. Among equals the one tried first stays."""

    def powers(a: int) -> tuple[int, ...]:
        return tuple(pow(a, j, n) if n > 1 else 1 for j in range(d))

    options = list(_prime_to(n))
    errors = [round(p2(n, powers(a)) * n, DIGITS) for a in options]
    return powers(options[int(np.argmin(errors))])


def _prime_to(n: int) -> Iterator[int]:
    """Integers of 1..n prime to n: all where they are few, else so many, spread by the golden ratio.

    The golden ratio comes first: in the plane it is the best there is (the lattice of Fibonacci numbers).
    """
    if n <= TRIED:
        yield from (h for h in range(1, n + 1) if gcd(h, n) == 1)
        return
    seen: set[int] = set()
    for i in range(1, TRIED + 1):
        h = int(n * (i * GOLDEN % 1)) + 1
        while gcd(h, n) != 1:
            h += 1
        if h not in seen:
            seen.add(h)
            yield h


@cache
def _factors(n: int, weight: float = WEIGHT) -> Array:
    """1 + 2 pi² weight B2(i / n) for i = 0..n-1, with the Bernoulli polynomial B2(x) = x² - x + 1/6."""
    x = np.arange(n) / n
    return 1 + 2 * np.pi**2 * weight * (x * x - x + 1 / 6)


def _multiples(n: int, h: int) -> Array:
    """i h modulo n for i = 0..n-1."""
    return np.arange(n) * h % n
