"""A node is as old as the newest node below it, and an old one is one with a number of its own."""

from __future__ import annotations

import threading
import time

import torch

from tapelens.probe.capture.ages import Ages
from tapelens.probe.capture.graph import Graph, walk_graph

FOREVER = 1 << 62


def numbers(ages: Ages, *tensors: torch.Tensor) -> list[int]:
    """The ages of tensors' nodes."""
    return [ages.made[ages.number(tensor.grad_fn)] for tensor in tensors if tensor.grad_fn is not None]


def test_rows_and_what_lies_beyond_them_are_dated_alike():
    w = torch.ones(3, requires_grad=True)
    y = w * 2
    z = y.exp()
    loss = z.sum()
    own = [tensor.grad_fn._sequence_nr() for tensor in (y, z, loss)]  # pyright: ignore[reportOptionalMemberAccess]
    for roots in ([], [z.grad_fn], [loss.grad_fn]):
        graph = walk_graph([root for root in roots if root is not None], at_most=100)
        assert numbers(Ages(graph, deadline_ns=FOREVER), y, z, loss) == own


def test_what_another_thread_made_of_it_is_no_older_than_it():
    w = torch.ones(3, requires_grad=True)
    y = [w * 2 for _ in range(50)][-1]
    made: list[torch.Tensor] = []
    thread = threading.Thread(target=lambda: made.append(y.exp()))  # that thread counts from 0
    thread.start()
    thread.join(timeout=30)
    (z,) = made
    assert z.grad_fn is not None
    assert z.grad_fn._sequence_nr() == 0
    for roots in ([], [z.grad_fn]):
        ages = Ages(walk_graph(roots, at_most=100), deadline_ns=FOREVER)
        assert len(set(numbers(ages, y, z))) == 1


def test_old_nodes_below_are_those_that_were_made_before():
    w = torch.ones(3, requires_grad=True)
    total = (w * 2).sum()
    assert total.grad_fn is not None
    before = total.grad_fn._sequence_nr() + 1
    total = total + (w * 2).sum()
    ages = Ages(Graph(), deadline_ns=FOREVER)
    assert total.grad_fn is not None
    top = ages.number(total.grad_fn)
    assert len(ages.old_below(top, before)) == 2  # the first product and its sum; no AccumulateGrad
    assert ages.old_below(top, 0) == []
    first = ages.number(total.grad_fn.next_functions[0][0])  # pyright: ignore[reportArgumentType]
    assert ages.is_below(first, top)
    assert not ages.is_below(top, first)


def test_a_deadline_leaves_nodes_out_and_says_so():
    value = torch.ones(3, requires_grad=True)
    for _ in range(2_000):
        value = value + 1
    ages = Ages(Graph(), deadline_ns=time.perf_counter_ns())
    assert value.grad_fn is not None
    ages.number(value.grad_fn)
    assert ages.cut > 0
