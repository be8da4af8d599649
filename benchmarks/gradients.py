"""What edge gradients cost the backward that is watched, and the ones after it: one process, by turns."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import torch

sys.path.insert(0, str(Path(__file__).parent))
from rows import Row, median_ms

from tapelens.probe.taps import Taps
from tapelens.wire.gradients import Gradients

ROUNDS = 15
TARGET = 1.5
AFTER_TARGET = 1.02

Turn = Literal["alone", "watched", "after"]
TURNS: tuple[Turn, ...] = ("alone", "watched", "after")


class Size(NamedTuple):
    """How large the transformer is; the small one is that of the taps' row."""

    width: int
    batch: int
    length: int


SIZES = (Size(256, 8, 64), Size(64, 2, 16))


def forward(size: Size) -> Callable[[], torch.Tensor]:
    """Twelve blocks, cleared before each pass."""
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(size.width, 4, 2 * size.width, dropout=0.0, batch_first=True)
    model = torch.nn.TransformerEncoder(layer, 12, enable_nested_tensor=False)
    batch = torch.randn(size.batch, size.length, size.width)

    def loss() -> torch.Tensor:
        model.zero_grad()
        return model(batch).square().mean()

    return loss


def timed(root: torch.Tensor) -> float:
    """Seconds of this thread's own time: what others do to the machine does not count."""
    begun = time.thread_time()
    root.backward()
    return time.thread_time() - begun


def measure_size(size: Size, rounds: int) -> Iterable[Row]:
    """A graph run alone, one that is watched, and the one after that."""
    loss = forward(size)
    told: list[Gradients] = []
    faults: list[tuple[str, str]] = []
    taps = Taps(
        lambda _: None,
        report_fault=lambda where, what: faults.append((where, what)),
        on_gradients=told.append,
    )
    taps.install()
    times: dict[Turn, list[float]] = {turn: [] for turn in TURNS}
    for number in range(-2, rounds):  # the first rounds are the program's first iterations
        for turn in TURNS:
            root = loss()
            if turn == "watched":
                taps.watch.arm(1)
            seconds = timed(root)
            if number >= 0:
                times[turn].append(seconds)
    taps.remove()
    assert not faults, faults
    assert len(told) == rounds + 2
    read = statistics.median(sum(row >= 0 for row in each.edges.statistics) for each in told)
    what = f"a backward of 12 blocks, width {size.width}, {read:.0f} of {len(told[-1].edges.source)} edges read"
    alone = f"{median_ms(times['alone']):.2f} ms without"
    compared: tuple[tuple[Turn, str, float], ...] = (
        ("watched", "with edge gradients", TARGET),
        ("after", "after one with edge gradients", AFTER_TARGET),
    )
    for turn, words, target in compared:
        ratio = statistics.median(ours / peer for ours, peer in zip(times[turn], times["alone"], strict=True))
        yield Row(
            what=f"{what}, {words}",
            ours=f"{median_ms(times[turn]):.2f} ms",
            peer=alone,
            ratio=ratio,
            target=f"<= {target}",
            met=ratio <= target,
        )


def measure(rounds: int = ROUNDS) -> list[Row]:
    """All sizes."""
    return [row for size in SIZES for row in measure_size(size, rounds)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {rounds} rounds")
    for row in measure(rounds):
        print(f"{row.what}: {row.ours}, {row.peer}, ratio {row.ratio:.3f} (target {row.target})")


if __name__ == "__main__":
    main()
