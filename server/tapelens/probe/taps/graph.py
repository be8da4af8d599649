"""The graph below a backward's roots, walked without disturbing it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..landings import land, let_go

if TYPE_CHECKING:
    import torch

Place = TypeVar("Place")
"""A node, or its row."""

AT_MOST = 20_000
ACCUMULATES = "AccumulateGrad"


class Roots(NamedTuple):
    """Where a call into the engine begins.

    Attributes:
        nodes: Without the roots that are leaves, which have none.
        outputs: Which output of its node each one is.
        has_leaf: A root is itself a leaf.
    """

    nodes: list[torch.autograd.graph.Node]
    outputs: list[int]
    has_leaf: bool


class Walked(NamedTuple):
    """Nodes of a graph; ``whole`` when these are all."""

    nodes: list[torch.autograd.graph.Node]
    whole: bool


def roots_of(outputs: object) -> Roots:
    """The roots of a call.

    The engine reads ``grad_fn`` of each root itself as it begins, so reading it just before moves
    nothing that would not move. A root that refuses (one of several outputs, changed in place) has it
    refuse in the same words.
    """
    torch = sys.modules["torch"]
    items = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    roots = Roots([], [], has_leaf=False)
    with torch._C.DisableTorchFunction():
        for item in items:
            is_tensor = isinstance(item, torch.Tensor)
            try:
                node = item.grad_fn if is_tensor else getattr(item, "node", None)
            except RuntimeError:
                continue
            if node is not None:
                roots.nodes.append(node)
                roots.outputs.append(int(item.output_nr))  # a GradientEdge has it too
            elif is_tensor:
                roots = roots._replace(has_leaf=True)
    return roots


def root_nodes(outputs: object) -> list[torch.autograd.graph.Node]:
    """The nodes that a call into the engine begins at; leaves among the roots have none."""
    return roots_of(outputs).nodes


def walk(roots: Iterable[torch.autograd.graph.Node], *, at_most: int = AT_MOST) -> Walked:
    """Nodes from the roots on, breadth first. Drop them before the program goes on.

    NOTE [hold nodes while walking]: PyTorch makes a node's Python object on demand; it is its own
    identity only while someone keeps it. This dict does.
    """
    let_go()
    order = list(dict.fromkeys(roots))
    seen = set(order)
    whole = True
    for node in order:  # grows while we walk it
        for target, _ in node.next_functions:
            if target is not None and target not in seen:
                if len(order) >= at_most:
                    whole = False
                    continue
                seen.add(target)
                order.append(target)
    land(order)
    return Walked(order, whole)


def leaves(nodes: Iterable[torch.autograd.graph.Node]) -> list[torch.Tensor]:
    """The leaves that these nodes accumulate into."""
    with sys.modules["torch"]._C.DisableTorchFunction():
        return [node.variable for node in nodes if type(node).__name__ == ACCUMULATES]


def leading_to(nodes: list[torch.autograd.graph.Node], inputs: Iterable[object]) -> set[torch.autograd.graph.Node]:
    """Of a walked graph's nodes those through which gradients of these tensors, or edges, come."""
    torch = sys.modules["torch"]
    ends: set[torch.autograd.graph.Node] = set()
    tensors: set[int] = set()
    with torch._C.DisableTorchFunction():
        for each in inputs:
            node = each.grad_fn if isinstance(each, torch.Tensor) else getattr(each, "node", None)
            if node is None:
                tensors.add(id(each))
            else:
                ends.add(node)
        ends.update(node for node in nodes if type(node).__name__ == ACCUMULATES and id(node.variable) in tensors)
    return upwards(ends, ((node, target) for node in nodes for target, _ in node.next_functions if target is not None))


def upwards(below: Iterable[Place], edges: Iterable[tuple[Place, Place]]) -> set[Place]:
    """These nodes, or rows, and all from which one of them is reached by edges from user to next."""
    users: dict[Place, list[Place]] = {}
    for source, target in edges:
        users.setdefault(target, []).append(source)
    found = list(below)
    seen = set(found)
    for each in found:  # grows while we walk it
        for user in users.get(each, ()):
            if user not in seen:
                seen.add(user)
                found.append(user)
    return seen
