"""What the taps cost a training step: one process, taps in and out by turns, medians of neighbours' ratios."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from rows import Row, median_ms

from tapelens.probe.collector import Collector
from tapelens.probe.taps import Taps
from tapelens.rules.catalogue import runtime_twins

STEPS_A_TURN = 10
TARGET = 1.02


def build() -> Callable[[], None]:
    """A transformer encoder of 144 parameters, cleared before each backward, as sound programs do."""
    layer = torch.nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True)
    model = torch.nn.TransformerEncoder(layer, 12, enable_nested_tensor=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    batch = torch.randn(2, 16, 64)

    def step() -> None:
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()

    return step


def turn(step: Callable[[], None]) -> float:
    """Seconds of this thread's own time a step: what others do to the machine does not count."""
    begun = time.thread_time()
    for _ in range(STEPS_A_TURN):
        step()
    return (time.thread_time() - begun) / STEPS_A_TURN


def measure(rounds: int = 60) -> Row:
    """A step with the taps and both rules against one without, in one run."""
    torch.manual_seed(0)
    step = build()
    said: list[object] = []

    def fault(where: str, what: str) -> None:
        said.append((where, what))

    collector = Collector(runtime_twins(), on_finding=said.append, stop=lambda: 0, report_fault=fault)
    taps = Taps(collector.emit, report_fault=fault)
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(-3, rounds):  # the first rounds are the program's first iterations
        for tapped in (number % 2 == 0, number % 2 == 1):
            if tapped:
                taps.install()
            seconds = turn(step)
            if tapped:
                taps.remove()
            if number >= 0:
                times[tapped].append(seconds)
    assert not said, said
    ratio = statistics.median(ours / peer for ours, peer in zip(times[True], times[False], strict=True))
    return Row(
        what="a training step, 144 parameters, both rules on",
        ours=f"{median_ms(times[True]):.2f} ms",
        peer=f"{median_ms(times[False]):.2f} ms without taps",
        ratio=ratio,
        target=f"<= {TARGET}",
        met=ratio <= TARGET,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    row = measure(rounds)
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {rounds} rounds of {STEPS_A_TURN} steps")
    print(f"{row.what}: {row.ours}, {row.peer}, ratio {row.ratio:.4f} (target {row.target})")


if __name__ == "__main__":
    main()
