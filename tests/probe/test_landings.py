"""A deep graph that was looked at is freed when its last owner goes, and the program lives on."""

from __future__ import annotations

import faulthandler
import os
import subprocess
import sys
import threading
import traceback
import warnings
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
import torch

from probe.capture.stops import capture
from tapelens.probe import landings
from tapelens.probe.capture.ages import Ages
from tapelens.probe.capture.graph import Graph, walk_graph
from tapelens.probe.landings import BAND, let_go
from tapelens.probe.taps.graph import walk

DEEP = 120_000
"""A chain of which torch 2.13, once it was looked at, cannot free half on a stack of 8 MB."""

FEW = 3 * BAND
DEADLINE_S = 60


class Mark:
    """Lives as long as the node in whose metadata it is."""


def chain(count: int) -> torch.Tensor:
    loss = torch.ones(1, requires_grad=True)
    for _ in range(count):
        loss = loss * 1.0
    return loss


def node_of(tensor: torch.Tensor) -> torch.autograd.graph.Node:
    assert tensor.grad_fn is not None
    return tensor.grad_fn


def in_a_child(work: Callable[[], None]) -> int:
    """The exit status of a forked child that does the work; negative for the signal that ended it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a parent with threads forks
        child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:  # noqa: BLE001 (nothing of pytest's may run in the child)
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def bare_walk(root: Any) -> None:
    """What any tool does that follows ``next_functions``."""
    seen, waiting = {root}, [root]
    while waiting:
        for target, _ in waiting.pop().next_functions:
            if target is not None and target not in seen:
                seen.add(target)
                waiting.append(target)


def a_stop(loss: torch.Tensor) -> None:
    assert loss.grad_fn is not None
    capture(sys._getframe())


def several_stops_while_it_grows(loss: torch.Tensor) -> None:
    for _ in range(4):
        a_stop(loss)
        loss = loss * chain(20_000)
    a_stop(loss)


def a_backward(loss: torch.Tensor) -> None:
    walk([node_of(loss)], at_most=DEEP)


def a_search_for_old_graphs(loss: torch.Tensor) -> None:
    Ages(Graph(), deadline_ns=sys.maxsize).number(node_of(loss))


def the_whole_graph(loss: torch.Tensor) -> None:
    walk_graph([node_of(loss)], at_most=DEEP + 1)


@pytest.mark.parametrize(
    "look", [a_stop, several_stops_while_it_grows, a_backward, a_search_for_old_graphs, the_whole_graph]
)
def test_a_deep_graph_that_was_looked_at_is_freed_without_recursion(look: Callable[[torch.Tensor], None]):
    def work() -> None:
        loss = chain(DEEP)
        look(loss)
        node_of(loss).metadata["mark"] = mark = Mark()  # pyright: ignore[reportIndexIssue]
        gone = weakref.ref(mark)
        del mark, loss
        len("anything")
        assert gone() is None

    assert in_a_child(work) == 0


def test_a_program_that_ends_with_a_deep_graph_in_hand_ends_as_it_would():
    program = (
        "import sys, torch\n"
        "from tapelens.probe.capture.graph import walk_graph\n"
        "loss = torch.ones(1, requires_grad=True)\n"
        f"for _ in range({DEEP}): loss = loss * 1.0\n"
        f"walk_graph([loss.grad_fn], at_most={DEEP})\n"
        "sys.exit(3)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=120).returncode == 3


def marked_in_the_middle() -> tuple[torch.Tensor, weakref.ref[Mark]]:
    loss = chain(FEW)
    graph = walk_graph([node_of(loss)], at_most=FEW + 1)
    mark = Mark()
    graph.nodes[5].metadata["mark"] = mark  # pyright: ignore[reportIndexIssue]
    return loss, weakref.ref(mark)


def test_all_of_it_is_gone_once_the_program_has_called_anything():
    loss, mark = marked_in_the_middle()
    assert mark() is not None
    del loss
    len("anything")
    assert mark() is None


def test_another_thread_frees_what_it_let_go_when_it_next_looks_at_a_graph():
    held = [marked_in_the_middle()]
    mark = held[0][1]
    seen: list[bool] = []

    def work() -> None:
        held.clear()
        seen.append(mark() is None)
        let_go()
        seen.append(mark() is None)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, True]


def test_what_a_thread_left_behind_is_freed_by_the_next_look_of_any():
    held = [marked_in_the_middle()]
    mark = held[0][1]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    let_go()
    assert mark() is None


def test_a_node_lives_no_longer_than_what_uses_it():
    loss = chain(FEW)
    part = loss * 2.0
    walk_graph([node_of(part)], at_most=FEW + 2)
    gone = weakref.ref(node_of(part).metadata.setdefault("mark", Mark()))  # pyright: ignore[reportAttributeAccessIssue]
    del part
    assert gone() is None
    assert len(walk([node_of(loss)]).nodes) == FEW + 1


def test_a_finalizer_of_the_user_s_that_runs_while_a_graph_is_freed_does_no_harm():
    class Noisy(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.loud = Loud()
            return x.clone()

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return grads[0]

    class Loud:
        def __del__(self) -> None:
            heard.append(len(str(sum(range(10)))))

    heard: list[int] = []

    def work() -> None:
        loss = torch.ones(1, requires_grad=True)
        for _ in range(60_000):
            loss = Noisy.apply(loss)
        walk_graph([node_of(loss)], at_most=DEEP)
        del loss
        let_go()
        assert len(heard) == 60_000

    assert in_a_child(work) == 0


def test_what_is_scheduled_may_free_the_last_between_a_look_and_its_freeing():
    class FreedAsOneLooks(list[Any]):
        def __len__(self) -> int:
            self.clear()
            return 1

    here = threading.get_ident()
    landings._landings._waiting[here] = FreedAsOneLooks([((0, 0), ())])
    try:
        let_go()
    finally:
        landings._landings._waiting.pop(here, None)


def test_a_debugger_s_tracer_is_not_in_the_way():
    def work() -> None:
        faulthandler.dump_traceback_later(DEADLINE_S, exit=True)
        loss = chain(FEW * 10)
        walk_graph([node_of(loss)], at_most=DEEP)
        held = [loss]
        del loss
        lines: list[int] = []

        def tracer(frame: FrameType, event: str, _: object) -> Any:
            if event == "line" and frame.f_code is free.__code__:
                lines.append(frame.f_lineno - free.__code__.co_firstlineno)
            return tracer

        def free() -> int:
            held.clear()
            return len(held)

        sys.settrace(tracer)
        free()
        sys.settrace(None)
        assert lines == [1, 2]

    assert in_a_child(work) == 0


def test_a_graph_that_is_not_deep_is_left_as_it_is():
    loss = chain(BAND // 2)
    graph = walk_graph([node_of(loss)], at_most=BAND)
    assert not any(landings._ENTRY in node.metadata for node in graph.nodes)  # pyright: ignore[reportOperatorIssue]


def test_no_more_than_one_node_in_a_band_of_a_chain_is_held():
    graph = walk_graph([node_of(chain(FEW))], at_most=FEW + 1)
    held = [node for node in graph.nodes if landings._ENTRY in node.metadata]  # pyright: ignore[reportOperatorIssue]
    assert 1 <= len(held) <= 1 + FEW // BAND
