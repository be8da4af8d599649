"""What reading a graph costs at a stop: each round builds a graph anew, as each step of a training does."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torchviz import make_dot  # pyright: ignore[reportUnknownVariableType]

sys.path.insert(0, str(Path(__file__).parent))
from rows import Row, median_ms

from tapelens.probe.capture.graph import Graph, walk_graph
from tapelens.probe.capture.guards import collector_held, undisturbed
from tapelens.probe.capture.nodes import edge_columns, node_columns, read_saved, saved_columns, unknown_origins
from tapelens.probe.capture.tables import Shapes, Sites, Strings
from tapelens.probe.capture.tensors import TensorRows
from tapelens.probe.keys import keys_of

BLOCKS, HEADS, WIDTH = 12, 16, 64
FEW, MANY = 10_000, 1_000_000
ALL = 2 * MANY
STRUCTURE_US, STRUCTURE_RATIO, DOT_RATIO, LINEAR_RATIO, EVERYTHING_US = 1.2, 4.0, 0.2, 1.5, 7.0
_FAR_AHEAD_NS = 1 << 62

Work = Callable[[Any], object]
"""Takes the last node of a graph."""


class Block(torch.nn.Module):
    """A transformer's block whose heads are written out, as in a first implementation of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = torch.nn.ModuleList(torch.nn.Linear(WIDTH, 3 * WIDTH // HEADS) for _ in range(HEADS))
        self.mix, self.wide, self.narrow = (torch.nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.first, self.second = torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attention, then two layers, each added to what came in."""
        before, looked = self.first(x), list[torch.Tensor]()
        for head in self.heads:
            query, key, value = head(before).chunk(3, dim=-1)
            weights = (query @ key.transpose(-2, -1) / WIDTH**0.5).softmax(-1)
            looked.append(weights.clamp(min=1e-6).log().exp() @ value)
        x = x + self.mix(torch.cat(looked, dim=-1))
        return x + self.narrow(torch.nn.functional.gelu(self.wide(self.second(x))))


def transformer() -> torch.Tensor:
    """The loss of a batch, and the graph behind it."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(*(Block() for _ in range(BLOCKS)))
    return model(torch.randn(2, 8, WIDTH)).square().mean()


def chain(count: int) -> torch.Tensor:
    """A graph of so many nodes, each straight below the other."""
    loss = torch.ones(1, requires_grad=True)
    for _ in range(count):
        loss = loss * 1.0
    return loss


def bare_walk(root: Any) -> int:
    """The least that any reader of a graph does; gives the number of nodes."""
    seen, waiting = {root}, [root]
    while waiting:
        for target, _ in waiting.pop().next_functions:
            if target is not None and target not in seen:
                seen.add(target)
                waiting.append(target)
    return len(seen)


def structure(root: Any) -> Graph:
    """Names, sequence numbers, keys, and edges with their input_nr, in columns."""
    graph = walk_graph([root], at_most=ALL)
    keys_of(graph.nodes)
    Strings().rows(graph.names)
    edge_columns(graph)
    return graph


def everything(root: Any) -> object:
    """Shapes, saved tensors' bytes and versions besides."""
    graph = walk_graph([root], at_most=ALL)
    strings, shapes = Strings(), Shapes()
    saved, _ = read_saved(graph, deadline_ns=_FAR_AHEAD_NS)
    return (
        edge_columns(graph),
        saved_columns(saved, TensorRows({}), strings=strings, shapes=shapes, at_most=ALL),
        node_columns(
            graph,
            saved,
            {},
            unknown_origins(graph.sequences),
            parameters=set(),
            strings=strings,
            shapes=shapes,
            sites=Sites(),
            deadline_ns=_FAR_AHEAD_NS,
        ),
    )


def seconds(make: Callable[[], torch.Tensor], work: Work) -> float:
    """This thread's own time for the work on a graph that nobody has looked at yet."""
    loss = make()
    with collector_held(), undisturbed():
        begun = time.thread_time()
        done = work(loss.grad_fn)
        took = time.thread_time() - begun
    del done
    return took


def dot_seconds() -> float:
    """Torchviz's drawing of the same graph, without running Graphviz."""
    loss = transformer()
    begun = time.thread_time()
    make_dot(loss)
    return time.thread_time() - begun


def measure(rounds: int = 15) -> list[Row]:
    """Against a bare walk, against torchviz, and of a large graph against a small one."""
    count = bare_walk(transformer().grad_fn)
    times: dict[Work, list[float]] = {bare_walk: [], structure: [], everything: []}
    dots: list[float] = []
    for _ in range(rounds):
        for work, taken in times.items():
            taken.append(seconds(transformer, work))
        dots.append(dot_seconds())
    bare, ours, all_of_it = (statistics.median(times[work]) for work in (bare_walk, structure, everything))
    small = statistics.median(seconds(lambda: chain(FEW), structure) for _ in range(rounds)) / FEW
    large = statistics.median(seconds(lambda: chain(MANY), structure) for _ in range(3)) / MANY
    us = 1e6 / count
    return [
        Row(
            what=f"structure of a transformer's graph, {count:,} nodes",
            ours=f"{ours * us:.2f} µs a node",
            peer=f"{bare * us:.2f} µs, a bare walk over next_functions",
            ratio=ours / bare,
            target=f"<= {STRUCTURE_RATIO:g}, and <= {STRUCTURE_US} µs a node",
            met=ours / bare <= STRUCTURE_RATIO and ours * us <= STRUCTURE_US,
        ),
        Row(
            what="the same against a drawing's source",
            ours=f"{ours * 1000:.1f} ms",
            peer=f"{median_ms(dots):.1f} ms, torchviz make_dot",
            ratio=ours / statistics.median(dots),
            target=f"<= {DOT_RATIO}",
            met=ours / statistics.median(dots) <= DOT_RATIO,
        ),
        Row(
            what=f"structure of {MANY:,} nodes, each straight below the other",
            ours=f"{large * 1e6:.2f} µs a node",
            peer=f"{small * 1e6:.2f} µs, ours on {FEW:,}",
            ratio=large / small,
            target=f"<= {LINEAR_RATIO}",
            met=large / small <= LINEAR_RATIO,
        ),
        Row(
            what="with shapes, saved bytes and versions",
            ours=f"{all_of_it * us:.2f} µs a node",
            peer=f"{bare * us:.2f} µs, a bare walk over next_functions",
            ratio=all_of_it / bare,
            target=f"<= {EVERYTHING_US:g} µs a node",
            met=all_of_it * us <= EVERYTHING_US,
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    rows = measure(rounds)
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {rounds} rounds")
    for row in rows:
        met = "met" if row.met else "missed"
        print(f"{row.what}: {row.ours}, {row.peer}, ratio {row.ratio:.3g} (target {row.target}: {met})")


if __name__ == "__main__":
    main()
