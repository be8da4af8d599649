"""A watched backward beside what ``torch.autograd.grad`` says of the same graph."""

# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch.autograd.graph import GradientEdge, Node

from tapelens.probe.capture.gradients import hooked_outputs
from tapelens.probe.capture.reading import read_tensor
from tapelens.probe.keys import key_of
from tapelens.wire.gradients import Gradients
from tapelens.wire.numbers import Number

from .conftest import Recording


def watch(seen: Recording, root: torch.Tensor, *hooked: torch.Tensor, **kwargs: Any) -> Gradients:
    """Run a backward as after a stop that saw the ``hooked`` tensors."""
    arm(seen, *hooked)
    root.backward(**kwargs)
    return seen.gradients.pop()


def arm(seen: Recording, *hooked: torch.Tensor) -> None:
    """A stop that saw these tensors."""
    seen.taps.watch.note_hooked(hooked_outputs([read_tensor(tensor) for tensor in hooked]))
    seen.taps.watch.arm(4)


def walked(root: torch.Tensor) -> list[Node]:
    """Every node below a root; an independent walk."""
    assert root.grad_fn is not None
    nodes = [root.grad_fn]
    for node in nodes:  # grows
        nodes += [target for target, _ in node.next_functions if target is not None and target not in nodes]
    return nodes


@dataclass(frozen=True)
class Numbers:
    """What one row of statistics says."""

    norm: Number
    first: tuple[Number, ...]
    odd: tuple[int, int]


def numbers(message: Gradients, row: int) -> Numbers | None:
    """A row's numbers; None where there is none."""
    if row < 0:
        return None
    statistics = message.statistics
    return Numbers(statistics.norm[row], statistics.first[row], (statistics.nan[row], statistics.inf[row]))


def first(message: Gradients, row: int) -> tuple[Number, ...] | None:
    """First values of a row of statistics."""
    found = numbers(message, row)
    return None if found is None else found.first


def exact_arrivals(root: torch.Tensor) -> dict[tuple[int, int], torch.Tensor]:
    """What ``torch.autograd.grad`` gives for each output of each node, by key of the node."""
    ways = {(node, nr) for source in walked(root) for node, nr in source.next_functions if node is not None}
    ordered = sorted(ways, key=lambda way: (key_of(way[0]), way[1]))
    edges = [GradientEdge(node, nr) for node, nr in ordered]
    gradients = torch.autograd.grad(root, edges, retain_graph=True, allow_unused=True)
    return {
        (key_of(node), nr): gradient
        for (node, nr), gradient in zip(ordered, gradients, strict=True)
        if gradient is not None  # pyright: ignore[reportUnnecessaryComparison] (allow_unused)
    }


def agrees(found: Numbers | None, exact: torch.Tensor) -> bool:
    """To six digits."""
    assert found is not None
    values = exact.detach().reshape(-1)
    values = values.abs() if values.is_complex() else values
    close = [float(found.norm)] == pytest.approx([values.double().norm().item()], rel=1e-5, abs=1e-12)
    listed = [float(value) for value in found.first]
    return close and listed == pytest.approx(values[: len(listed)].tolist(), rel=1e-5, abs=1e-12)


def check_flow(seen: Recording, root: torch.Tensor) -> Gradients:
    """Arrivals are those of ``autograd.grad``; what came along the edges adds up to them."""
    assert root.grad_fn is not None
    begin = key_of(root.grad_fn)
    exact = exact_arrivals(root)
    sources = {key_of(node): len(node.next_functions) for node in walked(root)}
    message = watch(seen, root, retain_graph=True)
    nodes = message.nodes
    arrived = {
        (key, nr): numbers(message, row)
        for key, nr, row in zip(nodes.key, nodes.output_nr, nodes.statistics, strict=True)
    }
    assert len(arrived) == len(nodes.key)
    below = {way: found for way, found in arrived.items() if way[0] != begin}
    assert below.keys() >= exact.keys()
    for way, gradient in exact.items():
        assert agrees(arrived[way], gradient), way
    parts: dict[tuple[int, int], list[Numbers | None]] = {}
    edges = message.edges
    for source, position, target, nr, row in zip(
        edges.source, edges.position, edges.target, edges.input_nr, edges.statistics, strict=True
    ):
        assert position < sources[source]
        parts.setdefault((target, nr), []).append(numbers(message, row))
    assert parts.keys() == below.keys()
    for way, came in parts.items():
        whole = arrived[way]
        assert whole is not None
        if len(came) == 1:
            assert came[0] == whole
        elif way in exact and not exact[way].is_complex() and whole.first:
            added = [math.fsum(float(part.first[i]) for part in came if part) for i in range(len(whole.first))]
            assert added == pytest.approx([float(value) for value in whole.first], rel=1e-4, abs=1e-6)
    assert message.left_out == 0
    return message
