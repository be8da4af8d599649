"""What all rules cost a training step, against plain Python and anomaly mode: by turns in one process."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import argparse
import gc
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from rows import Row, median_ms

from tapelens.probe.collector import Collector
from tapelens.probe.taps import Taps
from tapelens.rules.catalogue import RULES, runtime_twins

RATIO = 1.02
FIXED_US, EACH_US = 30.0, 1.5
GROWTH_KIB = 1024
LONG_RUN = 10_000
SETTLES = 10  # steps after the taps come, in which all is new to them: a program has those once
WAYS = ("plain", "rules", "anomaly")


@dataclass(frozen=True, kw_only=True)
class Program:
    """A training step that is timed.

    Attributes:
        turn: Steps in a turn.
        strict: The target is ``RATIO``; else so many microseconds.
    """

    name: str
    step: Callable[[], None]
    parameters: int
    turn: int
    strict: bool


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Seconds a step of each turn, by way."""

    seconds: dict[str, list[float]]

    def ratio(self, way: str) -> float:
        """Median of neighbouring turns' ratios to plain Python."""
        pairs = zip(self.seconds[way], self.seconds["plain"], strict=True)
        return statistics.median(ours / peer for ours, peer in pairs)

    def more_us(self, way: str) -> float:
        """Median of neighbouring turns' differences to plain Python."""
        pairs = zip(self.seconds[way], self.seconds["plain"], strict=True)
        return statistics.median(ours - peer for ours, peer in pairs) * 1e6


def transformer() -> Program:
    """An encoder of 144 parameters, cleared before each backward, as sound programs do."""
    layer = torch.nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True)
    model = torch.nn.TransformerEncoder(layer, 12, enable_nested_tensor=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    batch = torch.randn(2, 16, 64)
    return _program(
        "a transformer's step", model, optimizer, lambda: model(batch).square().mean(), turn=10, strict=True
    )


def mlp() -> Program:
    """Three layers, so small that torch itself takes a third of a millisecond."""
    model = torch.nn.Sequential(
        torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    batch, target = torch.randn(8, 16), torch.randn(8, 1)
    return _program(
        "an MLP's step", model, optimizer, lambda: (model(batch) - target).square().mean(), turn=100, strict=False
    )


def lstm() -> Program:
    """Two layers over 20 positions, and a head."""
    cell, head = torch.nn.LSTM(32, 64, num_layers=2, batch_first=True), torch.nn.Linear(64, 8)
    model = torch.nn.ModuleList([cell, head])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    batch = torch.randn(4, 20, 32)
    return _program(
        "an LSTM's step", model, optimizer, lambda: head(cell(batch)[0]).square().mean(), turn=10, strict=True
    )


def _program(
    name: str,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[], torch.Tensor],
    *,
    turn: int,
    strict: bool,
) -> Program:
    def step() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    parameters = sum(1 for _ in model.parameters())
    return Program(name=name, step=step, parameters=parameters, turn=turn, strict=strict)


@contextmanager
def watched() -> Generator[Taps]:
    """All taps and rules; a finding or a fault fails the measurement."""
    said: list[object] = []

    def fault(where: str, what: str) -> None:
        said.append((where, what))

    collector = Collector(runtime_twins(), on_finding=said.append, stop=lambda: 0, report_fault=fault)
    taps = Taps(collector.emit, report_fault=fault)
    yield taps
    assert not said, said


def turn(program: Program) -> float:
    """Seconds of this thread's own time a step: what others do to the machine does not count."""
    begun = time.thread_time()
    for _ in range(program.turn):
        program.step()
    return (time.thread_time() - begun) / program.turn


def compare(program: Program, *, rounds: int) -> Measured:
    """Turns of the three ways, each round in another order."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    with watched() as taps:
        for number in range(-12, rounds):  # the first rounds are the program's first iterations
            for place in range(len(WAYS)):
                way = WAYS[(place + number) % len(WAYS)]
                if way == "rules":
                    taps.install()
                    for _ in range(SETTLES):
                        program.step()
                with torch.autograd.set_detect_anomaly(way == "anomaly", check_nan=True):
                    took = turn(program)
                if way == "rules":
                    taps.remove()
                if number >= 0:
                    seconds[way].append(took)
    return Measured(seconds=seconds)


def rows_of(program: Program, measured: Measured) -> list[Row]:
    """Against plain Python, and beside it what anomaly mode costs."""
    ratio, more = measured.ratio("rules"), measured.more_us("rules")
    allowed = FIXED_US + EACH_US * program.parameters
    ours, plain, anomaly = (median_ms(measured.seconds[way]) for way in ("rules", "plain", "anomaly"))
    what = f"{program.name}, {program.parameters} parameters, all {len(RULES)} rules on"
    return [
        Row(
            what=what,
            ours=f"{ours:.3g} ms, {more:+.0f} µs",
            peer=f"{plain:.3g} ms, plain Python",
            ratio=ratio,
            target=f"<= {RATIO}" if program.strict else f"<= {allowed:.0f} µs more",
            met=ratio <= RATIO if program.strict else more <= allowed,
        ),
        Row(
            what=f"{program.name}, the same",
            ours=f"{ours:.3g} ms",
            peer=f"{anomaly:.3g} ms, set_detect_anomaly ({measured.ratio('anomaly'):.3g} times plain)",
            ratio=ours / anomaly,
            target="<= 1",
            met=ours <= anomaly,
        ),
    ]


def memory(*, steps: int = LONG_RUN) -> Row:
    """How much the process grows over many steps with the rules on, once all is warm, against without."""
    plain = _growth_kib(mlp(), steps)
    with watched() as taps:
        taps.install()
        ours = _growth_kib(mlp(), steps)
        taps.remove()
    return Row(
        what=f"growth of memory over {steps:,} steps of an MLP, all rules on",
        ours=f"{ours:.0f} KiB",
        peer=f"{plain:.0f} KiB, plain Python",
        ratio=(ours + GROWTH_KIB) / (plain + GROWTH_KIB),
        target=f"<= {GROWTH_KIB} KiB more",
        met=ours - plain <= GROWTH_KIB,
    )


def _growth_kib(program: Program, steps: int) -> float:
    for _ in range(steps // 4):
        program.step()
    gc.collect()
    before = _resident_kib()
    for _ in range(steps):
        program.step()
    gc.collect()
    return _resident_kib() - before


def _resident_kib() -> float:
    """Resident memory now, or the most so far where the system does not tell."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def measure(*, rounds: int = 60) -> list[Row]:
    """All lines of the table. One thread: its own time is measured."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found: list[Row] = []
    for program in (transformer(), mlp(), lstm()):
        found += rows_of(program, compare(program, rounds=rounds))
    return [*found, memory()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {rounds} rounds")
    for row in measure(rounds=rounds):
        verdict = "met" if row.met else "missed"
        print(f"{row.what}: {row.ours}; {row.peer}; ratio {row.ratio:.4g} (target {row.target}: {verdict})")


if __name__ == "__main__":
    main()
