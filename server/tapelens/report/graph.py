"""What to call a node, and a graph folded by module, for text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ..store.rows import NodeRow, TensorRow
from ..wire.snapshot import Snapshot
from .wording import listed

OPERATIONS_NAMED = 4


class Labels:
    """Names nodes by the tensors that they stand for, else by their place on the tape."""

    def __init__(self, nodes: Sequence[NodeRow], tensors: Sequence[TensorRow]) -> None:
        names: dict[int, list[str]] = {}
        for tensor in tensors:
            if tensor.node is not None:
                names.setdefault(tensor.node, []).append(tensor.name)
        self._names = names
        self._nodes = nodes
        self._rows = {node.key: node.row for node in nodes}

    def tensors(self, row: int) -> str:
        """The tensors that a node made, or whose leaf it stands for; empty without one."""
        return ", ".join(self._names.get(row, ()))

    def node(self, row: int) -> str:
        """A short name to point at a node with."""
        return self.tensors(row) or f"#{row + 1}"

    def by_key(self, key: int) -> str:
        """Type and name of a node that a message speaks of."""
        row = self._rows.get(key)
        if row is None:
            return f"node {key}"
        name = self.tensors(row)
        return f"{self._nodes[row].name} ({name})" if name else f"{self._nodes[row].name} #{row + 1}"


def nexts(snapshot: Snapshot) -> dict[int, list[int]]:
    """Node rows that each node's edges lead to, in the order of ``next_functions``."""
    found: dict[int, list[int]] = {}
    for source, target in zip(snapshot.edges.source, snapshot.edges.target, strict=True):
        found.setdefault(source, []).append(target)
    return found


@dataclass(frozen=True, kw_only=True)
class Group:
    """Neighbours on the tape that one module made; ``module`` is None where none is known."""

    module: str | None
    nodes: list[NodeRow] = field(default_factory=list[NodeRow])

    @property
    def saved_bytes(self) -> int:
        """Of all its nodes, as far as they are known."""
        return sum(node.saved_bytes or 0 for node in self.nodes)

    @property
    def operations(self) -> str:
        """``mm x4, relu x2``: the operations without what the engine appends to their names."""
        counts = Counter(operation(node) for node in self.nodes if node.leaf is None)
        named = [name if times == 1 else f"{name} x{times}" for name, times in counts.most_common()]
        leaves = sum(node.leaf is not None for node in self.nodes)
        on = f"{leaves} leaves" if leaves > 1 else "a leaf"
        operations = listed(named, at_most=OPERATIONS_NAMED)
        if not operations:
            return on
        return f"{operations}, on {on}" if leaves else operations


def operation(node: NodeRow) -> str:
    """``Addmm`` for ``AddmmBackward0``."""
    head, found, tail = node.name.rpartition("Backward")
    return head if found and (not tail or tail.isdigit()) and head else node.name


def groups(nodes: Sequence[NodeRow]) -> list[Group]:
    """The tape in stretches of one module each; a leaf belongs to the node that first uses it, which follows."""
    modules: list[str | None] = []
    user: str | None = None
    for node in reversed(nodes):
        user = node.module if node.leaf is None else user
        modules.append(user)
    modules.reverse()
    stretches = groupby(zip(modules, nodes, strict=True), key=lambda pair: pair[0])
    return [Group(module=module, nodes=[node for _, node in stretch]) for module, stretch in stretches]
