"""The graph below a backward's roots, walked without disturbing it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..landings import land, let_go

if TYPE_CHECKING:
    import torch

AT_MOST = 20_000


def root_nodes(outputs: object) -> list[torch.autograd.graph.Node]:
    """The nodes that a call into the engine begins at; leaves among the roots have none.

    The engine reads ``grad_fn`` of each root itself as it begins, so reading it just before moves
    nothing that would not move.
    """
    torch = sys.modules["torch"]
    items = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    nodes: list[torch.autograd.graph.Node] = []
    with torch._C.DisableTorchFunction():
        for item in items:
            node = item.grad_fn if isinstance(item, torch.Tensor) else getattr(item, "node", None)
            if node is not None:
                nodes.append(node)
    return nodes


def walk(roots: Iterable[torch.autograd.graph.Node], *, at_most: int = AT_MOST) -> list[torch.autograd.graph.Node]:
    """Nodes from the roots on, breadth first. Drop the list before the program goes on.

    NOTE [hold nodes while walking]: PyTorch makes a node's Python object on demand; it is its own
    identity only while someone keeps it. This dict does.
    """
    let_go()
    order = list(dict.fromkeys(roots))
    seen = set(order)
    for node in order:  # grows while we walk it
        for target, _ in node.next_functions:
            if target is not None and target not in seen and len(order) < at_most:
                seen.add(target)
                order.append(target)
    land(order)
    return order


def leaves(nodes: Iterable[torch.autograd.graph.Node]) -> list[torch.Tensor]:
    """The leaves that these nodes accumulate into."""
    with sys.modules["torch"]._C.DisableTorchFunction():
        return [node.variable for node in nodes if type(node).__name__ == "AccumulateGrad"]
