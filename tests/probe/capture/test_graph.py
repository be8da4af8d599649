"""The graph in a snapshot is the graph that ``next_functions`` tells, in the order of making, within bounds."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from probe.capture.stops import Stop, capture
from tapelens.probe.capture.frame import BOUNDS
from tapelens.wire.encode import to_json
from tapelens.wire.sites import Site
from torch_features import needs_readable_saved_tensors, needs_shapes_of_nodes

PATIENT = replace(BOUNDS, details_ms=60_000, numbers_ms=60_000)


def recurrent() -> torch.Tensor:
    cell, head = nn.LSTMCell(4, 6), nn.Linear(6, 2)
    hidden, state = torch.zeros(3, 6), torch.zeros(3, 6)
    for _ in range(30):
        hidden, state = cell(torch.randn(3, 4), (hidden, state))
    return head(hidden).square().mean()


def branching() -> torch.Tensor:
    w = torch.randn(6, 6, requires_grad=True)
    one, two, three = w.chunk(3)
    values, _ = torch.max(one @ two.t(), dim=0)
    mixed = torch.cat([values, three.sum(1)]).sort().values
    return torch.where(mixed > 0, mixed, mixed.exp()).sum() * w[0, 0]


def trained_before() -> torch.Tensor:
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(12, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.randn(4, 1, 8)).sum().backward()
    optimizer.step()
    return model(torch.randn(4, 1, 8)).sum()


@pytest.mark.parametrize("make", [recurrent, branching, trained_before])
def test_nodes_and_edges_are_those_of_an_independent_walk(make: Callable[[], torch.Tensor]):
    loss = make()
    stop = capture(sys._getframe(), bounds=PATIENT)
    nodes, edges = walk(loss.grad_fn)
    keys = [node.metadata["_tapelens_key"] for node in nodes]
    assert len(set(keys)) == len(nodes)
    names = {node.key: node.name for node in stop.nodes}
    assert names == {key: type(node).__name__ for key, node in zip(keys, nodes, strict=True)}
    by_row = [node.key for node in stop.nodes]
    assert {(by_row[e.source], e.position, by_row[e.target], e.input_nr) for e in stop.edges} == {
        (keys[source], position, keys[target], number) for source, position, target, number in edges
    }
    assert len(stop.edges) == len(edges)


def walk(root: Any) -> tuple[list[Any], list[tuple[int, int, int, int]]]:
    """Depth first, unlike the probe's."""
    nodes: list[Any] = []
    rows: dict[Any, int] = {}
    edges: list[tuple[int, int, int, int]] = []

    def row(node: Any) -> int:
        if node not in rows:
            rows[node] = len(nodes)
            nodes.append(node)
            waiting.append(node)
        return rows[node]

    waiting: list[Any] = []
    row(root)
    while waiting:
        node = waiting.pop()
        for position, (target, number) in enumerate(node.next_functions):
            if target is not None:
                edges.append((rows[node], position, row(target), number))
    return nodes, edges


def test_the_tape_is_in_the_order_of_making_and_each_leaf_stands_before_its_first_user():
    loss = recurrent()
    stop = capture(sys._getframe(), bounds=PATIENT)
    made = [node.sequence for node in stop.nodes if node.sequence is not None]
    assert all(earlier < later for earlier, later in pairwise(made))
    users: dict[int, int] = {}
    for edge in stop.edges:
        users[edge.target] = min(users.get(edge.target, edge.source), edge.source)
    leaves = [node for node in stop.nodes if node.name == "AccumulateGrad"]
    assert len(leaves) == 6
    for leaf in leaves:
        between = stop.nodes[leaf.row + 1 : users[leaf.row]]
        assert all(node.name == "AccumulateGrad" for node in between)
    assert all(edge.target < edge.source for edge in stop.edges)
    del loss


def test_a_node_keeps_its_key_from_stop_to_stop_and_a_new_one_gets_a_new_key():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    first = {node.name: node.key for node in capture(sys._getframe()).nodes}
    z = y.exp()
    second = {node.name: node.key for node in capture(sys._getframe()).nodes}
    assert {name: second[name] for name in first} == first
    assert second["ExpBackward0"] not in first.values()
    del y, z
    again = x * 2
    third = {node.name: node.key for node in capture(sys._getframe()).nodes}
    assert again.grad_fn is not None
    assert third["MulBackward0"] not in {*first.values(), *second.values()}


def test_a_chain_of_a_hundred_thousand_nodes_is_bounded_and_said_to_be():
    x = torch.ones(2, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1
    stop = capture(sys._getframe())
    assert len(stop.nodes) == BOUNDS.nodes
    assert {left.what for left in stop.snapshot.left_out} - {"saved", "shapes"} == {"nodes"}
    assert stop.tensors["y"].grad_fn is not None
    assert stop.effects("x", "y") == {"x": "unknown", "y": "dropped"}


def wide(nodes: int) -> torch.Tensor:
    """Many nodes of several kinds, most of which save something."""
    weights = [nn.Parameter(torch.randn(8, 8)) for _ in range(nodes // 20)]
    value = torch.randn(4, 8)
    for index in range(nodes // 5):
        value = torch.tanh(value @ weights[index % len(weights)] * 0.5 + value)
    return value.sum()


@needs_readable_saved_tensors
@needs_shapes_of_nodes
def test_ten_thousand_nodes_with_every_column_filled_fit_in_a_megabyte_and_a_half():
    loss = wide(12_000)
    stop = capture(sys._getframe(), bounds=PATIENT)
    assert len(stop.nodes) >= 10_000
    assert {node.state for node in stop.nodes} == {"alive", "saves_nothing"}
    assert all(node.shape is not None and node.saved_bytes is not None for node in stop.nodes)
    snapshot = with_every_column(stop)
    size = len(to_json(snapshot).encode())
    assert size <= 1_500_000 * len(stop.nodes) / 10_000
    assert json.loads(to_json(snapshot))["kind"] == "snapshot"
    del loss


def with_every_column(stop: Stop) -> Any:
    """The columns that capture leaves to others, filled as they would be."""
    snapshot = stop.snapshot
    count = len(snapshot.nodes.key)
    sites = tuple(
        Site(path="/home/u/project/train.py", line=n, function="Net.forward", in_library=False) for n in range(99)
    )
    modules = tuple(f"model.layers[{n}].attention" for n in range(99))
    nodes = replace(
        snapshot.nodes,
        site=tuple(row % 99 for row in range(count)),
        thread=(1,) * count,
        module=tuple(len(snapshot.strings) + row % 99 for row in range(count)),
        key=tuple(key + 1_000_000 for key in snapshot.nodes.key),
        sequence=tuple(number + 1_000_000 for number in snapshot.nodes.sequence),
    )
    return replace(snapshot, nodes=nodes, sites=sites, strings=(*snapshot.strings, *modules))


def test_a_graph_made_in_two_threads_is_whole():
    parts: list[torch.Tensor] = []
    w = torch.ones(3, requires_grad=True)
    threads = [threading.Thread(target=lambda: parts.append((w * 2).exp())) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join(timeout=30)
    total = (parts[0] + parts[1]).sum()
    stop = capture(sys._getframe())
    assert sorted(stop.node_names).count("ExpBackward0") == 2
    assert len(stop.edges) == len(walk(total.grad_fn)[1])
    assert stop.effects("w") == {"w": "new"}
