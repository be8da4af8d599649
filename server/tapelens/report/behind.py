"""Which leaves stand behind a tensor: where backward passes its gradient on to."""

from __future__ import annotations

from ..store.rows import TensorRow
from ..wire.snapshot import Snapshot

LEAVES_NAMED = 5


class Behind:
    """Walks one snapshot's edges from a node towards the leaves."""

    def __init__(self, snapshot: Snapshot, tensors: list[TensorRow]) -> None:
        self._tensors = tensors
        self._leaf_of = snapshot.nodes.leaf
        self._next: dict[int, list[int]] = {}
        for source, target in zip(snapshot.edges.source, snapshot.edges.target, strict=True):
            self._next.setdefault(source, []).append(target)

    def leaves(self, node: int) -> list[TensorRow]:
        """Leaves below a node row, nearest first, at most ``LEAVES_NAMED`` and one."""
        seen = {node}
        order = [node]
        found: list[TensorRow] = []
        for row in order:  # grows while we walk it
            leaf = self._leaf_of[row] if row < len(self._leaf_of) else -1
            if 0 <= leaf < len(self._tensors):
                found.append(self._tensors[leaf])
                if len(found) > LEAVES_NAMED:
                    break
            for target in self._next.get(row, ()):
                if target not in seen:
                    seen.add(target)
                    order.append(target)
        return found
