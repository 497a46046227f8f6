"""NTLBG's thinning over all frames."""

from __future__ import annotations

import numpy as np

from ntlbg.selection.registry import make


def test_it_is_the_greedy_choice_of_the_whole_video(made_up):
    """Each frame maximises 0.12 z + log of its variance given those before, by a dense solve over all frames."""
    video, query = made_up(40, width=24)
    rule = make("ntlbg_all_frames", sharp_weight=1.0, sharp_share=0.1, sharp_width_s=120.0)
    law = rule.law(video, query)
    x, t = law.space.features, video.timestamps_s
    kernel = (x @ x.T) * (0.9 + 0.1 * np.exp(-np.square(t[:, None] - t) / (2 * 120.0**2))) + 0.01 * np.eye(40)
    chosen: list[int] = []
    for _ in range(8):
        best, gain = -1, -np.inf
        for i in set(range(40)) - set(chosen):
            given = kernel[i, chosen] @ np.linalg.solve(kernel[np.ix_(chosen, chosen)], kernel[chosen, i])
            value = 0.12 * law.z[i] + np.log(kernel[i, i] - given)
            if value > gain:
                best, gain = i, value
        chosen.append(best)
    assert rule.select(video, query, 8).indices.tolist() == sorted(chosen)
