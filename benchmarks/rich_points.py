"""Rich points of one video at once, against the usual loop over the points.

    python benchmarks/rich_points.py [--frames 4096] [--features 1024] [--points 512] [--context 256] [--repeats 7]
                                     [--threads 2] [--json]

`context`: an LSTM over the 11 frames around each point. The loop calls torch.nn.LSTM once per point, as published
descriptions of the method do; ours is `ntlbg.modeling.windows.WindowEncoder` with the same weights. `points`: all of
[r; c; w; t], ours with its tokens for the language model, which the loop does not make. `training`: context with its
backward pass. Both sides take turns in one process, so that a busy moment of the machine meets both; times are medians
over the rounds, the ratio is the median of the rounds' ratios. Ends with an error where the two contexts differ by
more than 1e-4, as a comparison of different results would be none.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ntlbg.modeling.rich_points import RichPointConstructor
from ntlbg.modeling.windows import WindowEncoder

WINDOW, TEMPORAL = 5, 16
AGREE = 1e-4


class PerPoint(nn.Module):
    """The loop: for each point its window, its context, its weight and its time."""

    def __init__(self, visual: int, context: int, temporal: int) -> None:
        super().__init__()
        self.context_encoder = nn.LSTM(visual, context, batch_first=True)
        self.weight_predictor = nn.Linear(visual + context, 1)
        self.temporal_encoder = nn.Linear(1, temporal)

    def context(self, features: Tensor, indices: list[int]) -> Tensor:
        """[T, d] → [k, c]."""
        rows = []
        for pick in indices:
            window = features[max(0, pick - WINDOW) : pick + WINDOW + 1]
            rows.append(self.context_encoder(window[None])[0][0, -1])
        return torch.stack(rows)

    def forward(self, features: Tensor, indices: list[int], times: Tensor) -> Tensor:
        """[T, d] → [k, d + c + 1 + t]."""
        rows = []
        for pick in indices:
            visual = features[pick]
            window = features[max(0, pick - WINDOW) : pick + WINDOW + 1]
            context = self.context_encoder(window[None])[0][0, -1]
            weight = torch.sigmoid(self.weight_predictor(torch.cat([visual, context])))
            rows.append(torch.cat([visual, context, weight, self.temporal_encoder(times[pick][None])]))
        return torch.stack(rows)


def same_weights(loop: PerPoint, encoder: WindowEncoder) -> None:
    """Give our encoder the loop's LSTM."""
    lstm = loop.context_encoder
    with torch.no_grad():
        encoder.read.weight.copy_(lstm.weight_ih_l0)
        encoder.carry.weight.copy_(lstm.weight_hh_l0)
        encoder.read.bias.copy_(lstm.bias_ih_l0 + lstm.bias_hh_l0)


def milliseconds(run: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - started)


def in_turn(loop: Callable[[], object], ours: Callable[[], object], repeats: int) -> dict[str, float]:
    """Medians, extremes and the median ratio over the rounds, after one round that does not count."""
    rounds = [(milliseconds(loop), milliseconds(ours)) for _ in range(repeats + 1)][1:]
    slow, fast = zip(*rounds, strict=True)
    return {
        "loop_ms": statistics.median(slow),
        "loop_min_ms": min(slow),
        "loop_max_ms": max(slow),
        "ours_ms": statistics.median(fast),
        "ours_min_ms": min(fast),
        "ours_max_ms": max(fast),
        "ratio": statistics.median(a / b for a, b in rounds),
    }


def measure(frames: int, features: int, points: int, context: int, repeats: int) -> dict[str, dict[str, float]]:
    """The three comparisons, and under `agreement` the largest difference of the two contexts."""
    torch.manual_seed(0)
    x = nn.functional.normalize(torch.randn(frames, features), dim=-1) * features**0.5
    indices = torch.linspace(0, frames - 1, points).round().long()
    picks, times = indices.tolist(), torch.arange(frames, dtype=torch.float32)
    loop = PerPoint(features, context, TEMPORAL)
    ours = RichPointConstructor(features, features, context, TEMPORAL, features, window=WINDOW)
    same_weights(loop, ours.context)
    mask, present = torch.ones(1, frames, dtype=torch.bool), torch.ones(1, points, dtype=torch.bool)
    visual, shares, gate = x[indices][None, :, None], torch.full((1, points), 1 / points), torch.ones(1, points)
    duration = torch.tensor([float(frames)])

    def batched_points() -> Tensor:
        arguments = (x[None], mask, times[None], duration, indices[None], present, visual, shares, gate)
        return ours(*arguments).embeds

    with torch.inference_mode():
        difference = (loop.context(x, picks) - ours.context(x[None], mask, indices[None])[0]).abs().max()
        table = {
            "context": in_turn(
                lambda: loop.context(x, picks), lambda: ours.context(x[None], mask, indices[None]), repeats
            ),
            "points": in_turn(lambda: loop(x, picks, times), batched_points, repeats),
        }
    table["training"] = in_turn(
        lambda: loop.context(x, picks).sum().backward(),
        lambda: ours.context(x[None], mask, indices[None]).sum().backward(),
        repeats,
    )
    table["agreement"] = {"largest_difference": float(difference)}
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=4096)
    parser.add_argument("--features", type=int, default=1024)
    parser.add_argument("--points", type=int, default=512)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    sizes = (arguments.frames, arguments.features, arguments.points, arguments.context)
    table = measure(*sizes, arguments.repeats)
    difference = table["agreement"]["largest_difference"]
    if arguments.json:
        print(json.dumps(table, indent=2))
    else:
        print(
            "T={} d={} k={} c={}".format(*sizes) + f", float32, CPU, {arguments.threads} threads; median (min-max) ms"
        )
        for name, row in table.items():
            if name != "agreement":
                loop = f"{row['loop_ms']:.0f} ({row['loop_min_ms']:.0f}-{row['loop_max_ms']:.0f})"
                ours = f"{row['ours_ms']:.0f} ({row['ours_min_ms']:.0f}-{row['ours_max_ms']:.0f})"
                print(f"{name:<10} loop {loop:<20} ours {ours:<20} ratio {row['ratio']:.1f}")
        print(f"largest difference of the contexts: {difference:.1e}")
    if not difference <= AGREE:
        sys.exit(f"the contexts differ by {difference:.1e}, more than {AGREE:.0e}")


if __name__ == "__main__":
    main()
