"""Frames and graphs of any size: a stop stays within its bounds, says what it left out, and the rest comes in pages."""

from __future__ import annotations

import sys
import threading
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from probe.capture.stops import Stop, capture
from tapelens.probe.capture import graph as walking
from tapelens.probe.capture.frame import BOUNDS
from tapelens.probe.capture.tape import PAGE_BOUNDS, tape_page
from tapelens.probe.timeline import Origin
from tapelens.wire.asked import TapePage
from tapelens.wire.snapshot import LeftOut
from torch_features import needs_readable_saved_tensors, needs_shapes_of_nodes

KEY = "_tapelens_key"
MILLION = 1_000_000
PATIENT = replace(BOUNDS, details_ms=60_000, numbers_ms=60_000, count_ms=60_000)
PATIENT_PAGES = replace(PAGE_BOUNDS, walk_ms=120_000, details_ms=60_000)
FEW = 100


def chain(count: int) -> torch.Tensor:
    """A graph of ``count`` nodes and a leaf, each straight below the other."""
    loss = torch.ones(1, requires_grad=True)
    for _ in range(count):
        loss = loss * 1.0
    return loss


def fan(count: int) -> torch.Tensor:
    """As wide as it is long: leaves and views that nothing connects but their sum."""
    w = torch.ones(4, requires_grad=True)
    return torch.stack([(w * part).sum() for part in range(count // 2)]).sum()


def recurrent(steps: int = 40) -> torch.Tensor:
    cell, head = nn.LSTMCell(3, 4), nn.Linear(4, 1)
    hidden, state = torch.zeros(2, 4), torch.zeros(2, 4)
    for _ in range(steps):
        hidden, state = cell(torch.ones(2, 3), (hidden, state))
    return head(hidden).mean()


def made_by_two_threads() -> torch.Tensor:
    """Numbers are a thread's own: here they cross, and some are the same."""
    x = torch.ones(2, requires_grad=True)
    parts: list[torch.Tensor] = []

    def work() -> None:
        y = x
        for _ in range(60):
            y = y.exp().log()
        parts.append(y)

    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    return (parts[0] * parts[1]).sum()


def nodes_left_out(stop: Stop) -> list[LeftOut]:
    """Beside what this torch does not tell of those that are shown."""
    return [left for left in stop.snapshot.left_out if left.what == "nodes"]


def root_of(loss: torch.Tensor) -> Any:
    return loss.grad_fn


def every_node(root: Any) -> list[Any]:
    """All nodes below the root; they are the same objects at each walk while the list is held."""
    seen, order = {root}, [root]
    for node in order:
        for target, _ in node.next_functions:
            if target is not None and target not in seen:
                seen.add(target)
                order.append(target)
    return order


def is_leaf(node: Any) -> bool:
    return type(node).__name__ == "AccumulateGrad"


def pages(count: int, frame: Any, **more: Any) -> Iterator[TapePage]:
    """The tape from its first row to its last."""
    first = 0
    while True:
        page = tape_page(frame, stop=1, first=first, count=count, bounds=PATIENT_PAGES, **more)
        yield page
        first += len(page.nodes.key)
        if first >= page.total:
            return


@pytest.mark.parametrize("make", [recurrent, made_by_two_threads, lambda: fan(200)])
def test_the_pages_together_are_the_whole_graph_as_an_independent_walk_finds_it(make: Callable[[], torch.Tensor]):
    loss = make()
    nodes = every_node(root_of(loss))
    edges: set[tuple[int, int, int, int]] = set()
    keys: list[int] = []
    for page in pages(37, sys._getframe()):
        assert page.complete
        assert page.total == len(nodes)
        assert page.first == len(keys)
        keys += page.nodes.key
        told = page.edges
        edges |= set(zip(told.source, told.position, told.target, told.input_nr, strict=True))
    row_of = {key: row for row, key in enumerate(keys)}
    rows = {node: row_of[node.metadata[KEY]] for node in nodes}
    assert len(rows) == len(row_of) == len(nodes)
    assert edges == {
        (rows[node], position, rows[target], input_nr)
        for node in nodes
        for position, (target, input_nr) in enumerate(node.next_functions)
        if target is not None
    }


@pytest.mark.parametrize("make", [recurrent, made_by_two_threads, lambda: fan(200)])
def test_a_tape_that_a_snapshot_holds_whole_has_the_same_rows_in_pages(make: Callable[[], torch.Tensor]):
    loss = make()
    snapshot = capture(sys._getframe(), bounds=PATIENT).snapshot
    told = list(pages(50, sys._getframe()))
    assert [key for page in told for key in page.nodes.key] == list(snapshot.nodes.key)
    for column in ("sequence", "state"):
        assert [each for page in told for each in getattr(page.nodes, column)] == list(getattr(snapshot.nodes, column))
    for column in ("node", "size_bytes", "state", "version_saved"):
        assert [each for page in told for each in getattr(page.saved, column)] == list(getattr(snapshot.saved, column))
    for column in ("source", "position", "target", "input_nr"):
        assert sorted(each for page in told for each in getattr(page.edges, column)) == sorted(
            getattr(snapshot.edges, column)
        )
    assert loss.requires_grad


@needs_readable_saved_tensors
@needs_shapes_of_nodes
def test_names_shapes_and_lines_of_a_page_are_its_nodes_own():
    w = torch.ones(3, 2, requires_grad=True)
    loss = (w.exp() @ torch.ones(2, 5)).sum()

    def origins(sequences: Any) -> list[Origin]:
        return [Origin(thread=7, site=None, module=f"step {sequence}") for sequence in sequences]

    page = tape_page(sys._getframe(), stop=4, first=1, count=2, origins=origins)
    names = [page.strings[row] for row in page.nodes.name]
    assert names == ["ExpBackward0", "MmBackward0"]
    assert [page.shapes[row] for row in page.nodes.shape] == [(3, 2), (3, 5)]
    assert [page.strings[row] for row in page.nodes.module] == [f"step {number}" for number in page.nodes.sequence]
    saved = [(row, page.strings[name]) for row, name in zip(page.saved.node, page.saved.name, strict=True)]
    assert sorted(saved) == [(1, "result"), (2, "mat2"), (2, "self")]
    assert set(page.saved.tensor) == set(page.saved.storage) == {-1}
    assert (page.stop, page.first, page.total) == (4, 1, 4)
    assert loss.requires_grad


def test_a_leaf_that_both_sides_of_a_page_s_border_use_stands_before_its_first_user():
    w = torch.ones(2, requires_grad=True)
    loss = ((w * 2.0).exp() * w).sum()
    told = [page.strings[page.nodes.name[0]] for page in pages(1, sys._getframe())]
    assert told[:2] == ["AccumulateGrad", "MulBackward0"]
    assert loss.requires_grad


@pytest.mark.parametrize(("first", "count"), [(-5, 3), (0, 0), (2, -1), (10_000, 5), (3, 10**9)])
def test_a_stretch_that_is_not_there_is_empty_or_shorter(first: int, count: int):
    loss = chain(9)
    page = tape_page(sys._getframe(), stop=1, first=first, count=count)
    assert page.total == 10
    first, count = max(0, first), max(0, count)
    assert len(page.nodes.key) == max(0, min(first + count, page.total) - first)
    assert loss.requires_grad


def test_only_the_nodes_of_a_page_are_stamped():
    loss = chain(50)
    tape_page(sys._getframe(), stop=1, first=10, count=5)
    stamped = [KEY in node.metadata for node in every_node(root_of(loss))]
    assert sum(stamped) == 5


def test_a_snapshot_that_is_cut_holds_the_newest_nodes_with_their_leaves_and_counts_the_others():
    loss = recurrent()
    stop = capture(sys._getframe(), bounds=replace(PATIENT, nodes=FEW))
    nodes = every_node(root_of(loss))
    shown = {node.key for node in stop.nodes}
    newest = sorted((node for node in nodes if not is_leaf(node)), key=lambda node: node._sequence_nr(), reverse=True)
    timed = [node for node in newest if node.metadata.get(KEY) in shown]
    assert len(shown) == FEW
    assert timed == newest[: len(timed)]
    leaves = {target for node in timed for target, _ in node.next_functions if target is not None and is_leaf(target)}
    assert shown == {node.metadata[KEY] for node in timed} | {leaf.metadata[KEY] for leaf in leaves}
    (left,) = nodes_left_out(stop)
    assert left.count == len(nodes) - FEW
    assert "older" in left.why
    assert not left.at_least


def test_where_time_does_not_suffice_to_count_it_says_at_least():
    loss = chain(5_000)
    stop = capture(sys._getframe(), bounds=replace(PATIENT, nodes=FEW, count_ms=0))
    (left,) = nodes_left_out(stop)
    assert 1 <= left.count < 5_000 - FEW
    assert left.at_least
    assert loss.requires_grad


def test_a_page_whose_walk_was_cut_short_says_that_it_is_not_all():
    loss = chain(5_000)
    page = tape_page(sys._getframe(), stop=1, first=0, count=10, bounds=replace(PAGE_BOUNDS, walk_ms=0))
    assert not page.complete
    assert page.total < 5_000
    few = tape_page(sys._getframe(), stop=1, first=0, count=10, bounds=replace(PATIENT_PAGES, nodes=FEW))
    assert (few.complete, few.total) == (False, FEW)
    assert loss.requires_grad


def test_without_time_for_details_the_structure_is_there_all_the_same():
    loss = recurrent()
    stop = capture(sys._getframe(), bounds=replace(BOUNDS, details_ms=0, numbers_ms=0))
    nodes = every_node(root_of(loss))
    assert len(stop.nodes) == len(nodes)
    assert len(stop.edges) == sum(target is not None for node in nodes for target, _ in node.next_functions)
    assert {left.what for left in stop.snapshot.left_out} - {"shapes"} == {"saved", "values"}
    page = tape_page(sys._getframe(), stop=1, first=0, count=10**6, bounds=replace(PATIENT_PAGES, details_ms=0))
    assert page.nodes.key == stop.snapshot.nodes.key


def test_a_million_nodes_are_shown_counted_paged_and_freed_without_recursion():
    loss = chain(MILLION)
    stop = capture(sys._getframe(), bounds=PATIENT)
    middle = tape_page(sys._getframe(), stop=1, first=500_000, count=1_000, bounds=PATIENT_PAGES)
    assert len(stop.nodes) == BOUNDS.nodes
    assert [left.count for left in nodes_left_out(stop)] == [MILLION + 1 - BOUNDS.nodes]
    assert (middle.total, middle.complete, len(middle.nodes.key)) == (MILLION + 1, True, 1_000)
    assert list(middle.edges.target) == [row - 1 for row in middle.edges.source]
    gone = weakref.ref(root_of(loss).metadata.setdefault("mark", Mark()))
    del loss
    len("anything")
    assert gone() is None


def test_memory_is_bounded_by_the_bounds_and_a_little_for_each_node_that_is_counted():
    count = 200_000
    loss = chain(count)
    tracemalloc.start()
    try:
        capture(sys._getframe())
        pushed = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        tape_page(sys._getframe(), stop=1, first=1_000, count=1_000, bounds=PATIENT_PAGES)
        paged = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert pushed < 100 * 2**20
    assert paged < 500 * count
    assert loss.requires_grad


class Mark:
    """Lives as long as the node in whose metadata it is."""


def visited(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many nodes each walk at a stop put into order."""
    counts: list[int] = []
    fill = walking._fill

    def counting(graph: Any, found: Any) -> None:
        counts.append(len(found.order))
        fill(graph, found)

    monkeypatch.setattr(walking, "_fill", counting)
    return counts


def test_what_a_stop_orders_is_bounded_whatever_the_graph_holds(monkeypatch: pytest.MonkeyPatch):
    counts = visited(monkeypatch)
    loss = chain(3_000)
    capture(sys._getframe(), bounds=replace(BOUNDS, nodes=FEW))
    assert counts == [FEW]
    assert loss.requires_grad


class Crowd(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.all = nn.ParameterList(nn.Parameter(torch.zeros(1)) for _ in range(count))


@pytest.mark.parametrize(
    "make",
    [
        lambda: [torch.zeros(1) for _ in range(100_000)],
        lambda: {f"t{index}": torch.zeros(1) for index in range(100_000)},
        lambda: Crowd(100_000),
        lambda: [[torch.zeros(1)] for _ in range(100_000)],
        lambda: [torch.zeros(1, requires_grad=True) * 2.0 for _ in range(100_000)],
    ],
    ids=["list", "dict", "module", "lists in a list", "results"],
)
def test_of_a_hundred_thousand_tensors_some_are_shown_and_the_others_counted(make: Callable[[], object]):
    crowd = make()
    frame = sys._getframe()
    stop = Stop(capture(frame).snapshot)
    assert 0 < len(stop.snapshot.tensors.shape) <= BOUNDS.tensors
    assert any(left.what == "tensors" and left.count > 0 for left in stop.snapshot.left_out)
    assert "crowd" in next(iter(stop.tensors))
    assert crowd is not None


def test_no_tensor_or_node_is_kept_by_a_page():
    def look() -> weakref.ref[Mark]:
        loss = chain(50)
        tape_page(sys._getframe(), stop=1, first=0, count=50)
        return weakref.ref(root_of(loss).metadata.setdefault("mark", Mark()))

    assert look()() is None
