"""Leaves that nobody can name any more, since a result of them has their place."""

from __future__ import annotations

from .flow.values import Node, Tensor


def lost_leaf(tensor: Tensor) -> Tensor | None:
    """The leaf that a non-leaf stands for: it had the same name, or never had one."""
    if tensor.lost is not None:
        return tensor.lost
    if tensor.leaf is not False or tensor.node is None:
        return None
    node: Node = tensor.node
    while node.leaf is None:
        if len(node.parents) != 1 or node.module is not None:
            return None
        node = node.parents[0]
    return node.leaf if not node.leaf.name and node.leaf.module is None else None
