"""Windows of tokens, and the mean of their vectors."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.features.windows import mean_of_windows, windows


@pytest.mark.parametrize(("tokens", "lengths"), [(1, [1]), (10, [10]), (11, [5, 6]), (20, [10, 10]), (23, [7, 8, 8])])
def test_every_token_is_in_one_window(tokens: int, lengths: list[int]) -> None:
    """In order, in as few windows as hold them, none much shorter than another."""
    parts = windows(range(tokens), 10)
    assert [token for part in parts for token in part] == list(range(tokens))
    assert [len(part) for part in parts] == lengths


def test_a_longer_window_weighs_more() -> None:
    """Three tokens against one, and the mean has unit norm."""
    mean = mean_of_windows(np.eye(2, dtype=np.float32), [3, 1])
    np.testing.assert_allclose(mean, np.array([3, 1]) / np.sqrt(10), rtol=1e-6)
    assert mean.dtype == np.float32
