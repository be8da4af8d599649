"""What the timeline costs a training step: one process, in and out by turns, medians of neighbours' ratios.

Run it with the interpreter that is to be measured; it needs torch and the source tree only.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from rows import Row, median_ms

from interpreters import newer_python

BUNDLE = Path(__file__).parents[1] / "server" / "tapelens"
STEPS_A_TURN = 10
WARM_UP = 3
TARGET = 1.05
TARGET_OFF = 1.01


class Block(torch.nn.Module):
    """A transformer's block as people write it: its lines are the user's own."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before = torch.nn.LayerNorm(width)
        self.into = torch.nn.Linear(width, 3 * width)
        self.out = torch.nn.Linear(width, width)
        self.between = torch.nn.LayerNorm(width)
        self.mlp = torch.nn.Sequential(
            torch.nn.Linear(width, 2 * width), torch.nn.GELU(), torch.nn.Linear(2 * width, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attention and a feed-forward network, each around the residual."""
        x = x + self.attend(self.before(x))
        return x + self.mlp(self.between(x))

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        """Attention of every head."""
        batch, length, width = x.shape
        mixed = self.into(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-2, -1)
        scores = scores / (width // self.heads) ** 0.5
        weights = scores.softmax(-1)
        result = (weights @ value).transpose(1, 2)
        return self.out(result.reshape(batch, length, width))


def build() -> Callable[[], None]:
    """A training step of 12 blocks."""
    model = torch.nn.Sequential(*(Block(64, 4) for _ in range(12)))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    batch = torch.randn(2, 16, 64)

    def step() -> None:
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()

    return step


def turn(step: Callable[[], None]) -> float:
    """Seconds of this thread's own time a step: what others do to the machine does not count."""
    for _ in range(WARM_UP):
        step()
    begun = time.thread_time()
    for _ in range(STEPS_A_TURN):
        step()
    return (time.thread_time() - begun) / STEPS_A_TURN


def load_timeline() -> Any:
    """The class from the bundle, as a debugged program has it: its own files are then not the user's."""
    spec = spec_from_file_location("_tapelens", BUNDLE / "__init__.py", submodule_search_locations=[str(BUNDLE)])
    assert spec is not None
    assert spec.loader is not None
    bundle = sys.modules["_tapelens"] = module_from_spec(spec)
    spec.loader.exec_module(bundle)
    return import_module("_tapelens.probe.timeline").Timeline


def measure() -> list[Row]:
    """On this Python and on one from 3.12 on where there is one, each in a process of its own; and switched off."""
    here = Path(sys.executable)
    runs = [(here, "auto"), (here, "off")]
    if (newer := newer_python()) is not None:
        runs += [(newer, "auto"), (newer, "off")]
    if sys.version_info < (3, 12):
        runs.append((here, "every_line"))
    rows: list[Row] = []
    for python, lines in runs:
        done = subprocess.run(
            [python, __file__, "--lines", lines, "--json"], check=True, capture_output=True, text=True, timeout=300
        )
        rows.append(Row(**json.loads(done.stdout)))
    return rows


def measure_here(lines: str, rounds: int = 60) -> Row:
    """A step with the timeline against one without, in one run."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    step = build()
    faults: list[object] = []

    def fault(where: str, what: str) -> None:
        faults.append((where, what))

    timeline = load_timeline()(lines, fault)
    times: dict[bool, list[float]] = {True: [], False: []}
    state = "off"
    for number in range(-3, rounds):  # the first rounds are the program's first iterations
        for noted in (number % 2 == 0, number % 2 == 1):
            if noted:
                timeline.install()
                state = timeline.state
            seconds = turn(step)
            if noted:
                timeline.remove()
            if number >= 0:
                times[noted].append(seconds)
    assert not faults, faults
    ratio = statistics.median(ours / peer for ours, peer in zip(times[True], times[False], strict=True))
    target = {"off": TARGET_OFF, "auto": TARGET}.get(lines)
    version = ".".join(platform.python_version_tuple()[:2])
    words = {"every_line": "every line and module", "module_calls": "modules' calls", "off": "switched off"}
    return Row(
        what=f"a step of 12 transformer blocks, timeline on Python {version}: {words[state]}",
        ours=f"{median_ms(times[True]):.2f} ms",
        peer=f"{median_ms(times[False]):.2f} ms without",
        ratio=ratio,
        target="on request only" if target is None else f"<= {target}",
        met=target is None or ratio <= target,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--lines", choices=("auto", "every_line", "off"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the row as JSON")
    options = parser.parse_args()
    row = measure_here(options.lines, options.rounds)
    if options.json:
        print(json.dumps(asdict(row)))
        return
    print(f"{row.what}: {row.ours}, {row.peer}, ratio {row.ratio:.4f} (target {row.target})")


if __name__ == "__main__":
    main()
